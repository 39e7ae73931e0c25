// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/metrics/classification.hpp"

namespace wsym::inline WSYM_SIMD {

/// One bar of a reliability diagram: the predictions whose confidence lies in [lower, upper), 1 in the last bin.
struct ReliabilityBin {
  double lower = 0, upper = 0;
  Index rows = 0;
  double confidence = 0, accuracy = 0;  // means over the rows; 0 without rows
};

/// One prediction: the probability that it gave its class, and whether that was the label.
struct JudgedPrediction {
  double confidence = 0;
  bool correct = false;
};

/// The argmax of each row, judged. logits (n, classes), labels n. Throws as accuracy.
template <Real T> std::vector<JudgedPrediction> judge(const Tensor<T>& logits, std::span<const std::int32_t> labels) {
  detail::check_labels("judge", logits, labels);
  const std::vector<double> confidence = confidences(logits);
  const std::vector<std::int32_t> predicted = argmax(logits);
  std::vector<JudgedPrediction> judged;
  for (std::size_t i = 0; i < labels.size(); ++i) judged.push_back({confidence[i], predicted[i] == labels[i]});
  return judged;
}

/// Predictions in bins of equal width by confidence, bin = min(floor(bins confidence), bins - 1).
/// Throws ConfigError for fewer than one bin or no predictions, DataError for a confidence outside [0, 1].
inline std::vector<ReliabilityBin> reliability(std::span<const JudgedPrediction> predictions, Index bins = 15) {
  expect<ConfigError>(bins >= 1 && !predictions.empty(), "reliability: ", bins, " bins for ", predictions.size(),
                      " predictions; at least one of each is needed");
  std::vector<ReliabilityBin> diagram(static_cast<std::size_t>(bins));
  const auto width = static_cast<double>(bins);
  for (std::size_t b = 0; b < diagram.size(); ++b)
    diagram[b] = {static_cast<double>(b) / width, static_cast<double>(b + 1) / width};
  for (const JudgedPrediction& p : predictions) {
    expect<DataError>(p.confidence >= 0 && p.confidence <= 1, "reliability: confidence ", p.confidence,
                      "; it needs to be in [0, 1]");
    ReliabilityBin& bin = diagram[static_cast<std::size_t>(std::min(width * p.confidence, width - 1))];
    ++bin.rows;
    bin.confidence += p.confidence;
    bin.accuracy += p.correct ? 1 : 0;
  }
  for (ReliabilityBin& bin : diagram)
    if (bin.rows > 0) {
      bin.confidence /= static_cast<double>(bin.rows);
      bin.accuracy /= static_cast<double>(bin.rows);
    }
  return diagram;
}

/// The expected calibration error, sum_b (n_b / n) |accuracy_b - confidence_b|, from 0 to 1.
/// Throws DataError for a diagram without rows. Source: Guo et al. 2017, with the bins of Allingham et al. 2022 (lower
/// edge included).
inline double calibration_error(std::span<const ReliabilityBin> diagram) {
  double sum = 0;
  Index rows = 0;
  for (const ReliabilityBin& bin : diagram) {
    sum += kernels::portable::product(static_cast<double>(bin.rows), std::abs(bin.accuracy - bin.confidence));
    rows += bin.rows;
  }
  expect<DataError>(rows > 0, "calibration_error: the diagram has no rows; at least 1 is needed");
  return sum / static_cast<double>(rows);
}

/// The same for softmax(logits). Throws as judge and reliability.
template <Real T>
double ece_from_logits(const Tensor<T>& logits, std::span<const std::int32_t> labels, Index bins = 15) {
  return calibration_error(reliability(judge(logits, labels), bins));
}

}  // namespace wsym::inline WSYM_SIMD
