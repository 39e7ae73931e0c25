// SPDX-License-Identifier: MIT
#include "wsym/data/mixup.hpp"

#include "support.hpp"

using namespace wsym;

namespace {
/// The mean and variance of the share over many keys.
std::pair<double, double> moments(double alpha, std::uint64_t draws) {
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double share = mixup_share(alpha, Key(7).child(i));
    sum += share;
    squares += share * share;
  }
  const double mean = sum / static_cast<double>(draws);
  return {mean, squares / static_cast<double>(draws) - mean * mean};
}

/// E max(b, 1 - b) and E max(b, 1 - b)^2 for b ~ Beta(alpha, alpha), by the midpoint rule after b = sin^2(u).
std::pair<double, double> expected_moments(double alpha) {
  double weight = 0, first = 0, second = 0;
  const int steps = 200000;
  for (int i = 0; i < steps; ++i) {
    const double u = (i + 0.5) / steps * std::numbers::pi / 2, b = std::sin(u) * std::sin(u);
    const double density = std::pow(std::sin(u) * std::cos(u), 2 * alpha - 1), share = std::max(b, 1 - b);
    weight += density;
    first += density * share;
    second += density * share * share;
  }
  return {first / weight, second / weight - first * first / weight / weight};
}
}  // namespace

TEST_CASE("mixup: shares have the mean and variance of the larger part of a Beta number") {
  const std::uint64_t draws = 20000;
  for (const double alpha : {0.5, 1.0, 4.0}) {  // below 0.5 the integral has a pole
    CAPTURE(alpha);
    const auto [mean, variance] = moments(alpha, draws);
    const auto [expected, spread] = expected_moments(alpha);
    CHECK(std::abs(mean - expected) < 5 * std::sqrt(spread / static_cast<double>(draws)));
    CHECK(std::abs(variance - spread) < 0.05 * spread);  // five standard errors, sqrt(2 / draws) = 0.01 each
  }
}

TEST_CASE("mixup: shares lie in [1/2, 1]; alpha = 0 mixes nothing, a tiny one hardly, a large one halves") {
  for (const double alpha : {1e-4, 0.2, 1.0, 30.0})
    for (std::uint64_t i = 0; i < 200; ++i) {
      const double share = mixup_share(alpha, Key(1).child(i));
      REQUIRE((share >= 0.5 && share <= 1));
    }
  CHECK(mixup_share(0, Key(1)) == 1);
  CHECK(moments(1e-4, 1000).first > 0.999);
  for (const double alpha : {1e-300, 1e-310, 5e-324})
    for (std::uint64_t i = 0; i < 20; ++i) CHECK(mixup_share(alpha, Key(1).child(i)) == 1);
  CHECK(moments(1e6, 1000).first < 0.501);
}

TEST_CASE_TEMPLATE("mixup: every row is mixed with the next, the last with the first", T, float, double) {
  const std::vector<T> from{1, 10, 2, 20, 4, 40}, shares{1, T(0.75), T(0.5)};
  std::vector<T> into(6);
  mixup<T>(from, 2, shares, into);
  CHECK(into == std::vector<T>{1, 10, T(2.5), 25, T(2.5), 25});
}

TEST_CASE_TEMPLATE("mixup: one row alone stays, and a share of 1 changes no bit", T, float, double) {
  const Tensor<T> x = test::random_tensor<T>({5, 7}, Key(1));
  std::vector<T> shares(5);
  mixup_shares<T>(0, true, Key(1), shares);
  Tensor<T> into({5, 7});
  mixup<T>(x.span(), 7, shares, into.span());
  CHECK(same_bits(into, x));
  const std::vector<T> half{T(0.5)};
  std::vector<T> alone(7);
  mixup<T>(std::span(x.data(), 7), 7, half, alone);
  for (Index j = 0; j < 7; ++j) CHECK(alone[static_cast<std::size_t>(j)] == x[j]);
}

TEST_CASE_TEMPLATE("mixup: one share for the batch, or one a row, from the key alone", T, float, double) {
  std::vector<T> common(6), by_row(6), again(6);
  mixup_shares<T>(0.5, false, Key(3), common);
  mixup_shares<T>(0.5, true, Key(3), by_row);
  mixup_shares<T>(0.5, true, Key(3), again);
  for (const T share : common) CHECK(share == common[0]);
  CHECK(std::adjacent_find(by_row.begin(), by_row.end()) == by_row.end());
  CHECK(by_row == again);
}

TEST_CASE("mixup: what cannot be mixed is refused") {
  CHECK_THROWS_WITH_AS(mixup_share(-1, Key(1)), "mixup_share: alpha -1; it is finite and not negative", ConfigError);
  for (const double bad : {std::nan(""), HUGE_VAL}) CHECK_THROWS_AS(mixup_share(bad, Key(1)), ConfigError);
  std::vector<float> x(6), shares(2), into(5);
  CHECK_THROWS_WITH_AS(mixup<float>(x, 3, shares, into), "mixup: 2 shares for 6 numbers in rows of 3, into room for 5",
                       ShapeError);
  CHECK_THROWS_AS(mixup<float>(x, 2, shares, std::span<float>(x)), ShapeError);
}
