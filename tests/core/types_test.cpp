// SPDX-License-Identifier: MIT
#include "wsym/core/types.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace wsym;

TEST_CASE("Real: float and double, nothing else") {
  static_assert(Real<float> && Real<double>);
  static_assert(!Real<int> && !Real<long double> && !Real<const float> && !Real<float&>);
  static_assert(std::is_signed_v<Index> && std::same_as<Index, Eigen::Index>);
}

TEST_CASE_TEMPLATE("MatMap: rows follow each other in memory", T, float, double) {
  std::array<T, 6> memory{0, 1, 2, 3, 4, 5};
  MatMap<T> m(memory.data(), 2, 3);
  CHECK(m(0, 2) == 2);
  CHECK(m(1, 0) == 3);
  m(1, 2) = 9;
  CHECK(memory[5] == 9);
  CHECK(ConstMatMap<T>(memory.data(), 3, 2)(2, 1) == 9);
  CHECK(ArrayMap<T>(memory.data(), 6)(5) == 9);
  CHECK(ConstArrayMap<T>(memory.data() + 1, 2)(1) == 2);
}
