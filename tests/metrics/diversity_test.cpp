// SPDX-License-Identifier: MIT
#include "wsym/metrics/diversity.hpp"

#include <doctest/doctest.h>

#include "wsym/core/random.hpp"

using wsym::ConfigError;
using wsym::Index;
using wsym::LossParts;
using wsym::Shape;
using wsym::ShapeError;
using wsym::Tensor;
using Labels = std::vector<std::int32_t>;

namespace {
template <class T> std::vector<Tensor<T>> random_members(std::size_t count, Shape shape) {
  std::vector<Tensor<T>> members;
  for (std::size_t m = 0; m < count; ++m) {
    Tensor<T>& member = members.emplace_back(shape);
    for (Index i = 0; i < member.size(); ++i)
      member[i] = static_cast<T>(2 * wsym::Key(5).child(m).normal(static_cast<std::uint64_t>(i)));
  }
  return members;
}
}  // namespace

TEST_CASE_TEMPLATE("ambiguity: oracle 8.10, outputs 1, 2, 4 and target 1.5", T, float, double) {
  const std::vector<Tensor<T>> members{Tensor<T>({1, 1}, T(1)), Tensor<T>({1, 1}, T(2)), Tensor<T>({1, 1}, T(4))};
  const LossParts parts = wsym::ambiguity<T>(members, Tensor<T>({1, 1}, T(1.5)));
  CHECK(parts.ensemble == doctest::Approx(0.694444).epsilon(1e-6));
  CHECK(parts.mean_member == doctest::Approx(2.25));
  CHECK(parts.diversity == doctest::Approx(1.555556).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("ambiguity: the identity holds for any members, and agrees with the metrics", T, float, double) {
  for (const Shape shape : {Shape{1, 1}, Shape{33, 1}, Shape{7, 4}}) {
    const auto members = random_members<T>(5, shape);
    const Tensor<T> target = random_members<T>(6, shape)[5];
    const LossParts parts = wsym::ambiguity<T>(members, target);
    CHECK(parts.ensemble == doctest::Approx(parts.mean_member - parts.diversity).epsilon(1e-12));
    CHECK(parts.diversity > 0);
    CHECK(parts.ensemble == doctest::Approx(wsym::mse(wsym::mean_outputs<T>(members), target)).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("logit_averaging: oracle 8.11, both classes", T, float, double) {
  const std::vector<Tensor<T>> members{Tensor<T>({1, 2}, {T(6), T(0)}), Tensor<T>({1, 2}, {T(0), T(2)}),
                                       Tensor<T>({1, 2}, {T(0), T(2)})};
  const LossParts zero = wsym::logit_averaging<T>(members, Labels{0});
  CHECK(zero.ensemble == doctest::Approx(0.414370086852).epsilon(1e-11));
  CHECK(zero.mean_member == doctest::Approx(1.418777235741).epsilon(1e-11));
  CHECK(zero.diversity == doctest::Approx(1.004407148889).epsilon(1e-11));
  const LossParts one = wsym::logit_averaging<T>(members, Labels{1});
  CHECK(one.ensemble == doctest::Approx(1.081036753519).epsilon(1e-11));
  CHECK(one.mean_member == doctest::Approx(2.085443902408).epsilon(1e-11));
  CHECK(one.diversity == doctest::Approx(1.004407148889).epsilon(1e-11));
}

TEST_CASE_TEMPLATE("logit_averaging: the identity holds for any members, and agrees with the metrics", T, float,
                   double) {
  const auto members = random_members<T>(4, {17, 3});
  Labels labels;
  for (int i = 0; i < 17; ++i) labels.push_back(i % 3);
  const LossParts parts = wsym::logit_averaging<T>(members, labels);
  CHECK(parts.ensemble == doctest::Approx(parts.mean_member - parts.diversity).epsilon(1e-12));
  CHECK(parts.diversity > 0);
  CHECK(parts.ensemble == doctest::Approx(wsym::nll_from_logits(wsym::mean_outputs<T>(members), labels)).epsilon(1e-6));
  double mean = 0;
  for (const auto& member : members) mean += wsym::nll_from_logits(member, labels) / 4;
  CHECK(parts.mean_member == doctest::Approx(mean));
}

TEST_CASE_TEMPLATE("diversity: copies of one member have none", T, float, double) {
  const std::vector<Tensor<T>> copies(4, random_members<T>(1, {9, 3})[0]);
  CHECK(wsym::ambiguity<T>(copies, Tensor<T>({9, 3})).diversity == 0);
  CHECK(std::abs(wsym::logit_averaging<T>(copies, Labels(9, 1)).diversity) < 1e-14);
  CHECK(wsym::disagreement<T>(copies) == 0);
}

TEST_CASE_TEMPLATE("disagreement: it is the mean over pairs, and is 1 when no two ever agree", T, float, double) {
  const auto votes = [](std::initializer_list<Index> classes) {
    Tensor<T> scores({static_cast<Index>(classes.size()), 3});
    Index row = 0;
    for (const Index c : classes) scores(row++, c) = T(1);
    return scores;
  };
  CHECK(wsym::disagreement<T>(std::vector{votes({0, 1, 2, 0}), votes({0, 1, 2, 1})}) == 0.25);
  CHECK(wsym::disagreement<T>(std::vector{votes({0, 1}), votes({1, 2}), votes({2, 0})}) == 1);
  // pairs: 1/2, 1/2 and 1 of the rows
  CHECK(wsym::disagreement<T>(std::vector{votes({0, 0}), votes({0, 1}), votes({1, 0})}) == doctest::Approx(2.0 / 3));
}

TEST_CASE("disagreement: it equals the count pair by pair") {
  const auto members = random_members<double>(6, {31, 4});
  double sum = 0;
  for (std::size_t a = 0; a < 6; ++a)
    for (std::size_t b = 0; b < a; ++b) sum += wsym::error_rate(members[a], wsym::argmax(members[b]));
  CHECK(wsym::disagreement<double>(members) == doctest::Approx(sum / 15));
}

TEST_CASE("diversity: wrong sizes are an error") {
  const std::vector<Tensor<float>> none, one(1, Tensor<float>({2, 3})), two(2, Tensor<float>({0, 3}));
  CHECK_THROWS_WITH_AS(wsym::ambiguity<float>(none, Tensor<float>({2, 3})),
                       "ambiguity: no members; at least one is needed", ConfigError);
  CHECK_THROWS_WITH_AS(wsym::ambiguity<float>(one, Tensor<float>({3, 2})),
                       "mse: prediction is (2, 3) but target is (3, 2); they need one shape with at least one entry",
                       ShapeError);
  CHECK_THROWS_WITH_AS(wsym::logit_averaging<float>(one, Labels{0, 5}),
                       "logit_averaging: label 5 in row 1; it needs to be in 0 .. 2", ShapeError);
  CHECK_THROWS_WITH_AS(wsym::disagreement<float>(one), "disagreement: 1 members; at least 2 are needed", ConfigError);
  CHECK_THROWS_WITH_AS(wsym::disagreement<float>(two), "disagreement: members are (0, 3); at least one row is needed",
                       ShapeError);
}
