// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>

#include "wsym/data/split.hpp"

namespace wsym::test {

inline bool covers_every_row_once(const Split& parts, Index n) {
  std::vector<Index> all = parts.train;
  all.insert(all.end(), parts.valid.begin(), parts.valid.end());
  all.insert(all.end(), parts.test.begin(), parts.test.end());
  std::sort(all.begin(), all.end());
  return all == detail::all_rows(n);
}

inline std::vector<Index> sizes(const Split& parts) {
  return {static_cast<Index>(parts.test.size()), static_cast<Index>(parts.train.size()),
          static_cast<Index>(parts.valid.size())};
}

/// Rows sorted by class, as in Otto's file.
inline std::vector<std::int32_t> labels_of(const std::vector<Index>& counts) {
  std::vector<std::int32_t> labels;
  for (std::size_t c = 0; c < counts.size(); ++c)
    labels.insert(labels.end(), static_cast<std::size_t>(counts[c]), static_cast<std::int32_t>(c));
  return labels;
}

inline std::vector<Index> counts_in(const std::vector<Index>& part, const std::vector<std::int32_t>& labels,
                                    std::size_t classes) {
  std::vector<Index> counts(classes);
  for (const Index row : part) ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(row)])];
  return counts;
}

/// Each part has as many rows of a class, give or take one, as its size says.
inline bool has_its_share_of_every_class(const Split& parts, const std::vector<std::int32_t>& labels,
                                         const std::vector<Index>& counts) {
  for (const std::vector<Index>* part : {&parts.train, &parts.valid, &parts.test}) {
    const std::vector<Index> got = counts_in(*part, labels, counts.size());
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const double share =
          static_cast<double>(counts[c]) * static_cast<double>(part->size()) / static_cast<double>(labels.size());
      if (std::abs(static_cast<double>(got[c]) - share) >= 2) return false;
    }
  }
  return true;
}

}  // namespace wsym::test
