// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/module.hpp"

namespace wsym::inline WSYM_SIMD {

/// Which members make up an ensemble of size k out of n: the first k, or every group of k consecutive ones
/// (floor(n / k) of them, whose metrics are then averaged).
enum class Groups { first, disjoint };

/// The first index of each group of k among n members. Throws ConfigError unless 1 <= k <= n.
inline std::vector<Index> group_starts(Index n, Index k, Groups groups) {
  expect<ConfigError>(k >= 1 && k <= n, "group_starts: an ensemble of ", k, " out of ", n, " members; 1 to ", n,
                      " are possible");
  std::vector<Index> starts{0};
  if (groups == Groups::disjoint)
    for (Index start = k; start + k <= n; start += k) starts.push_back(start);
  return starts;
}

/// The mean over all pairs of members of their Euclidean distance in parameter space; 0 for fewer than two.
template <class M> double mean_pairwise_distance(std::span<const M> members) {
  double total = 0;
  Index pairs = 0;
  for (std::size_t i = 0; i < members.size(); ++i)
    for (std::size_t j = i + 1; j < members.size(); ++j) total += distance(members[i], members[j]), ++pairs;
  return pairs == 0 ? 0 : total / static_cast<double>(pairs);
}

}  // namespace wsym::inline WSYM_SIMD
