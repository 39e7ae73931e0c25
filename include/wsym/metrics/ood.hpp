// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// How well a score tells positives, which should score higher, from negatives.
struct Detection {
  double auroc = 0;  // area under the ROC curve: P(positive > negative) + P(equal) / 2
  double aupr = 0;   // average precision, sum_k (R_k - R_{k-1}) P_k over falling thresholds, not interpolated
  double fpr95 = 0;  // share of negatives accepted at the first threshold that accepts 95 % of the positives
};

namespace detail {
struct LabelledScore {
  double score;
  bool positive;
};

/// All scores, largest first.
template <Real T> std::vector<LabelledScore> ranked(const std::vector<T>& positives, const std::vector<T>& negatives) {
  expect<ConfigError>(!positives.empty() && !negatives.empty(), "detection: ", positives.size(), " positives and ",
                      negatives.size(), " negatives; at least one of each is needed");
  std::vector<LabelledScore> all;
  for (const T score : positives) all.push_back({double{score}, true});
  for (const T score : negatives) all.push_back({double{score}, false});
  for (const LabelledScore& one : all) expect<DataError>(!std::isnan(one.score), "detection: a score is NaN");
  std::sort(all.begin(), all.end(), [](const LabelledScore& a, const LabelledScore& b) { return a.score > b.score; });
  return all;
}
}  // namespace detail

/// One pass over falling thresholds; rows of equal score cross a threshold together. For out-of-distribution detection
/// after Allingham et al. 2022 (tables 31-34) the positives are the confidences() of rows from the training
/// distribution; for the other convention pass the negated scores in the other order. Throws ConfigError without
/// positives or negatives, DataError for NaN. Source: Fort et al. 2021 (95 % is of recall; the caption of table 31 says
/// precision).
template <Real T> Detection detection(const std::vector<T>& positives, const std::vector<T>& negatives) {
  const std::vector<detail::LabelledScore> all = detail::ranked(positives, negatives);
  const auto all_positives = static_cast<double>(positives.size()),
             all_negatives = static_cast<double>(negatives.size());
  Detection result;
  double hits = 0, false_alarms = 0;
  bool reached = false;
  for (std::size_t i = 0; i < all.size();) {
    double new_hits = 0, new_alarms = 0;
    for (const double score = all[i].score; i < all.size() && all[i].score == score; ++i)
      ++(all[i].positive ? new_hits : new_alarms);
    result.auroc += new_alarms * (hits + new_hits / 2);
    hits += new_hits;
    false_alarms += new_alarms;
    result.aupr += new_hits / all_positives * hits / (hits + false_alarms);
    if (!reached && hits / all_positives >= 0.95) {
      reached = true;
      result.fpr95 = false_alarms / all_negatives;
    }
  }
  result.auroc /= all_positives * all_negatives;
  return result;
}

}  // namespace wsym::inline WSYM_SIMD
