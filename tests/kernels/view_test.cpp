// SPDX-License-Identifier: MIT
#include "wsym/kernels/view.hpp"

#include <doctest/doctest.h>

using namespace wsym;
using kernels::View;

TEST_CASE("View: transposed and block address the same memory") {
  double memory[12];
  for (int i = 0; i < 12; ++i) memory[i] = i;
  const View<double> all{memory, 3, 4, 4};
  CHECK(all(2, 1) == 9);
  CHECK(all.transposed()(1, 2) == 9);
  CHECK(all.transposed().rows == 4);
  CHECK(all.block(1, 1, 2, 3)(1, 0) == 9);
  CHECK(all.transposed().block(1, 1, 3, 2)(0, 1) == 9);
  const View<const double> fixed = all;
  CHECK(&fixed(2, 1) == memory + 9);
}

TEST_CASE("view: of an Eigen map has its shape and memory") {
  float memory[6] = {0, 1, 2, 3, 4, 5};
  CHECK(kernels::view(MatMap<float>(memory, 2, 3))(1, 2) == 5);
  CHECK(kernels::view(ConstMatMap<float>(memory, 3, 2))(1, 1) == 3);
}
