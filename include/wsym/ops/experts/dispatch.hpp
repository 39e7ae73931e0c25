// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/autodiff/tape.hpp"

namespace wsym::inline WSYM_SIMD {

inline constexpr double dropless = std::numeric_limits<double>::infinity();

/// How many slots an expert has in a group: rows x choices x ratio / experts, rounded (up, with a slack of 1e-9, or to
/// the nearest), then up to a multiple, and never more than the group's rows. `dropless` gives every row a slot.
/// Source: Riquelme et al. 2021 (round); their public code rounds up, and to a multiple of 4.
struct Capacity {
  enum class Rounding { up, nearest };
  double ratio = dropless;  // C
  Rounding rounding = Rounding::up;
  Index multiple_of = 1;

  /// Throws ConfigError for less than 1 slot.
  Index slots(Index rows, Index choices, Index experts) const {
    const double exact =
        static_cast<double>(rows) * static_cast<double>(choices) * ratio / static_cast<double>(experts);
    expect<ConfigError>(multiple_of >= 1, "Capacity: multiple of ", multiple_of, "; it must be at least 1");
    if (exact >= static_cast<double>(rows)) return rows;
    const double whole = rounding == Rounding::up ? std::ceil(exact - 1e-9) : std::round(exact);
    expect<ConfigError>(whole >= 1, "Capacity: ratio ", ratio, " for ", rows, " rows, ", choices, " choices and ",
                        experts, " experts gives ", exact, " slots; at least 1 is needed");
    const Index slots = (static_cast<Index>(whole) + multiple_of - 1) / multiple_of * multiple_of;
    return std::min(slots, rows);
  }

  static void visit(auto& self, auto&& v) {
    v("ratio", self.ratio);
    v("rounding", self.rounding);
    v("multiple_of", self.multiple_of);
  }
};
constexpr auto names(Capacity::Rounding) {
  return std::array{"up", "nearest"};
}

/// Which rows go to which expert. Choice j of row n is an expert, and has a place among the rows of the expert batches:
/// expert e's batch is the places first[e] .. first[e + 1] - 1, in the order of the rows, one batch after the other.
/// A dropped choice has no place. The lists lie in a tape's arena.
struct Dispatch {
  Index rows = 0, choices = 0, experts = 0;
  Index slots = 0;                       // of an expert in a group
  Index bound = 0;                       // no routing of this shape keeps more: the rows of buffers
  const std::int32_t* expert = nullptr;  // (rows, choices)
  const std::int32_t* slot = nullptr;   // (rows, choices): how many asked this expert before; below `slots` it had room
  const std::int32_t* place = nullptr;  // (rows, choices): -1 if dropped
  const std::int32_t* first = nullptr;  // (experts + 1)
  const std::int32_t* pair = nullptr;   // (kept): row * choices + choice, by place
  bool experts_chose = false;  // each expert its rows: nobody else asked, so nothing that fell on it was dropped

  Index kept() const { return first[experts]; }
  Index row(Index place_) const { return pair[place_] / choices; }
};

/// Who asks first: tokens as they come, or those with the largest first weight (batch-priority routing).
enum class ClaimOrder { by_row, by_weight };
constexpr auto names(ClaimOrder) {
  return std::array{"by_row", "by_weight"};
}

/// Rows in `members` blocks of one size. Row n of every block belongs to group n / size, whose rows share slots.
struct Grouping {
  Index size = 0;  // 0: one group
  Index members = 1;
  ClaimOrder order = ClaimOrder::by_row;

  Index rows_of(Index all) const { return size == 0 ? all / members : size; }
};

namespace detail {
/// A row of a group and the weight by which it may go first.
template <Real T> struct Claim {
  T weight;
  std::int32_t turn;
  friend bool operator<(const Claim& a, const Claim& b) {
    return a.weight > b.weight || (a.weight == b.weight && a.turn < b.turn);
  }
};

/// Hands out slots: all first choices in turn, then all second ones, and so on; an expert counts on when it is full.
template <Real T>
void claim_slots(Tape<T>& tape, const Dispatch& d, const T* weights, const Grouping& grouping, std::int32_t* slot) {
  const Index block = d.rows / grouping.members, size = grouping.rows_of(d.rows), turns = size * grouping.members;
  std::int32_t* asked = tape.template scratch<std::int32_t>(d.experts);
  Claim<T>* claims = tape.template scratch<Claim<T>>(turns);
  for (Index start = 0; start < block; start += size) {
    const auto row = [&](Index turn) {
      return turn % grouping.members * block + start + turn / grouping.members;
    };
    std::fill_n(asked, d.experts, 0);
    for (Index t = 0; t < turns; ++t) claims[t] = {weights[row(t) * d.choices], static_cast<std::int32_t>(t)};
    if (grouping.order == ClaimOrder::by_weight) std::sort(claims, claims + turns);
    for (Index j = 0; j < d.choices; ++j)
      for (Index t = 0; t < turns; ++t) {
        const Index at = row(claims[t].turn) * d.choices + j;
        slot[at] = asked[d.expert[at]]++;
      }
  }
}

/// Fills place, first and pair by counting.
template <Real T> void sort_by_expert(Tape<T>& tape, Dispatch& d) {
  std::int32_t* first = tape.template scratch<std::int32_t>(d.experts + 1);
  std::int32_t* next = tape.template scratch<std::int32_t>(d.experts);
  std::int32_t* place = tape.template scratch<std::int32_t>(d.rows * d.choices);
  std::int32_t* pair = tape.template scratch<std::int32_t>(d.bound);
  std::fill_n(first, d.experts + 1, 0);
  for (Index i = 0; i < d.rows * d.choices; ++i)
    if (d.slot[i] < d.slots) ++first[d.expert[i] + 1];
  for (Index e = 0; e < d.experts; ++e) first[e + 1] += first[e];
  std::copy_n(first, d.experts, next);
  for (Index i = 0; i < d.rows * d.choices; ++i) {
    place[i] = d.slot[i] < d.slots ? next[d.expert[i]]++ : -1;
    if (place[i] >= 0) pair[place[i]] = static_cast<std::int32_t>(i);
  }
  d.place = place, d.first = first, d.pair = pair;
}

inline void check_rows(const char* op, Index rows, Index choices, const Grouping& grouping) {
  expect(rows >= 1, op, ": no rows; at least 1 is needed");
  expect(rows * choices <= std::numeric_limits<std::int32_t>::max(), op, ": ", rows, " rows of ", choices,
         " choices; there may be ", std::numeric_limits<std::int32_t>::max(), " choices in all");
  expect<ConfigError>(grouping.size >= 0 && grouping.members >= 1, op, ": groups of ", grouping.size, " rows and ",
                      grouping.members, " members; a size is not negative, and there is at least 1 member");
  expect(rows % grouping.members == 0 && rows / grouping.members % grouping.rows_of(rows) == 0, op, ": ", rows,
         " rows of ", grouping.members, " members do not divide into groups of ", grouping.rows_of(rows), " rows each");
}
}  // namespace detail

/// Sends every row to the experts that it chose, (rows, choices), as far as they have slots. `weights` (rows, choices)
/// are those of the choices; the first ones of the rows order the claims by weight. Earlier rows win ties, and in a
/// group of several members the first of these. The order of a batch is that of the rows whatever the claims, so
/// results where nothing is dropped do not depend on the order of claims. Cost: linear in rows x choices (by weight: a
/// sort). Throws ShapeError for no rows, or rows that do not divide into groups; ConfigError as Capacity. Source:
/// Riquelme et al. 2021, sections 2.2 and 4 (batch-priority routing).
template <Real T>
Dispatch dispatch(Tape<T>& tape, const std::int32_t* expert, const T* weights, Index rows, Index choices, Index experts,
                  const Capacity& capacity, const Grouping& grouping = {}) {
  detail::check_rows("dispatch", rows, choices, grouping);
  const Index in_group = grouping.rows_of(rows) * grouping.members;
  Dispatch d{.rows = rows, .choices = choices, .experts = experts, .slots = capacity.slots(in_group, choices, experts)};
  d.expert = expert;
  d.bound = std::min(rows * choices, rows / in_group * experts * d.slots);
  std::int32_t* slot = tape.template scratch<std::int32_t>(rows * choices);
  detail::claim_slots(tape, d, weights, grouping, slot);
  d.slot = slot;
  detail::sort_by_expert(tape, d);
  return d;
}

/// Expert-choice routing: every expert takes the rows of a group that give it the largest weights, of equal ones the
/// earlier; a row may be taken by none or by all. weights (rows, experts); each row "chooses" all experts, and
/// slots are rows x ratio / experts. Cost: linear in rows x experts on average. Throws as dispatch; ConfigError for
/// several members.
/// Source: Zhou et al. 2022.
template <Real T>
Dispatch expert_choice(Tape<T>& tape, kernels::View<const T> weights, const Capacity& capacity,
                       const Grouping& grouping = {}) {
  const Index rows = weights.rows, experts = weights.cols;
  detail::check_rows("expert_choice", rows, experts, grouping);
  const Index size = grouping.rows_of(rows);
  expect<ConfigError>(grouping.members == 1, "expert_choice: ", grouping.members, " members; it has none");
  Dispatch d{.rows = rows, .choices = experts, .experts = experts, .slots = capacity.slots(size, 1, experts)};
  d.bound = rows / size * experts * d.slots;
  std::int32_t* slot = tape.template scratch<std::int32_t>(rows * experts);
  std::int32_t* expert = tape.template scratch<std::int32_t>(rows * experts);
  detail::Claim<T>* claims = tape.template scratch<detail::Claim<T>>(size);
  for (Index i = 0; i < rows * experts; ++i) expert[i] = static_cast<std::int32_t>(i % experts);
  for (Index start = 0; start < rows; start += size)
    for (Index e = 0; e < experts; ++e) {
      for (Index n = 0; n < size; ++n) claims[n] = {weights(start + n, e), static_cast<std::int32_t>(n)};
      std::nth_element(claims, claims + d.slots - 1, claims + size);
      std::sort(claims, claims + d.slots);
      for (Index n = 0; n < size; ++n) slot[(start + claims[n].turn) * experts + e] = static_cast<std::int32_t>(n);
    }
  d.expert = expert, d.slot = slot, d.experts_chose = true;
  detail::sort_by_expert(tape, d);
  return d;
}

}  // namespace wsym::inline WSYM_SIMD
