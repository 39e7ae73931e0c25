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

TEST_CASE("options: kernels_only goes by the name too, so that members' scales and biases stay out") {
  const ParameterPredicate chosen = kernels_only();
  CHECK(chosen("weight", Shape{3, 4}));
  CHECK(chosen("layers.0.weight", Shape{2, 3, 4}));
  CHECK_FALSE(chosen("layers.0.scale_in", Shape{2, 4}));
  CHECK_FALSE(chosen("layers.0.bias", Shape{2, 4}));
  CHECK_FALSE(chosen("layers.0.weight", Shape{4}));
  CHECK_FALSE(chosen("halfweight", Shape{3, 4}));
}
