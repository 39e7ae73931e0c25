// SPDX-License-Identifier: MIT
#include "wsym/metrics/few_shot.hpp"

#include "metrics/members.hpp"

using namespace wsym;
using test::Labels;

namespace {
template <Real T> const Tensor<T> spec_features({4, 2}, {T(0), T(1), T(1), T(0), T(3), T(1), T(4), T(2)});
template <Real T> const Tensor<T> spec_tests({3, 2}, {T(1), T(1), T(3), T(0), T(2.5), T(2)});
const Labels spec_labels{0, 0, 1, 1};

/// The ridge solution by Gauss elimination without pivots, from the definition.
std::vector<double> naive_scores(const Tensor<double>& x, const Labels& labels, const Tensor<double>& t, Index classes,
                                 double penalty) {
  const Index d = x.cols() + 1;
  const auto standard = [&](const Tensor<double>& rows, Index i, Index j) {
    if (j + 1 == d) return 100.0;
    double mean = 0, var = 0;
    for (Index n = 0; n < x.rows(); ++n) mean += x(n, j) / static_cast<double>(x.rows());
    for (Index n = 0; n < x.rows(); ++n) var += (x(n, j) - mean) * (x(n, j) - mean) / static_cast<double>(x.rows());
    return (rows(i, j) - mean) / (std::sqrt(var) + 1e-5);
  };
  Tensor<double> system({d, d + classes});
  for (Index a = 0; a < d; ++a) {
    system(a, a) = penalty;
    for (Index n = 0; n < x.rows(); ++n) {
      for (Index b = 0; b < d; ++b) system(a, b) += standard(x, n, a) * standard(x, n, b);
      for (Index c = 0; c < classes; ++c)
        system(a, d + c) += standard(x, n, a) * (labels[static_cast<std::size_t>(n)] == c ? 1 : -1);
    }
  }
  for (Index p = 0; p < d; ++p)
    for (Index a = 0; a < d; ++a)
      if (const double factor = system(a, p) / system(p, p); a != p)
        for (Index b = 0; b < d + classes; ++b) system(a, b) -= factor * system(p, b);
  std::vector<double> scores;
  for (Index i = 0; i < t.rows(); ++i)
    for (Index c = 0; c < classes; ++c) {
      double sum = 0;
      for (Index j = 0; j < d; ++j) sum += standard(t, i, j) * system(j, d + c) / system(j, j);
      scores.push_back(sum);
    }
  return scores;
}
}  // namespace

TEST_CASE_TEMPLATE("few_shot: spec 9.5, weights, scores and predictions under two penalties", T, float, double) {
  struct Case {
    double penalty, weights[3], scores[3];
    Labels predicted;
  };
  const Case cases[] = {{.5, {.726963961, .195066692, 0}, {-.459769471, .183907410, .505746796}, {0, 1, 1}},
                        {8, {.277392840, .173674909, 0}, {-.175437527, -.070172412, .333328702}, {0, 0, 1}}};
  for (const Case& expected : cases) {
    const RidgeClassifier<T> classifier(spec_features<T>, spec_labels, 2, expected.penalty);
    const Tensor<double> scores = classifier.scores(spec_tests<T>);
    for (Index i = 0; i < 3; ++i) {
      CHECK(std::abs(classifier.weights()(i, 1) - expected.weights[i]) < 1e-9);
      CHECK(std::abs(classifier.weights()(i, 0) + expected.weights[i]) < 1e-9);
      CHECK(std::abs(scores(i, 1) - expected.scores[i]) < 1e-9);
    }
    CHECK(argmax(scores) == expected.predicted);
  }
}

TEST_CASE("few_shot: with fewer rows than features it solves the same system") {
  for (const Index rows : {3, 7, 8, 9, 30}) {
    CAPTURE(rows);
    const Tensor<double> x = test::random_tensor<double>({rows, 7}, Key(1)),
                         t = test::random_tensor<double>({5, 7}, Key(2));
    const Labels labels = test::cycling_labels(rows, 3);
    const Tensor<double> scores = RidgeClassifier<double>(x, labels, 3, 0.25).scores(t);
    CHECK(test::worst_error(scores, naive_scores(x, labels, t, 3, 0.25)) < 1e-9);
  }
}

TEST_CASE_TEMPLATE("few_shot: moving or stretching a feature changes nothing, nor does a constant one", T, float,
                   double) {
  const Tensor<T> x = test::random_tensor<T>({20, 3}, Key(1)), t = test::random_tensor<T>({6, 3}, Key(2));
  const Labels labels = test::cycling_labels(20, 2);
  const auto changed = [](const Tensor<T>& from) {
    Tensor<T> to({from.rows(), 4}, T(7));
    to.mat().leftCols(3) = from.mat();
    to.mat().col(1) = (from.mat().col(1).array() * T(64) + T(3)).matrix();
    return to;
  };
  const Tensor<double> a = RidgeClassifier<T>(x, labels, 2, 2).scores(t),
                       b = RidgeClassifier<T>(changed(x), labels, 2, 2).scores(changed(t));
  CHECK(test::worst_error(a, b) < 1e-4);  // the 1e-5 beside the deviation, and its rounding
}

TEST_CASE_TEMPLATE("few_shot: joint takes the features side by side, disjoint averages scores", T, float, double) {
  const std::vector<Tensor<T>> x{test::random_tensor<T>({12, 3}, Key(1)), test::random_tensor<T>({12, 3}, Key(2))},
      t{test::random_tensor<T>({4, 3}, Key(3)), test::random_tensor<T>({4, 3}, Key(4))};
  const Labels labels = test::cycling_labels(12, 3);
  Tensor<T> wide({12, 6}), wide_tests({4, 6});
  wide.mat() << x[0].mat(), x[1].mat();
  wide_tests.mat() << t[0].mat(), t[1].mat();
  CHECK(same_bits(few_shot_scores<T>(x, labels, t, 3, 1), RidgeClassifier<T>(wide, labels, 3, 1).scores(wide_tests)));
  Tensor<double> mean = RidgeClassifier<T>(x[0], labels, 3, 1).scores(t[0]);
  mean.mat() = (mean.mat() + RidgeClassifier<T>(x[1], labels, 3, 1).scores(t[1]).mat()) / 2;
  CHECK(test::worst_error(few_shot_scores<T>(x, labels, t, 3, 1, FewShot::disjoint), mean) < 1e-14);
  const std::vector<Tensor<T>> one(1, x[0]), one_test(1, t[0]);
  CHECK(same_bits(few_shot_scores<T>(one, labels, one_test, 3, 1),
                  few_shot_scores<T>(one, labels, one_test, 3, 1, FewShot::disjoint)));
}

TEST_CASE("few_shot: shots are rows of their class, none twice, and follow from the key") {
  const Labels labels = test::cycling_labels(40, 3);
  const std::vector<Index> rows = draw_shots(labels, 3, 5, Key(1));
  REQUIRE(rows.size() == 15);
  for (std::size_t i = 0; i < 15; ++i)
    CHECK(labels[static_cast<std::size_t>(rows[i])] == static_cast<std::int32_t>(i / 5));
  std::vector<Index> sorted = rows;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  CHECK(draw_shots(labels, 3, 5, Key(1)) == rows);
  CHECK(draw_shots(labels, 3, 5, Key(2)) != rows);
}

TEST_CASE("few_shot: the penalty with the best mean rank wins, whatever the size of the differences") {
  const Tensor<double> accuracies({3, 3}, {.90, .91, .10, .50, .52, .51, .30, .31, .99});
  CHECK(best_mean_rank(accuracies) == 1);                            // ranks 1 2 0, 0 2 1, 0 1 2
  CHECK(best_mean_rank(Tensor<double>({1, 3}, {.5, .5, .5})) == 2);  // equal ones rank in order
  CHECK(best_mean_rank(Tensor<double>({2, 2}, {.1, .2, .2, .1})) == 0);
}

TEST_CASE("few_shot: what cannot be fitted is refused") {
  const auto fit = [](Index classes, double penalty, const Labels& labels, double value = 0) {
    return RidgeClassifier<double>(Tensor<double>({2, 3}, value), labels, classes, penalty);
  };
  CHECK_THROWS_WITH_AS(
      fit(2, 0, {0, 1}),
      "RidgeClassifier: penalty 0 and 2 classes; the penalty is positive and there is at least one class", ConfigError);
  CHECK_THROWS_AS(fit(0, 1, {0, 1}), ConfigError);
  CHECK_THROWS_AS(fit(2, 1, {0}), ShapeError);
  CHECK_THROWS_AS(fit(2, 1, {0, 2}), ShapeError);
  CHECK_THROWS_WITH_AS(fit(2, 1, {0, 1}, std::nan("")), "RidgeClassifier: feature 0 of row 0 is nan", DataError);
  CHECK_THROWS_WITH_AS(fit(2, 1, {0, 1}).scores(Tensor<double>({2, 4})),
                       "RidgeClassifier: features are (2, 4); 3 columns are needed", ShapeError);
  CHECK_THROWS_WITH_AS(draw_shots(Labels{0, 0, 1}, 2, 2, Key(1)), "draw_shots: 2 shots of class 1, which has 1 rows",
                       ConfigError);
  CHECK_THROWS_AS(draw_shots(Labels{0, 2}, 2, 1, Key(1)), ConfigError);
  CHECK_THROWS_AS(best_mean_rank(Tensor<double>({0, 3})), ShapeError);
  const std::vector<Tensor<double>> none, one(1, Tensor<double>({2, 3})), two(2, Tensor<double>({2, 3}));
  CHECK_THROWS_AS(few_shot_scores<double>(none, Labels{}, none, 2, 1), ConfigError);
  CHECK_THROWS_WITH_AS(few_shot_scores<double>(one, Labels{0, 1}, two, 2, 1),
                       "few_shot_scores: training features of 1 members but test features of 2", ConfigError);
}
