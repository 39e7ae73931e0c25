// SPDX-License-Identifier: MIT
#include "wsym/metrics/averaging.hpp"

#include <doctest/doctest.h>

#include "wsym/core/random.hpp"

using wsym::Index;
using wsym::Shape;
using wsym::ShapeError;
using wsym::Tensor;
using Labels = std::vector<std::int32_t>;

namespace {
template <class T> std::vector<Tensor<T>> random_members(std::size_t count, Shape shape) {
  std::vector<Tensor<T>> members;
  for (std::size_t m = 0; m < count; ++m) {
    Tensor<T>& member = members.emplace_back(shape);
    for (Index i = 0; i < member.size(); ++i) member[i] = static_cast<T>(2 * wsym::Key(9).child(m).normal(i));
  }
  return members;
}
template <class T> std::vector<Tensor<T>> oracle_members() {
  return {Tensor<T>({1, 2}, {T(6), T(0)}), Tensor<T>({1, 2}, {T(0), T(2)}), Tensor<T>({1, 2}, {T(0), T(2)})};
}
}  // namespace

TEST_CASE_TEMPLATE("averaging: oracle 8.9, logits choose class 0 and probabilities class 1", T, float, double) {
  const auto members = oracle_members<T>();
  const Tensor<T> logits = wsym::mean_outputs<T>(members);
  CHECK(logits[0] == T(2));
  CHECK(double{logits[1]} == doctest::Approx(4.0 / 3));
  CHECK(wsym::argmax(logits) == Labels{0});
  const Tensor<T> log_p = wsym::log_mean_probabilities<T>(members);
  CHECK(std::exp(double{log_p[0]}) == doctest::Approx(0.411978).epsilon(2e-6));
  CHECK(std::exp(double{log_p[1]}) == doctest::Approx(0.588022).epsilon(2e-6));
  CHECK(wsym::argmax(log_p) == Labels{1});
}

TEST_CASE_TEMPLATE("averaging: one member, or copies of it, predict what it predicts", T, float, double) {
  const auto one = random_members<T>(1, {17, 5});
  CHECK(same_bits(wsym::mean_outputs<T>(one), one[0]));
  const std::vector<Tensor<T>> copies(3, one[0]);
  const Tensor<T> mean = wsym::mean_outputs<T>(copies), log_p = wsym::log_mean_probabilities<T>(copies);
  const Labels labels(17, 2);
  CHECK(wsym::nll_from_logits(mean, labels) == doctest::Approx(wsym::nll_from_logits(one[0], labels)));
  CHECK(wsym::nll_from_logits(log_p, labels) == doctest::Approx(wsym::nll_from_logits(one[0], labels)).epsilon(1e-6));
  CHECK(wsym::argmax(log_p) == wsym::argmax(one[0]));
}

TEST_CASE_TEMPLATE("averaging: averaged probabilities sum to 1 and equal the plain sum of softmaxes", T, float,
                   double) {
  const auto members = random_members<T>(4, {16, 7});
  const Tensor<T> log_p = wsym::log_mean_probabilities<T>(members);
  double worst = 0;
  for (Index row = 0; row < 16; ++row) {
    double total = 0;
    for (Index c = 0; c < 7; ++c) {
      double p = 0;
      for (const auto& member : members) {
        double sum = 0;
        for (Index k = 0; k < 7; ++k) sum += std::exp(double{member(row, k)});
        p += std::exp(double{member(row, c)}) / sum / 4;
      }
      worst = std::max(worst, std::abs(std::exp(double{log_p(row, c)}) - p));
      total += std::exp(double{log_p(row, c)});
    }
    CHECK(total == doctest::Approx(1).epsilon(1e-6));
  }
  CHECK(worst < (std::is_same_v<T, float> ? 1e-6 : 1e-14));
}

TEST_CASE("averaging: probabilities far below the smallest float keep their logarithm") {
  const std::vector<Tensor<float>> members{Tensor<float>({1, 2}, {0.0f, 1000.0f}),
                                           Tensor<float>({1, 2}, {0.0f, 1002.0f})};
  CHECK(double{wsym::log_mean_probabilities<float>(members)[0]} ==
        doctest::Approx(-1000 + std::log((1 + std::exp(-2.0)) / 2)));
}

TEST_CASE_TEMPLATE("averaging: a class to which no member gives anything has the logarithm -inf", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  const std::vector<Tensor<T>> members{Tensor<T>({1, 3}, {T(0), -infinity, T(0)}),
                                       Tensor<T>({1, 3}, {T(1), -infinity, -infinity})};
  const Tensor<T> log_p = wsym::log_mean_probabilities<T>(members);
  CHECK(double{log_p[0]} == doctest::Approx(std::log(0.75)));
  CHECK(log_p[1] == -infinity);
  CHECK(double{log_p[2]} == doctest::Approx(std::log(0.25)));
}

TEST_CASE_TEMPLATE("averaging: a shift of a member's logits, however large, changes no bit of the probabilities", T,
                   float, double) {
  const Tensor<T> a({2, 2}, {0, 0, 8, 0}), b({2, 2}, {T(-16), 0, 0, T(-64)});
  for (const T shift : {T(1e4), T(-1e6), T(1e8)}) {
    Tensor<T> far = a;
    far.array() += shift;  // exact
    const std::vector<Tensor<T>> shifted{far, b}, plain{a, b};
    CHECK(same_bits(log_mean_probabilities<T>(shifted), log_mean_probabilities<T>(plain)));
  }
}

TEST_CASE("averaging: a member's NaN gives NaN in its row alone") {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const std::vector<Tensor<double>> members{Tensor<double>({2, 2}, {0, -infinity, 0, 0}),
                                            Tensor<double>({2, 2}, {nan, 0, 0, 0})};
  const Tensor<double> mean = log_mean_probabilities<double>(members);
  CHECK((std::isnan(mean(0, 0)) && std::isnan(mean(0, 1))));
  CHECK((mean(1, 0) == mean(1, 1) && std::isfinite(mean(1, 0))));
}

TEST_CASE("averaging: rows are independent of each other, bit for bit") {
  const auto members = random_members<float>(5, {9, 3});
  const Tensor<float> mean = wsym::mean_outputs<float>(members), log_p = wsym::log_mean_probabilities<float>(members);
  for (Index row = 0; row < 9; ++row) {
    std::vector<Tensor<float>> alone;
    for (const auto& member : members)
      alone.emplace_back(Shape{1, 3}, member.span().subspan(static_cast<std::size_t>(row) * 3, 3));
    for (Index c = 0; c < 3; ++c) {
      CHECK(wsym::mean_outputs<float>(alone)[c] == mean(row, c));
      CHECK(wsym::log_mean_probabilities<float>(alone)[c] == log_p(row, c));
    }
  }
}

TEST_CASE("averaging: no members or unlike ones are an error") {
  const std::vector<Tensor<float>> none, unlike{Tensor<float>({2, 3}), Tensor<float>({3, 2})};
  CHECK_THROWS_WITH_AS(wsym::mean_outputs<float>(none), "mean_outputs: no members; at least one is needed",
                       wsym::ConfigError);
  CHECK_THROWS_WITH_AS(
      wsym::log_mean_probabilities<float>(unlike),
      "log_mean_probabilities: member 0 is (2, 3) but member 1 is (3, 2); they need one shape with columns",
      ShapeError);
}
