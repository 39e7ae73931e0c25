// SPDX-License-Identifier: MIT
#include "asymmetry/summary.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "papers/asymmetry/records.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

/// Singles 0.50, 0.52, .. and ensembles that gain with their size; each repetition 0.1 higher.
Records two_repeats(Index members = 4) {
  Records records;
  sample::add(
      records, sample::cell(), 2, members, [](Index m, Index r) { return 0.5 + 0.02 * double(m) + 0.1 * double(r); },
      [](Index k, Index r) { return 0.6 + 0.01 * double(k) + 0.1 * double(r); });
  return records;
}

}  // namespace

TEST_CASE("summary: the improvement is positive when better, and is the paper's for its own numbers") {
  CHECK(improvement_pct(sample::rmse, 0.532873, 0.521071) == doctest::Approx(2.2148).epsilon(1e-4));
  CHECK(improvement_pct(sample::accuracy, 0.8, 0.84) == doctest::Approx(5));
  CHECK(improvement_pct(sample::accuracy, 0.8, 0.8) == 0);
}

TEST_CASE("summary: size 1 is the mean of the single networks, averaged over repetitions") {
  const Records records = two_repeats();
  const std::vector<Group> groups = groups_of(records);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].sizes() == std::vector<Index>{1, 2, 4});
  const SizeSummary single = summarise(sample::accuracy, groups[0], 1, {});
  CHECK(single.metric.mean == doctest::Approx(0.58));
  CHECK(single.metric.sd == doctest::Approx(0.1 / std::sqrt(2)));
  CHECK(single.metric.n == 2);
  CHECK(single.improvement == 0);
}

TEST_CASE("summary: an ensemble's improvement is the ratio of means against all members") {
  const Records records = two_repeats();
  const SizeSummary two = summarise(sample::accuracy, groups_of(records)[0], 2, {});
  CHECK(two.metric.mean == doctest::Approx(0.67));
  CHECK(two.improvement == doctest::Approx(100 * (0.67 - 0.58) / 0.58));
  CHECK(two.averaged_metric.mean == doctest::Approx(0.3));
  CHECK(two.loss.mean == doctest::Approx(0.4));
}

TEST_CASE("summary: the view chooses among what the journal holds") {
  Records records = two_repeats();
  for (auto& [place, cell] : records.cells) cell.sizes[0].views[3].score.metric = 0.9;
  const Group group = groups_of(records)[0];
  CHECK(summarise(sample::accuracy, group, 2, {"disjoint", "probabilities"}).metric.mean == doctest::Approx(0.9));
  CHECK(summarise(sample::accuracy, group, 2, {"disjoint", "logits"}).metric.mean == doctest::Approx(0.67));
}

TEST_CASE("summary: diverged members are in no average, and a size that lacks members counts fewer repetitions") {
  Records records = two_repeats();
  MemberRecord& bad = records.members.at({sample::cell(), 3});
  bad.diverged = true;
  bad.test = {};
  CellRecord& cell = records.cells.at({sample::cell(), 4});
  cell.healthy = 3;
  cell.sizes.pop_back();
  const Group group = groups_of(records)[0];
  CHECK(group.diverged.size() == 1);
  CHECK(summarise(sample::accuracy, group, 1, {}).metric.mean == doctest::Approx((0.52 + 0.63) / 2));
  const SizeSummary four = summarise(sample::accuracy, group, 4, {});
  CHECK(four.metric.n == 1);
  CHECK(four.improvement == doctest::Approx(100 * (0.74 - 0.63) / 0.63));
}

TEST_CASE("summary: of several numbers of members the one that most repetitions have counts") {
  Records records = two_repeats(4);
  sample::add(
      records, sample::cell(), 1, 8, [](Index, Index) { return 0.5; }, [](Index, Index) { return 0.5; });
  CHECK(groups_of(records)[0].members == 4);
  sample::add(
      records, sample::cell(), 2, 8, [](Index, Index) { return 0.5; }, [](Index, Index) { return 0.5; });
  CHECK(groups_of(records)[0].members == 8);
}

TEST_CASE("summary: groups come in the order of variant, width and model, and a missing member is an error") {
  Records records;
  const auto half = [](Index, Index) {
    return 0.5;
  };
  for (const Cell& cell : {sample::cell("wmlp", 16), sample::cell("mlp", 128), sample::cell("mlp", 16),
                           Cell{"ensemble", "mask_scope=member", 16, "wmlp", 0}})
    sample::add(records, cell, 1, 2, half, half);
  const std::vector<Group> groups = groups_of(records);
  REQUIRE(groups.size() == 4);
  CHECK(describe(groups[0].cell) == "mlp, hidden 16, repetition 0");
  CHECK(describe(groups[1].cell) == "wmlp, hidden 16, repetition 0");
  CHECK(describe(groups[2].cell) == "mlp, hidden 128, repetition 0");
  CHECK(groups[3].cell.variant == "mask_scope=member");
  records.members.erase({sample::cell("mlp", 16), 1});
  CHECK_THROWS_WITH_AS(groups_of(records),
                       "journal: mlp, hidden 16, repetition 0 is finished with 2 members, but the line of member 1 is "
                       "missing",
                       FormatError);
}

TEST_CASE("summary: mixtures of one gate and model are one group, whose sizes are numbers of experts") {
  Records records;
  const auto metric = [](Index experts, Index r) {
    return 0.8 + 0.01 * double(experts) + 0.1 * double(r);
  };
  for (const char* gate : {"softmax", "gumbel"})
    sample::add_mixtures(records, sample::mixture("mlp", 0, 0, gate), {2, 8}, 2, metric);
  const std::vector<Group> groups = groups_of(records);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].cell.gate == "gumbel");
  CHECK(groups[1].cell.gate == "softmax");
  CHECK(groups[1].sizes() == std::vector<Index>{2, 8});
  const SizeSummary two = summarise(sample::accuracy, groups[1], 2, {}),
                    eight = summarise(sample::accuracy, groups[1], 8, {});
  CHECK(two.metric.mean == doctest::Approx(0.87));
  CHECK(two.improvement == 0);
  CHECK(eight.metric.n == 2);
  CHECK(eight.improvement == doctest::Approx(100 * 0.06 / 0.87));
}

TEST_CASE("summary: a mixture improves on two experts of the same repetitions alone") {
  Records records;
  sample::add_mixtures(records, sample::mixture(), {2}, 2, [](Index, Index r) { return r == 0 ? 0.5 : 0.9; });
  sample::add_mixtures(records, sample::mixture(), {4}, 1, [](Index, Index) { return 0.6; });
  CHECK(summarise(sample::accuracy, groups_of(records)[0], 4, {}).improvement == doctest::Approx(20));
  MemberRecord& pair = records.members.at({sample::mixture(), 0});
  pair.diverged = true;
  CHECK(std::isnan(summarise(sample::accuracy, groups_of(records)[0], 4, {}).improvement));
}
