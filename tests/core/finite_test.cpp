// SPDX-License-Identifier: MIT
#include "wsym/core/finite.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace wsym;

TEST_CASE_TEMPLATE("first_not_finite: finds NaN and both infinities, wherever they stand", T, float, double) {
  using Limits = std::numeric_limits<T>;
  for (const std::size_t size : {1u, 3u, 63u, 1023u, 1024u, 1025u, 5000u}) {
    std::vector<T> values(size, Limits::max());
    values[0] = -Limits::max(), values[size / 2] = Limits::denorm_min();
    CHECK(first_not_finite<T>(values) == -1);
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1})
      for (const T bad : {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
        std::vector<T> spoilt = values;
        spoilt[at] = bad, spoilt[size - 1] = at == size - 1 ? bad : Limits::infinity();
        CHECK(first_not_finite<T>(spoilt) == static_cast<Index>(at));
      }
  }
  CHECK(first_not_finite(std::span<const T>()) == -1);
}

TEST_CASE("holds: float refuses what would become infinite or 0") {
  CHECK((holds<float>(0) && holds<float>(-0.0) && holds<float>(3e38) && holds<float>(-3e38) && holds<float>(1e-45)));
  for (const double x : {1e39, -1e39, 1e-46, -1e-46}) CHECK((!holds<float>(x) && holds<double>(x)));
  for (const double x : {std::nan(""), HUGE_VAL, -HUGE_VAL}) CHECK((!holds<float>(x) && !holds<double>(x)));
}
