// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/dispatch.hpp"

#include "ops/dispatches.hpp"

using namespace wsym;
using Rounding = Capacity::Rounding;

namespace {
std::vector<std::int32_t> list(const std::int32_t* p, Index n) {
  return {p, p + n};
}
/// A capacity of so many slots for these rows, choices and experts.
Capacity slots(Index wanted, Index rows, Index choices, Index experts) {
  return {static_cast<double>(wanted * experts) / static_cast<double>(rows * choices)};
}

/// What must hold of every dispatch, and that it agrees with the plain loops.
template <Real T> void check_dispatch(const Dispatch& d, const reference::Claims& claims) {
  Index kept = 0;
  std::vector<Index> batch(static_cast<std::size_t>(d.experts));
  for (Index n = 0; n < d.rows; ++n)
    for (Index j = 0; j < d.choices; ++j) {
      const auto& claim = claims[static_cast<std::size_t>(n)][static_cast<std::size_t>(j)];
      const Index i = n * d.choices + j;
      REQUIRE(d.expert[i] == claim.expert);
      REQUIRE(d.slot[i] == claim.slot);
      REQUIRE((d.place[i] >= 0) == claim.kept);
      if (!claim.kept) continue;
      REQUIRE(d.pair[d.place[i]] == i);
      REQUIRE(d.row(d.place[i]) == n);
      ++batch[static_cast<std::size_t>(d.expert[i])];
      ++kept;
    }
  REQUIRE(d.kept() == kept);
  REQUIRE(kept <= d.bound);
  REQUIRE(d.first[0] == 0);
  for (Index e = 0; e < d.experts; ++e) {
    REQUIRE(d.first[e + 1] - d.first[e] == batch[static_cast<std::size_t>(e)]);
    for (Index p = d.first[e]; p < d.first[e + 1]; ++p) {
      REQUIRE(d.expert[d.pair[p]] == e);
      REQUIRE((p == d.first[e] || d.row(p) > d.row(p - 1)));  // in the order of the rows
    }
  }
}

template <Real T> void compare(const Tensor<T>& gates, Index k, const Capacity& capacity, const Grouping& grouping) {
  Tape<T> tape;
  const Dispatch d = test::dispatch_gates(tape, gates, k, capacity, grouping);
  std::vector<std::vector<reference::Position>> chosen;
  reference::Vector first;
  for (Index n = 0; n < gates.rows(); ++n) {
    chosen.push_back(reference::largest(reference::matrix(gates), n, k));
    first.push_back(static_cast<double>(gates(n, chosen.back()[0])));
  }
  const Index size = grouping.rows_of(gates.rows());
  CHECK(d.slots == capacity.slots(size * grouping.members, k, gates.cols()));
  check_dispatch<T>(d, reference::dispatch(chosen, first, gates.cols(), d.slots, size, grouping.members,
                                           grouping.order == ClaimOrder::by_weight));
}
}  // namespace

TEST_CASE("capacity: the spec's slots, rounded up, to a multiple of 4, and to the nearest") {
  struct Case {
    Index rows, choices, experts;
    double ratio;
    Index up, fours, nearest;
  };
  for (const Case& c : {Case{1160, 2, 32, 1.5, 109, 112, 109}, Case{1160, 1, 32, 1.05, 39, 40, 38},
                        Case{290, 2, 32, 1.5, 28, 28, 27}, Case{34, 1, 8, 1.5, 7, 8, 6}, Case{10, 2, 4, 1, 5, 8, 5}}) {
    CHECK(Capacity{c.ratio}.slots(c.rows, c.choices, c.experts) == c.up);
    CHECK(Capacity{c.ratio, Rounding::up, 4}.slots(c.rows, c.choices, c.experts) == c.fours);
    CHECK(Capacity{c.ratio, Rounding::nearest}.slots(c.rows, c.choices, c.experts) == c.nearest);
  }
}

TEST_CASE("capacity: a ratio that misses a whole number by rounding is that number, and rows bound it") {
  CHECK(Capacity{1.1}.slots(10, 2, 2) == 10);
  CHECK(Capacity{1.1}.slots(100, 1, 10) == 11);  // 100 x 1.1 / 10 is a little more than 11
  CHECK(Capacity{8}.slots(10, 2, 4) == 10);
  CHECK(Capacity{1, Rounding::up, 64}.slots(10, 1, 2) == 10);
  CHECK(Capacity{}.slots(10, 1, 1000) == 10);
  CHECK(Capacity{dropless}.slots(1, 1, 1) == 1);
}

TEST_CASE("capacity: less than one slot is refused with its numbers") {
  CHECK_THROWS_WITH_AS((Capacity{0.5, Rounding::nearest}.slots(4, 1, 8)),
                       "Capacity: ratio 0.5 for 4 rows, 1 choices and 8 experts gives 0.25 slots; at least 1 is needed",
                       ConfigError);
  for (const double ratio : {0.0, -1.0, std::nan("")})
    CHECK_THROWS_AS((void)Capacity{ratio}.slots(4, 1, 8), ConfigError);
  CHECK_THROWS_WITH_AS((Capacity{1, Rounding::up, 0}.slots(4, 1, 8)), "Capacity: multiple of 0; it must be at least 1",
                       ConfigError);
}

TEST_CASE_TEMPLATE("dispatch: the spec's four tokens, as they come and by weight", T, float, double) {
  const Tensor<T> gates = test::four_tokens<T>();
  Tape<T> tape;
  const Capacity two = slots(2, 4, 2, 3);
  const Dispatch vanilla = test::dispatch_gates(tape, gates, 2, two);
  CHECK(list(vanilla.expert, 8) == std::vector<std::int32_t>{0, 1, 1, 2, 0, 1, 0, 1});
  CHECK(list(vanilla.slot, 8) == std::vector<std::int32_t>{0, 1, 0, 0, 1, 2, 2, 3});
  CHECK(test::worst_error(test::kept_weights(vanilla, gates),
                          std::vector{.5, .3, 0., 0., .6, .25, .45, 0., 0., 0., 0., 0.}) < test::tolerance<T>);

  const Dispatch by_weight = test::dispatch_gates(tape, gates, 2, two, {.order = ClaimOrder::by_weight});
  CHECK(list(by_weight.slot, 8) == std::vector<std::int32_t>{1, 2, 0, 0, 2, 3, 0, 1});
  CHECK(test::worst_error(test::kept_weights(by_weight, gates),
                          std::vector{.5, 0., 0., 0., .6, .25, 0., 0., 0., .7, .2, 0.}) < test::tolerance<T>);

  const Capacity one = slots(1, 4, 1, 3);
  CHECK(test::worst_error(test::kept_weights(test::dispatch_gates(tape, gates, 1, one), gates),
                          std::vector{.5, 0., 0., 0., .6, 0., 0., 0., 0., 0., 0., 0.}) < test::tolerance<T>);
  CHECK(test::worst_error(
            test::kept_weights(test::dispatch_gates(tape, gates, 1, one, {.order = ClaimOrder::by_weight}), gates),
            std::vector{0., 0., 0., 0., .6, 0., 0., 0., 0., .7, 0., 0.}) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("dispatch: random routings agree with plain loops, pair by pair", T, float, double) {
  for (const ClaimOrder order : {ClaimOrder::by_row, ClaimOrder::by_weight})
    for (const Index rows : {1, 3, 7, 12, 65})
      for (const Index experts : {1, 2, 5, 17})
        for (const Index k : {Index(1), Index(2), experts})
          for (const double ratio : {0.3, 1.0, 1.5, dropless}) {
            if (k > experts) continue;
            CAPTURE(rows);
            CAPTURE(experts);
            CAPTURE(k);
            CAPTURE(ratio);
            compare(test::random_gates<T>(rows, experts, Key(7).child(rows * experts + k)), k, {ratio},
                    {.order = order});
          }
}

TEST_CASE_TEMPLATE("dispatch: groups and members share slots as in plain loops", T, float, double) {
  for (const ClaimOrder order : {ClaimOrder::by_row, ClaimOrder::by_weight})
    for (const Index members : {1, 2, 3})
      for (const Index size : {0, 1, 5, 15})
        for (const double ratio : {0.5, 1.0, dropless})
          compare(test::random_gates<T>(15 * members, 4, Key(8)), 2, {ratio}, {size, members, order});
}

TEST_CASE_TEMPLATE("dispatch: all rows to one expert, one slot, and rows that weigh the same", T, float, double) {
  Tensor<T> gates({9, 4});
  for (Index n = 0; n < 9; ++n) gates(n, 2) = 1;
  for (const ClaimOrder order : {ClaimOrder::by_row, ClaimOrder::by_weight})
    for (const Capacity& capacity : {Capacity{}, slots(1, 9, 1, 4), slots(3, 9, 1, 4)})
      compare(gates, 1, capacity, {.order = order});
  Tape<T> tape;
  const Dispatch d = test::dispatch_gates(tape, gates, 1, slots(3, 9, 1, 4), {.order = ClaimOrder::by_weight});
  CHECK(list(d.pair, d.kept()) == std::vector<std::int32_t>{0, 1, 2});  // earlier rows win ties
  CHECK(list(d.first, 5) == std::vector<std::int32_t>{0, 0, 0, 3, 3});  // three empty experts
}

TEST_CASE_TEMPLATE("dispatch: enough slots are dropless, and then the order of claims changes no place", T, float,
                   double) {
  Tape<T> tape;
  const Tensor<T> gates = test::random_gates<T>(33, 6, Key(9));
  const Dispatch all = test::dispatch_gates(tape, gates, 2, {});
  CHECK(all.kept() == 66);
  for (const ClaimOrder order : {ClaimOrder::by_row, ClaimOrder::by_weight}) {
    const Dispatch d = test::dispatch_gates(tape, gates, 2, slots(33, 33, 2, 6), {.order = order});
    CHECK(list(d.place, 66) == list(all.place, 66));
    CHECK(list(d.pair, 66) == list(all.pair, 66));
    CHECK(list(d.first, 7) == list(all.first, 7));
  }
}

TEST_CASE_TEMPLATE("dispatch: unusable rows and groups are refused", T, float, double) {
  Tape<T> tape;
  const Tensor<T> gates = test::random_gates<T>(6, 2, Key(1));
  CHECK_THROWS_WITH_AS(test::dispatch_gates(tape, Tensor<T>({0, 2}), 1, {}), "dispatch: no rows; at least 1 is needed",
                       ShapeError);
  CHECK_THROWS_WITH_AS(test::dispatch_gates(tape, gates, 1, {}, {.size = 4}),
                       "dispatch: 6 rows of 1 members do not divide into groups of 4 rows each", ShapeError);
  CHECK_THROWS_WITH_AS(test::dispatch_gates(tape, gates, 1, {}, {.size = 2, .members = 2}),
                       "dispatch: 6 rows of 2 members do not divide into groups of 2 rows each", ShapeError);
  CHECK_THROWS_AS(test::dispatch_gates(tape, gates, 1, {}, {.members = 4}), ShapeError);
  CHECK_THROWS_WITH_AS(
      test::dispatch_gates(tape, gates, 1, {}, {.size = -1}),
      "dispatch: groups of -1 rows and 1 members; a size is not negative, and there is at least 1 member", ConfigError);
}

TEST_CASE_TEMPLATE("expert_choice: the spec's four tokens, two slots", T, float, double) {
  const Tensor<T> gates = test::four_tokens<T>();
  Tape<T> tape;
  const Dispatch d = expert_choice<T>(tape, {gates.data(), 4, 3, 3}, slots(2, 4, 1, 3));
  CHECK(test::worst_error(test::kept_weights(d, gates), std::vector{.5, 0., .2, 0., .6, .25, 0., .35, 0., .7, 0., 0.}) <
        test::tolerance<T>);
  CHECK(list(d.first, 4) == std::vector<std::int32_t>{0, 2, 4, 6});
  CHECK(d.experts_chose);
  CHECK_FALSE(test::dispatch_gates(tape, gates, 1, {}).experts_chose);
}

TEST_CASE_TEMPLATE(
    "expert_choice: every expert takes its rows of largest gate in each group, and the earlier of equal ones", T, float,
    double) {
  for (const Index size : {0, 1, 4, 12})
    for (const double ratio : {0.5, 1.0, 2.0, dropless}) {
      Tensor<T> gates = test::random_gates<T>(12, 5, Key(3));
      for (Index n = 0; n < 12; ++n) gates(n, 3) = T(0.2);
      Tape<T> tape;
      const Dispatch d = expert_choice<T>(tape, {gates.data(), 12, 5, 5}, {ratio}, {size});
      const Index rows = size == 0 ? 12 : size;
      for (Index e = 0; e < 5; ++e) {
        REQUIRE(d.first[e + 1] - d.first[e] == d.slots * 12 / rows);
        for (Index n = 0; n < 12; ++n) {
          Index before = 0;
          for (Index other = n / rows * rows; other < (n / rows + 1) * rows; ++other)
            before += gates(other, e) > gates(n, e) || (gates(other, e) == gates(n, e) && other < n);
          if (before < d.slots) REQUIRE(d.slot[n * 5 + e] == before);
          REQUIRE((d.place[n * 5 + e] >= 0) == (before < d.slots));
        }
      }
    }
}

TEST_CASE_TEMPLATE("expert_choice: no rows, or members, are refused", T, float, double) {
  Tape<T> tape;
  const Tensor<T> gates({4, 2});
  CHECK_THROWS_WITH_AS(expert_choice<T>(tape, {gates.data(), 0, 2, 2}, {}),
                       "expert_choice: no rows; at least 1 is needed", ShapeError);
  CHECK_THROWS_WITH_AS(expert_choice<T>(tape, {gates.data(), 4, 2, 2}, {}, {.members = 2}),
                       "expert_choice: 2 members; it has none", ConfigError);
  CHECK_THROWS_WITH_AS(
      expert_choice<T>(tape, {gates.data(), 4, 2, 2}, {}, {.members = 0}),
      "expert_choice: groups of 0 rows and 0 members; a size is not negative, and there is at least 1 member",
      ConfigError);
  CHECK_THROWS_WITH_AS(expert_choice<T>(tape, {gates.data(), 4, 2, 2}, {}, {.members = 8}),
                       "expert_choice: 4 rows of 8 members do not divide into groups of 0 rows each", ShapeError);
}
