// SPDX-License-Identifier: MIT
#include "wsym/metrics/ood.hpp"

#include "metrics/members.hpp"

using namespace wsym;

namespace {
const std::vector<double> inside{.99, .97, .95, .90, .90, .80, .75, .60, .55, .50},
    outside{.92, .70, .60, .52, .40, .30};

std::vector<double> negated(std::vector<double> scores) {
  for (double& score : scores) score = 1 - score;
  return scores;
}

/// By the definition: all pairs.
double naive_auroc(const std::vector<double>& positives, const std::vector<double>& negatives) {
  double sum = 0;
  for (const double p : positives)
    for (const double n : negatives) sum += p > n ? 1 : p == n ? 0.5 : 0;
  return sum / static_cast<double>(positives.size() * negatives.size());
}
}  // namespace

TEST_CASE("ood: spec 9.5, rows of the training distribution as positives") {
  const Detection d = detection(inside, outside);
  CHECK(d.auroc == doctest::Approx(0.775).epsilon(1e-12));
  CHECK(d.aupr == doctest::Approx(0.859036797).epsilon(1e-9));
  CHECK(d.fpr95 == doctest::Approx(0.666667).epsilon(1e-6));
}

TEST_CASE("ood: spec 9.5, the other rows as positives of 1 - score") {
  const Detection d = detection(negated(outside), negated(inside));
  CHECK(d.auroc == doctest::Approx(0.775).epsilon(1e-12));
  CHECK(d.aupr == doctest::Approx(0.734661172).epsilon(1e-9));
  CHECK(d.fpr95 == doctest::Approx(0.7).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("ood: AUROC is the share of ordered pairs, ties a half, and changes sides with the classes", T,
                   float, double) {
  std::vector<T> a, b;
  for (std::uint64_t i = 0; i < 40; ++i) a.push_back(static_cast<T>(Key(1).below(i, 12)));
  for (std::uint64_t i = 0; i < 27; ++i) b.push_back(static_cast<T>(Key(2).below(i, 10)));
  const double expected = naive_auroc({a.begin(), a.end()}, {b.begin(), b.end()});
  CHECK(detection(a, b).auroc == doctest::Approx(expected).epsilon(1e-12));
  CHECK(detection(b, a).auroc == doctest::Approx(1 - expected).epsilon(1e-12));
}

TEST_CASE("ood: scores that separate are perfect, reversed ones useless, equal ones chance") {
  const std::vector<double> high{3, 4, 5}, low{1, 2};
  const Detection best = detection(high, low), worst = detection(low, high);
  CHECK(best.auroc == 1);
  CHECK(best.aupr == doctest::Approx(1));
  CHECK(best.fpr95 == 0);
  CHECK(worst.auroc == 0);
  CHECK(worst.fpr95 == 1);
  const Detection chance = detection(std::vector(6, 0.5), std::vector(2, 0.5));
  CHECK(chance.auroc == 0.5);
  CHECK(chance.aupr == doctest::Approx(0.75));  // the share of positives
  CHECK(chance.fpr95 == 1);
}

TEST_CASE("ood: the threshold is the first that accepts 95 % of the positives, not the next") {
  std::vector<double> positives;
  for (int i = 20; i >= 1; --i) positives.push_back(i);
  const std::vector<double> negatives{1.5, 2.5, 30};
  CHECK(detection(positives, negatives).fpr95 == doctest::Approx(2.0 / 3));  // 19 of 20 at the score 2
}

TEST_CASE("ood: infinite scores are in order, NaN and missing rows are refused") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(detection(std::vector{infinity, 1.0}, std::vector{-infinity}).auroc == 1);
  const std::vector<double> none, one{1}, nan{std::nan("")};
  CHECK_THROWS_WITH_AS(detection(none, one), "detection: 0 positives and 1 negatives; at least one of each is needed",
                       ConfigError);
  CHECK_THROWS_AS(detection(one, none), ConfigError);
  CHECK_THROWS_WITH_AS(detection(one, nan), "detection: a score is NaN", DataError);
}
