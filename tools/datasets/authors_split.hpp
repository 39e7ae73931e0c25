// SPDX-License-Identifier: MIT
#pragma once
#include <bit>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "wsym/data/split.hpp"

namespace wsym::datasets {

namespace detail {

/// The shuffle that the authors' split rests on. Source: spec 6.2.
class AuthorsShuffle {
 public:
  explicit AuthorsShuffle(std::uint32_t seed) : next_(seed) {}

  /// Uniform on 0 .. largest: the low bits of words, until they fit.
  std::uint32_t below(std::uint32_t largest) {
    const std::uint32_t mask = static_cast<std::uint32_t>((std::uint64_t{1} << std::bit_width(largest)) - 1);
    for (;;)
      if (const std::uint32_t value = static_cast<std::uint32_t>(next_()) & mask; value <= largest) return value;
  }
  std::vector<Index> permutation(Index n) {
    std::vector<Index> order = wsym::detail::all_rows(n);
    for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[below(static_cast<std::uint32_t>(i))]);
    return order;
  }

 private:
  std::mt19937 next_;
};

/// Cuts `count` rows off `rows` into `part`, by class unless there are no labels; both keep the order of the draw.
inline void authors_cut(std::vector<Index>& rows, std::vector<Index>& part, double fraction, std::uint32_t seed,
                        std::span<const std::int32_t> labels, Index classes) {
  AuthorsShuffle random(seed);
  const Index n = static_cast<Index>(rows.size()), count = wsym::detail::part_size(fraction, n);
  if (labels.empty()) {
    rows = wsym::detail::reorder(rows, random.permutation(n));
    wsym::detail::move_front(rows, count, part);
    return;
  }
  auto members = wsym::detail::by_class(rows, labels, classes);
  const std::vector<Index> stay = wsym::detail::apportion(n - count, wsym::detail::sizes_of(members));
  rows.clear();
  for (std::size_t c = 0; c < members.size(); ++c) {
    members[c] = wsym::detail::reorder(members[c], random.permutation(static_cast<Index>(members[c].size())));
    wsym::detail::move_front(members[c], stay[c], rows);
    wsym::detail::move_front(members[c], static_cast<Index>(members[c].size()), part);
  }
  rows = wsym::detail::reorder(rows, random.permutation(static_cast<Index>(rows.size())));
  part = wsym::detail::reorder(part, random.permutation(static_cast<Index>(part.size())));
}

inline Split authors_split(Index n, std::span<const std::int32_t> labels, Index classes) {
  Split parts;
  parts.train = wsym::detail::all_rows(n);
  authors_cut(parts.train, parts.test, 0.2, 42, labels, classes);
  authors_cut(parts.train, parts.valid, 0.1, 43, labels, classes);
  return parts;
}

}  // namespace detail

/// The split of the paper's code, index by index: 20 % test (seed 42), then 10 % of the rest for validation (seed 43).
/// Rows count in the order of the authors' files (`prepare` in datasets.hpp keeps it).
inline Split authors_split(Index n) {
  return detail::authors_split(n, {}, 0);
}
/// The same, stratified by class.
inline Split authors_split(std::span<const std::int32_t> labels, Index classes) {
  return detail::authors_split(static_cast<Index>(labels.size()), labels, classes);
}

}  // namespace wsym::datasets
