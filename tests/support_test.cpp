// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <Eigen/Core>
#include <array>

using namespace wsym;

TEST_CASE("allocations: counts every way in which the library could reach the heap") {
  const void* volatile kept = nullptr;  // or the compiler may leave the pair of new and delete out
  const auto during = [&](auto&& make) {
    const Index before = test::allocations();
    const auto object = make();
    kept = object.data();
    return test::allocations() - before;
  };
  CHECK(during([] { return std::array<int, 1>{}; }) == 0);
  CHECK(during([] { return std::vector<int>(100); }) == 1);
  CHECK(during([] { return Tensor<float>(Shape{3}); }) == 1);
  CHECK(during([] { return Eigen::MatrixXd(Eigen::MatrixXd::Zero(3, 5)); }) == 1);
  CHECK(kept != nullptr);
}

TEST_CASE("worst_error: sees a wrong entry, a missing one and a NaN") {
  const std::vector<double> a{1, 2, 100}, b{1, 2, 101}, nan{1, NAN, 100};
  CHECK(test::worst_error(a, a) == 0);
  CHECK(test::worst_error(a, b) == doctest::Approx(1.0 / 101));
  CHECK(test::worst_error(a, std::vector<double>{1, 2}) == std::numeric_limits<double>::infinity());
  CHECK(test::worst_error(a, nan) == std::numeric_limits<double>::infinity());
}
