// SPDX-License-Identifier: MIT
#include "wsym/metrics/diversity.hpp"

#include "metrics/members.hpp"

using wsym::ConfigError;
using wsym::Index;
using wsym::LossParts;
using wsym::Shape;
using wsym::ShapeError;
using wsym::Tensor;
using wsym::test::Labels;
using wsym::test::random_members;

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

TEST_CASE_TEMPLATE("diversity: spec 9.5, divergence, cosine and disagreement of two members", T, float, double) {
  const std::vector<Tensor<T>> members = wsym::test::spec_members<T>(), swapped{members[1], members[0]};
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  CHECK(std::abs(wsym::mean_kl<T>(members) - 0.945615670) < tolerance);
  CHECK(std::abs(wsym::mean_kl<T>(swapped) - 0.799619098) < tolerance);
  CHECK(std::abs(wsym::mean_kl<T>(members, wsym::KlKind::symmetric) - 0.872617384) < tolerance);
  CHECK(std::abs(wsym::cosine_similarity<T>(members) - 0.563773517) < tolerance);
  CHECK(wsym::disagreement<T>(members) == 1);
}

TEST_CASE_TEMPLATE("diversity: spec 9.5, the averaged probabilities and their loss", T, float, double) {
  const std::vector<Tensor<T>> members = wsym::test::spec_members<T>();
  const Labels labels{0, 2};
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  const double expected[] = {.537509316, .371363459, .091127225, .225321881, .174604787, .600073333};
  const double member_nll[2][2] = {{.16984602, 1.098612289}, {1.464368784, .142931628}};  // of member and row
  const Tensor<T> log_p = wsym::log_mean_probabilities<T>(members);
  for (Index i = 0; i < 6; ++i) CHECK(std::abs(std::exp(double{log_p[i]}) - expected[i]) < tolerance);
  for (std::size_t m = 0; m < 2; ++m)
    for (Index n = 0; n < 2; ++n) {
      const Tensor<T> row({1, 3}, {members[m](n, 0), members[m](n, 1), members[m](n, 2)});
      const Labels label{labels[static_cast<std::size_t>(n)]};
      CHECK(std::abs(wsym::nll_from_logits(row, label) - member_nll[m][n]) < std::max(tolerance, 1e-8));
    }
  CHECK(std::abs(wsym::nll_from_logits(log_p, labels) - .565756298) < tolerance);
  CHECK(std::abs(wsym::brier_from_logits(log_p, labels) - .300655372) < tolerance);
  CHECK(wsym::error_rate(log_p, labels) == 0);
  CHECK(wsym::normalised_disagreement<T>(members, labels) == doctest::Approx(1e7));
}

TEST_CASE_TEMPLATE("diversity: the averaged probabilities are never worse than the members on average", T, float,
                   double) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto members = random_members<T>(1 + seed % 4, {13, 4}, seed);
    const Labels labels = wsym::test::cycling_labels(13, 4);
    double mean = 0;
    for (const auto& member : members)
      mean += wsym::nll_from_logits(member, labels) / static_cast<double>(members.size());
    const double ensemble = wsym::nll_from_logits(wsym::log_mean_probabilities<T>(members), labels);
    CHECK(ensemble <= mean + 1e-6);
    if (members.size() > 1) CHECK(ensemble < mean);
  }
}

TEST_CASE_TEMPLATE("diversity: equal members have divergence 0 and cosine 1, shifts of a row change nothing", T, float,
                   double) {
  const auto members = random_members<T>(3, {9, 3});
  const std::vector<Tensor<T>> copies(3, members[0]);
  CHECK(wsym::mean_kl<T>(copies) == 0);
  CHECK(wsym::cosine_similarity<T>(copies) == doctest::Approx(1).epsilon(1e-14));
  std::vector<Tensor<T>> moved = members;
  moved[1].array() += T(8);
  CHECK(wsym::mean_kl<T>(moved) == doctest::Approx(wsym::mean_kl<T>(members)).epsilon(1e-5));
  CHECK(wsym::cosine_similarity<T>(moved) == doctest::Approx(wsym::cosine_similarity<T>(members)).epsilon(1e-5));
}

TEST_CASE("diversity: divergence and cosine are means over pairs i < j") {
  const auto members = random_members<double>(3, {9, 3});
  double kl = 0, cosine = 0;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i + 1; j < 3; ++j) {
      const std::vector<Tensor<double>> pair{members[i], members[j]};
      kl += wsym::mean_kl<double>(pair) / 3;
      cosine += wsym::cosine_similarity<double>(pair) / 3;
    }
  CHECK(wsym::mean_kl<double>(members) == doctest::Approx(kl).epsilon(1e-13));
  CHECK(wsym::cosine_similarity<double>(members) == doctest::Approx(cosine).epsilon(1e-13));
}

TEST_CASE_TEMPLATE("diversity: probabilities of 0 give 0, infinity or an angle, and never NaN", T, float, double) {
  const Tensor<T> half = wsym::test::logits_of<T>({1, 3}, {.5, .5, 0}),
                  one = wsym::test::logits_of<T>({1, 3}, {1, 0, 0}),
                  other = wsym::test::logits_of<T>({1, 3}, {0, 0, 1});
  CHECK(wsym::mean_kl<T>(std::vector{one, half}) == doctest::Approx(std::log(2.0)));
  CHECK(wsym::mean_kl<T>(std::vector{half, one}) == std::numeric_limits<double>::infinity());
  CHECK(wsym::mean_kl<T>(std::vector{one, one}) == 0);
  CHECK(wsym::cosine_similarity<T>(std::vector{one, half}) == doctest::Approx(std::sqrt(0.5)));
  CHECK(wsym::cosine_similarity<T>(std::vector{one, other}) == 0);
  CHECK(wsym::mean_kl<T>(std::vector(2, Tensor<T>({4, 1}))) == 0);  // one class only
  CHECK(wsym::cosine_similarity<T>(std::vector(2, Tensor<T>({4, 1}))) == 1);
}

TEST_CASE("diversity: normalised disagreement is that of the members over the ensemble's error") {
  const auto members = random_members<double>(4, {50, 3});
  const Labels labels = wsym::test::cycling_labels(50, 3);
  const double error = wsym::error_rate(wsym::log_mean_probabilities<double>(members), labels);
  REQUIRE(error > 0);
  CHECK(wsym::normalised_disagreement<double>(members, labels) ==
        doctest::Approx(wsym::disagreement<double>(members) / error).epsilon(1e-6));
}

TEST_CASE("diversity: divergence and cosine need two members, rows and numbers") {
  const std::vector<Tensor<float>> one(1, Tensor<float>({2, 3})), none(2, Tensor<float>({0, 3})),
      nan(2, Tensor<float>({1, 3}, std::nanf("")));
  CHECK_THROWS_WITH_AS(wsym::mean_kl<float>(one), "mean_kl: 1 members; at least 2 are needed", ConfigError);
  CHECK_THROWS_WITH_AS(wsym::cosine_similarity<float>(none),
                       "cosine_similarity: members are (0, 3); at least one row is needed", ShapeError);
  CHECK_THROWS_WITH_AS(wsym::mean_kl<float>(nan), "mean_kl: row 0 has score nan for class 0; scores are finite or -inf",
                       wsym::DataError);
}

TEST_CASE_TEMPLATE("diversity: a shift of a member's logits, however large, changes no bit", T, float, double) {
  const Tensor<T> a({2, 2}, {0, 0, 8, 0}), b({2, 2}, {T(-16), 0, 0, T(-64)});
  const std::vector<Tensor<T>> plain{a, b};
  for (const T shift : {T(1e4), T(-1e6), T(1e8)}) {
    Tensor<T> far = a;
    far.array() += shift;  // exact
    const std::vector<Tensor<T>> shifted{far, b};
    CHECK(mean_kl<T>(shifted) == mean_kl<T>(plain));
    CHECK(cosine_similarity<T>(shifted) == cosine_similarity<T>(plain));
    CHECK(logit_averaging<T>(shifted, Labels{0, 1}).mean_member == logit_averaging<T>(plain, Labels{0, 1}).mean_member);
    CHECK(logit_averaging<T>(shifted, Labels{0, 1}).diversity == logit_averaging<T>(plain, Labels{0, 1}).diversity);
  }
}

TEST_CASE("logit_averaging: scores that are no distribution, alone or averaged, are refused") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Tensor<double>> nan{Tensor<double>({1, 2}, {std::nan(""), 0})},
      apart{Tensor<double>({1, 2}, {0, -infinity}), Tensor<double>({1, 2}, {-infinity, 0})};
  CHECK_THROWS_WITH_AS(logit_averaging<double>(nan, Labels{0}),
                       "logit_averaging: row 0 has score nan for class 0; scores are finite or -inf", wsym::DataError);
  CHECK_THROWS_WITH_AS(logit_averaging<double>(apart, Labels{0}),
                       "logit_averaging: row 0 has no class whose mean logit is finite; at least one is needed",
                       wsym::DataError);
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
