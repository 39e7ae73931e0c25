// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/metrics/averaging.hpp"
#include "wsym/metrics/regression.hpp"

namespace wsym::inline WSYM_SIMD {

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
    for (const Tensor<T>& member : members) spread += kernels::portable::square(member[i] - mean) / count;
    parts.ensemble += kernels::portable::square(mean - target[i]);
    parts.diversity += spread;
  }
  parts.ensemble /= static_cast<double>(target.size());
  parts.diversity /= static_cast<double>(target.size());
  return parts;
}

/// The same for the cross-entropy (nats a row) of averaged logits: diversity is the mean over rows of
/// -ln sum_c exp(mean_i ln p_i(c)). members (n, classes) are logits. Throws as ambiguity, ShapeError for a label out of
/// range, DataError for a score that is NaN or +inf and for a row in which each class has a member's -inf.
template <Real T> LossParts logit_averaging(std::span<const Tensor<T>> members, std::span<const std::int32_t> labels) {
  detail::check_members("logit_averaging", members);
  detail::check_labels("logit_averaging", members[0], labels);
  for (const Tensor<T>& member : members) detail::check_scores("logit_averaging", member);
  const Index classes = members[0].cols();
  const auto count = static_cast<double>(members.size()), rows = static_cast<double>(labels.size());
  LossParts parts;
  std::vector<double> mean_logit(static_cast<std::size_t>(classes)), mean_log_p(mean_logit.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    std::fill(mean_logit.begin(), mean_logit.end(), 0.0);
    std::fill(mean_log_p.begin(), mean_log_p.end(), 0.0);
    for (const Tensor<T>& member : members) {
      const T* logits = member.data() + static_cast<Index>(row) * classes;
      const detail::RowSoftmax<T> softmax(logits, classes);
      for (Index c = 0; c < classes; ++c) {
        mean_logit[static_cast<std::size_t>(c)] += logits[c] / count;
        mean_log_p[static_cast<std::size_t>(c)] += softmax.log_p(c) / count;
      }
      parts.mean_member -= softmax.log_p(labels[row]) / count / rows;
    }
    expect<DataError>(
        std::isfinite(mean_logit[static_cast<std::size_t>(detail::argmax_row(mean_logit.data(), classes))]),
        "logit_averaging: row ", row, " has no class whose mean logit is finite; at least one is needed");
    parts.ensemble -= detail::RowSoftmax<double>(mean_logit.data(), classes).log_p(labels[row]) / rows;
    parts.diversity -= detail::log_sum_exp(mean_log_p.data(), classes) / rows;
  }
  return parts;
}

namespace detail {
template <Real T> void check_pairs(const char* what, std::span<const Tensor<T>> members) {
  expect<ConfigError>(members.size() >= 2, what, ": ", members.size(), " members; at least 2 are needed");
  check_members(what, members);
  expect(members[0].rows() > 0, what, ": members are ", members[0].shape(), "; at least one row is needed");
}

/// The mean over rows and over pairs of members i < j of f(log p_i, log p_j), log-probabilities of all classes.
template <Real T, class F> double mean_over_pairs(const char* what, std::span<const Tensor<T>> members, F f) {
  check_pairs(what, members);
  const Index rows = members[0].rows(), classes = members[0].cols();
  for (const Tensor<T>& member : members) check_scores(what, member);
  std::vector<std::vector<double>> log_p(members.size(), std::vector<double>(static_cast<std::size_t>(classes)));
  double sum = 0;
  for (Index row = 0; row < rows; ++row) {
    for (std::size_t m = 0; m < members.size(); ++m) {
      const RowSoftmax<T> softmax(members[m].data() + row * classes, classes);
      for (Index c = 0; c < classes; ++c) log_p[m][static_cast<std::size_t>(c)] = softmax.log_p(c);
    }
    for (std::size_t i = 0; i < log_p.size(); ++i)
      for (std::size_t j = i + 1; j < log_p.size(); ++j) sum += f(log_p[i], log_p[j]);
  }
  const auto count = static_cast<double>(members.size());
  return sum / (static_cast<double>(rows) * count * (count - 1) / 2);
}

/// sum_c p_c ln(p_c / q_c); classes of p_c = 0 add nothing.
inline double kl_divergence(const std::vector<double>& log_p, const std::vector<double>& log_q) {
  double sum = 0;
  for (std::size_t c = 0; c < log_p.size(); ++c)
    if (const double p = kernels::portable::exp(log_p[c]); p > 0)
      sum += kernels::portable::product(p, log_p[c] - log_q[c]);
  return sum;
}
}  // namespace detail

/// Which Kullback-Leibler divergence stands for a pair of members i < j: KL(p_i || p_j), or the mean of both.
enum class KlKind { forward, symmetric };

/// The Kullback-Leibler divergence between members' predictions softmax(logits), in nats, averaged over rows and pairs
/// of members; 0 for equal members, infinite where one excludes what another does not. members (n, classes) are logits.
/// Throws ConfigError for fewer than two members, ShapeError for unequal shapes or no rows, DataError for a score that
/// is NaN or +inf; so does cosine_similarity.
/// Source: Allingham et al. 2022, who say "all pairs"; their code, and `forward`, take i < j in one direction.
template <Real T> double mean_kl(std::span<const Tensor<T>> members, KlKind kind = KlKind::forward) {
  return detail::mean_over_pairs("mean_kl", members, [kind](const auto& log_p, const auto& log_q) {
    const double forward = detail::kl_divergence(log_p, log_q);
    return kind == KlKind::forward ? forward : (forward + detail::kl_divergence(log_q, log_p)) / 2;
  });
}

/// The cosine of the angle between members' predicted probabilities, averaged over rows and pairs: 1 for equal members,
/// lower for more diverse ones.
template <Real T> double cosine_similarity(std::span<const Tensor<T>> members) {
  return detail::mean_over_pairs("cosine_similarity", members, [](const auto& log_p, const auto& log_q) {
    double pq = 0, pp = 0, qq = 0;
    for (std::size_t c = 0; c < log_p.size(); ++c) {
      const double p = kernels::portable::exp(log_p[c]), q = kernels::portable::exp(log_q[c]);
      pq += kernels::portable::product(p, q);
      pp += kernels::portable::square(p);
      qq += kernels::portable::square(q);
    }
    return pq / std::sqrt(pp * qq);
  });
}

/// The fraction of rows at which two members predict different classes, averaged over all pairs of members.
/// Throws ConfigError for fewer than two members, ShapeError for unequal shapes or no rows.
template <Real T> double disagreement(std::span<const Tensor<T>> members) {
  detail::check_pairs("disagreement", members);
  const Index rows = members[0].rows(), classes = members[0].cols();
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

/// disagreement / (error rate of the averaged probabilities + 1e-7): diversity beside the ensemble's own mistakes.
/// members (n, classes) are logits. Throws as disagreement and error_rate. Source: Fort et al. 2019.
template <Real T>
double normalised_disagreement(std::span<const Tensor<T>> members, std::span<const std::int32_t> labels) {
  return disagreement(members) / (error_rate(log_mean_probabilities(members), labels) + 1e-7);
}

}  // namespace wsym::inline WSYM_SIMD
