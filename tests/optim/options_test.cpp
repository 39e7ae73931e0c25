// SPDX-License-Identifier: MIT
#include "wsym/optim/options.hpp"

#include <doctest/doctest.h>

using namespace wsym;

TEST_CASE("options: weights_only takes what has two axes or more, whatever its name") {
  const ParameterPredicate chosen = weights_only();
  CHECK(chosen("layers.0.weight", Shape{3, 4}));
  CHECK(chosen("bias", Shape{2, 3, 4}));
  CHECK_FALSE(chosen("layers.0.bias", Shape{4}));
  CHECK_FALSE(chosen("weight", Shape{}));
}
