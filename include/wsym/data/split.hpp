// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/random.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// Row numbers (from 0) of the parts of a data set: disjoint, together every row, each in random order.
struct Split {
  std::vector<Index> train, valid, test;
  friend bool operator==(const Split&, const Split&) = default;
};

/// The share of the test part in all rows, and that of the validation part in the rest.
struct SplitFractions {
  double test = 0.2;
  double valid = 0.2;
};

namespace detail {

/// ceil(fraction n), but n fraction = 3.0000000000000004 is 3.
inline Index part_size(double fraction, Index n) {
  expect<ConfigError>(fraction >= 0 && fraction < 1, "split: a fraction of ", fraction, "; it is in [0, 1)");
  return static_cast<Index>(std::ceil(fraction * static_cast<double>(n) - 1e-9));
}

/// Divides `total` over the classes in proportion to their counts: the floor of each share, then one more to the
/// largest remainders (equal ones: lowest class first). total <= the sum of the counts. The shares are rounded doubles,
/// and modf keeps the compiler from fusing the product away: on MNIST that rounding decides which class is favoured.
/// Cost: quadratic in the classes.
inline std::vector<Index> apportion(Index total, const std::vector<Index>& counts) {
  const double sum = static_cast<double>(std::accumulate(counts.begin(), counts.end(), Index{0}));
  std::vector<Index> shares(counts.size());
  if (sum == 0) return shares;
  std::vector<double> remainders(counts.size());
  Index left = total;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    double whole = 0;
    remainders[c] = std::modf(static_cast<double>(counts[c]) / sum * static_cast<double>(total), &whole);
    left -= shares[c] = static_cast<Index>(whole);
  }
  for (; left > 0; --left) {
    const auto largest = std::max_element(remainders.begin(), remainders.end());
    ++shares[static_cast<std::size_t>(largest - remainders.begin())];
    *largest = -1;
  }
  return shares;
}

/// The given rows by class, in their order. Throws ConfigError for a label outside 0 .. classes - 1.
inline std::vector<std::vector<Index>> by_class(const std::vector<Index>& rows, std::span<const std::int32_t> labels,
                                                Index classes) {
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(classes));
  for (const Index row : rows) {
    const std::int32_t label = labels[static_cast<std::size_t>(row)];
    expect<ConfigError>(label >= 0 && label < classes, "split: row ", row, " has label ", label, "; there are ",
                        classes, " classes");
    members[static_cast<std::size_t>(label)].push_back(row);
  }
  return members;
}

inline std::vector<Index> sizes_of(const std::vector<std::vector<Index>>& groups) {
  std::vector<Index> sizes;
  for (const auto& group : groups) sizes.push_back(static_cast<Index>(group.size()));
  return sizes;
}

inline std::vector<Index> all_rows(Index n) {
  std::vector<Index> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

/// The rows in the order that `positions` gives.
inline std::vector<Index> reorder(const std::vector<Index>& rows, const std::vector<Index>& positions) {
  std::vector<Index> ordered;
  ordered.reserve(positions.size());
  for (const Index position : positions) ordered.push_back(rows[static_cast<std::size_t>(position)]);
  return ordered;
}

/// Moves the first `count` of `from` to the end of `to`.
inline void move_front(std::vector<Index>& from, Index count, std::vector<Index>& to) {
  for (Index i = 0; i < count; ++i) to.push_back(from[static_cast<std::size_t>(i)]);
  from.erase(from.begin(), from.begin() + count);
}

}  // namespace detail

/// A random split of n rows: ceil(test n) of them to test, ceil(valid rest) to validation, the rest to training.
inline Split split(Index n, const Key& key, SplitFractions fractions = {}) {
  Split parts;
  parts.train = key.permutation(n);
  detail::move_front(parts.train, detail::part_size(fractions.test, n), parts.test);
  const Index rest = static_cast<Index>(parts.train.size());
  detail::move_front(parts.train, detail::part_size(fractions.valid, rest), parts.valid);
  return parts;
}

/// A random split of the same sizes in which every class has its share of each part (largest remainder).
/// Throws ConfigError for a label outside 0 .. classes - 1.
inline Split stratified_split(std::span<const std::int32_t> labels, Index classes, const Key& key,
                              SplitFractions fractions = {}) {
  const Index n = static_cast<Index>(labels.size());
  auto members = detail::by_class(detail::all_rows(n), labels, classes);
  for (std::size_t c = 0; c < members.size(); ++c)
    members[c] =
        detail::reorder(members[c], key.child("class").child(c).permutation(static_cast<Index>(members[c].size())));

  Split parts;
  const auto cut = [&](Index size, std::vector<Index>& part) {
    const std::vector<Index> shares = detail::apportion(size, detail::sizes_of(members));
    for (std::size_t c = 0; c < members.size(); ++c) detail::move_front(members[c], shares[c], part);
  };
  cut(detail::part_size(fractions.test, n), parts.test);
  cut(detail::part_size(fractions.valid, n - static_cast<Index>(parts.test.size())), parts.valid);
  for (auto& group : members) detail::move_front(group, static_cast<Index>(group.size()), parts.train);

  const auto shuffle = [&](const char* name, std::vector<Index>& part) {
    part = detail::reorder(part, key.child(name).permutation(static_cast<Index>(part.size())));
  };
  shuffle("train", parts.train);
  shuffle("valid", parts.valid);
  shuffle("test", parts.test);
  return parts;
}

}  // namespace wsym::inline WSYM_SIMD
