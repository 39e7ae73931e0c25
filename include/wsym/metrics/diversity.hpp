// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/metrics/averaging.hpp"
#include "wsym/metrics/regression.hpp"

namespace wsym {

/// An ensemble's loss taken apart: ensemble = mean_member - diversity, up to rounding; the three are computed
/// independently. diversity >= 0, so the ensemble is never worse than its members are on average.
struct LossParts {
  double ensemble = 0;
  double mean_member = 0;
  double diversity = 0;
};

/// The ambiguity decomposition of the squared error of averaged outputs: diversity is the mean over rows, outputs and
/// members of (f_i - mean f)^2. members and target (n, outputs). Throws ConfigError without members, ShapeError for
/// unequal shapes. Source: Krogh & Vedelsby, "Neural network ensembles, cross validation, and active learning" (1995).
template <Real T> LossParts ambiguity(std::span<const Tensor<T>> members, const Tensor<T>& target) {
  detail::check_members("ambiguity", members);
  const auto count = static_cast<double>(members.size());
  LossParts parts;
  for (const Tensor<T>& member : members) parts.mean_member += mse(member, target) / count;
  for (Index i = 0; i < target.size(); ++i) {
    double mean = 0, spread = 0;
    for (const Tensor<T>& member : members) mean += member[i] / count;
    for (const Tensor<T>& member : members) spread += (member[i] - mean) * (member[i] - mean) / count;
    parts.ensemble += (mean - target[i]) * (mean - target[i]);
    parts.diversity += spread;
  }
  parts.ensemble /= static_cast<double>(target.size());
  parts.diversity /= static_cast<double>(target.size());
  return parts;
}

/// The same for the cross-entropy (nats a row) of averaged logits: diversity is the mean over rows of
/// -ln sum_c exp(mean_i ln p_i(c)). members (n, classes) are logits. Throws as ambiguity, and for a label out of range.
template <Real T> LossParts logit_averaging(std::span<const Tensor<T>> members, std::span<const std::int32_t> labels) {
  detail::check_members("logit_averaging", members);
  detail::check_labels("logit_averaging", members[0], labels);
  const Index classes = members[0].cols();
  const auto count = static_cast<double>(members.size()), rows = static_cast<double>(labels.size());
  LossParts parts;
  std::vector<double> mean_logit(static_cast<std::size_t>(classes)), mean_log_p(mean_logit.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    std::fill(mean_logit.begin(), mean_logit.end(), 0.0);
    std::fill(mean_log_p.begin(), mean_log_p.end(), 0.0);
    for (const Tensor<T>& member : members) {
      const T* logits = member.data() + static_cast<Index>(row) * classes;
      const double normaliser = detail::log_sum_exp(logits, classes);
      for (std::size_t c = 0; c < mean_logit.size(); ++c) {
        mean_logit[c] += logits[c] / count;
        mean_log_p[c] += (logits[c] - normaliser) / count;
      }
      parts.mean_member += (normaliser - logits[labels[row]]) / count / rows;
    }
    const double own = mean_logit[static_cast<std::size_t>(labels[row])];
    parts.ensemble += (detail::log_sum_exp(mean_logit.data(), classes) - own) / rows;
    parts.diversity -= detail::log_sum_exp(mean_log_p.data(), classes) / rows;
  }
  return parts;
}

/// The fraction of rows at which two members predict different classes, averaged over all pairs of members.
/// Throws ConfigError for fewer than two members, ShapeError for unequal shapes or no rows.
template <Real T> double disagreement(std::span<const Tensor<T>> members) {
  expect<ConfigError>(members.size() >= 2, "disagreement: ", members.size(), " members; at least 2 are needed");
  detail::check_members("disagreement", members);
  const Index rows = members[0].rows(), classes = members[0].cols();
  expect(rows > 0, "disagreement: members are ", members[0].shape(), "; at least one row is needed");
  Index agreeing = 0;  // ordered pairs
  std::vector<Index> votes(static_cast<std::size_t>(classes));
  for (Index row = 0; row < rows; ++row) {
    std::fill(votes.begin(), votes.end(), Index{0});
    for (const Tensor<T>& member : members)
      ++votes[static_cast<std::size_t>(detail::argmax_row(member.data() + row * classes, classes))];
    for (const Index n : votes) agreeing += n * (n - 1);
  }
  const auto count = static_cast<Index>(members.size());
  return 1 - static_cast<double>(agreeing) / static_cast<double>(rows * count * (count - 1));
}

}  // namespace wsym
