// SPDX-License-Identifier: MIT
#include "wsym/metrics/calibration.hpp"

#include "metrics/members.hpp"

using namespace wsym;
using test::Labels;

namespace {
const std::vector<JudgedPrediction> spec_predictions{{.95, true},  {.92, true}, {.99, false}, {.61, true}, {.63, false},
                                                     {.40, false}, {.55, true}, {.72, true},  {.88, true}, {1.0, true}};
}

TEST_CASE("calibration: spec 9.5, ten predictions and the bins they fall into") {
  const std::vector<ReliabilityBin> bins = reliability(spec_predictions);
  REQUIRE(bins.size() == 15);
  std::vector<Index> rows(15);
  for (const int bin : {14, 13, 14, 9, 9, 6, 8, 10, 13, 14}) ++rows[static_cast<std::size_t>(bin)];
  for (std::size_t b = 0; b < 15; ++b) CHECK(bins[b].rows == rows[b]);
  CHECK(bins[9].confidence == doctest::Approx(0.62).epsilon(1e-14));
  CHECK(bins[9].accuracy == 0.5);
  CHECK(bins[14].lower == doctest::Approx(14.0 / 15).epsilon(1e-14));
  CHECK(bins[14].upper == 1);
  CHECK(bins[0].confidence == 0);
  CHECK(calibration_error(bins) == doctest::Approx(0.251).epsilon(1e-13));
}

TEST_CASE_TEMPLATE("calibration: from logits it judges the argmax of every row", T, float, double) {
  const Tensor<T> logits = test::logits_of<T>({3, 3}, {.2, .7, .1, .45, .35, .2, 0, 0, 1});
  const Labels labels{1, 1, 2};
  const std::vector<JudgedPrediction> judged = judge(logits, labels);
  CHECK(judged[0].confidence == doctest::Approx(0.7));
  CHECK(judged[0].correct);
  CHECK_FALSE(judged[1].correct);
  CHECK(judged[2].confidence == 1);
  CHECK(ece_from_logits(logits, labels) == doctest::Approx((0.3 + 0.45 + 0) / 3).epsilon(1e-6));
  CHECK(ece_from_logits(logits, labels, 1) == doctest::Approx(std::abs(2.0 / 3 - (0.7 + 0.45 + 1) / 3)).epsilon(1e-6));
}

TEST_CASE("calibration: edges belong to the bin above, and the last bin holds 1") {
  const std::vector<ReliabilityBin> bins =
      reliability(std::vector<JudgedPrediction>{{0, true}, {.25, true}, {.5, false}, {.75, true}, {1, true}}, 4);
  const Index expected[] = {1, 1, 1, 2};
  for (std::size_t b = 0; b < 4; ++b) CHECK(bins[b].rows == expected[b]);
}

TEST_CASE_TEMPLATE("calibration: one class only is always sure, and right", T, float, double) {
  CHECK(ece_from_logits(Tensor<T>({4, 1}, {T(3), T(-2), T(0), T(9)}), Labels(4, 0)) == 0);
}

TEST_CASE_TEMPLATE("calibration: equal scores say the lowest class with confidence 1 / classes", T, float, double) {
  const std::vector<JudgedPrediction> judged = judge(Tensor<T>({2, 4}), Labels{0, 3});
  CHECK(judged[0].confidence == doctest::Approx(0.25));
  CHECK(judged[0].correct);
  CHECK_FALSE(judged[1].correct);
}

TEST_CASE("calibration: confidences that agree with how often they are right cost nothing") {
  std::vector<JudgedPrediction> predictions;
  for (int i = 0; i < 10; ++i) predictions.push_back({0.7, i < 7});
  CHECK(calibration_error(reliability(predictions)) == doctest::Approx(0).epsilon(1e-15));
}

TEST_CASE("calibration: what is no prediction is refused") {
  const std::vector<JudgedPrediction> none, odd{{1.5, true}}, nan{{std::nan(""), true}};
  CHECK_THROWS_WITH_AS(reliability(none), "reliability: 15 bins for 0 predictions; at least one of each is needed",
                       ConfigError);
  CHECK_THROWS_AS(reliability(spec_predictions, 0), ConfigError);
  CHECK_THROWS_WITH_AS(reliability(odd), "reliability: confidence 1.5; it needs to be in [0, 1]", DataError);
  CHECK_THROWS_AS(reliability(nan), DataError);
  for (const std::size_t bins : {0, 15})
    CHECK_THROWS_WITH_AS(calibration_error(std::vector<ReliabilityBin>(bins)),
                         "calibration_error: the diagram has no rows; at least 1 is needed", DataError);
  CHECK_THROWS_AS(judge(Tensor<float>({2, 3}), Labels{0}), ShapeError);
  CHECK_THROWS_AS(ece_from_logits(Tensor<float>({1, 2}, std::nanf("")), Labels{0}), DataError);
}
