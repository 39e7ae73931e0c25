// SPDX-License-Identifier: MIT
#include "wsym/data/moments.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace wsym;

namespace {
detail::Moments of(const std::vector<double>& numbers) {
  detail::Moments moments;
  for (const double x : numbers) moments.add(x);
  moments.settle();
  for (const double x : numbers) moments.add_square(x);
  return moments;
}
}  // namespace

TEST_CASE("Moments: mean and population sd of what is known") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK((of({1, 2, 3, 4}).mean() == 2.5 && of({1, 2, 3, 4}).sd() == std::sqrt(1.25)));
  CHECK((of({nan, 1, 3, nan}).mean() == 2 && of({nan, 1, 3, nan}).sd() == 1));
  CHECK((of({}).mean() == 0 && of({}).sd() == 0 && of({nan}).sd() == 0));
}

TEST_CASE("Moments: equal numbers are constant, though their sum is rounded") {
  CHECK((of({0.1, 0.1, 0.1}).mean() == 0.1 && of({0.1, 0.1, 0.1}).sd() == 0));
}

TEST_CASE("Moments: no sum or square overflows or vanishes") {
  const double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::denorm_min();
  CHECK((of({most, most}).mean() == most && of({most, most}).sd() == 0));
  CHECK((of({-most, most}).mean() == 0 && of({-most, most}).sd() == most));
  CHECK(of({0x1p-600, 0x1p-600, -0x1p-600, -0x1p-600}).sd() == 0x1p-600);
  CHECK(of({0x1p600, -0x1p600}).sd() == 0x1p600);
  CHECK(of({-2 * least, 2 * least}).sd() == 2 * least);
}
