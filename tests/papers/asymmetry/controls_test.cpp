// SPDX-License-Identifier: MIT
#include "asymmetry/controls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "papers/asymmetry/records.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

Cell wmlp(const std::string& variant = "") {
  Cell cell = sample::cell("wmlp");
  cell.variant = variant;
  return cell;
}

Options asked() {
  Options o;
  o.experiment = "controls";
  o.mask_scope = "shared";
  return o;
}

/// mlp singles 0.5, ensembles 0.6; wmlp 0.1 below and, with kappa 2, 0.2 below plus 0.01 a repetition.
Records three_groups(Index repeats) {
  Records records;
  const auto add = [&](const Cell& cell, auto loss) {
    sample::add(
        records, cell, repeats, 4, [&](Index, Index r) { return 0.5 - loss(r); },
        [&](Index, Index r) { return 0.6 - loss(r); });
  };
  add(sample::cell("mlp"), [](Index) { return 0.0; });
  add(wmlp(), [](Index) { return 0.1; });
  add(wmlp("kappa=2"), [](Index r) { return 0.2 + 0.01 * double(r); });
  return records;
}

const ControlResult& result_of(const std::vector<ControlResult>& results, const Cell& cell) {
  return *std::find_if(results.begin(), results.end(), [&](const ControlResult& result) {
    return result.cell.model == cell.model && result.cell.variant == cell.variant && result.cell.gate == cell.gate;
  });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("controls: a variant is compared with its plain method and with mlp, pair by pair") {
  const Records records = three_groups(5);
  const auto results = compare_controls(sample::accuracy, groups_of(records), asked());
  const ControlResult& control = result_of(results, wmlp("kappa=2"));
  REQUIRE(control.measures.size() == 3);
  const Measure &single = control.measures[0], &ensemble = control.measures[1], &gain = control.measures[2];
  CHECK(single.size == 1);
  CHECK(single.value.mean == doctest::Approx(0.28));
  CHECK(ensemble.size == 4);
  CHECK(gain.metric == "improvement_pct");
  CHECK(gain.value.mean > 35);
  REQUIRE(single.comparisons.size() == 2);
  const Comparison &plain = single.comparisons[0], &mlp = single.comparisons[1];
  CHECK(plain.reference == "wmlp");
  CHECK(plain.difference.mean == doctest::Approx(-0.12));
  CHECK(plain.difference.n == 5);
  CHECK(plain.p_value == doctest::Approx(0.0625));
  const double half = 2.7764451052 * 0.01 * std::sqrt(2.5) / std::sqrt(5.0);
  CHECK(plain.low == doctest::Approx(-0.12 - half));
  CHECK(plain.high == doctest::Approx(-0.12 + half));
  CHECK(mlp.reference == "mlp");
  CHECK(mlp.difference.mean == doctest::Approx(-0.22));
}

TEST_CASE("controls: the plain wmlp is compared with mlp alone, and mlp with nothing") {
  const Records records = three_groups(2);
  const auto results = compare_controls(sample::accuracy, groups_of(records), asked());
  const ControlResult& plain = result_of(results, wmlp());
  REQUIRE(plain.measures[0].comparisons.size() == 1);
  CHECK(plain.measures[0].comparisons[0].reference == "mlp");
  CHECK(plain.shared == "split and mask");
  const ControlResult& mlp = result_of(results, sample::cell("mlp"));
  CHECK(mlp.measures[0].comparisons.empty());
  CHECK(mlp.shared == "split");
}

TEST_CASE("controls: a change of both models is compared with mlp changed likewise, never with the plain one") {
  Records records = three_groups(2);
  const auto add = [&](Cell cell, double metric) {
    const auto value = [=](Index, Index) {
      return metric;
    };
    cell.variant = "weights=last";
    sample::add(records, cell, 2, 4, value, value);
  };
  const auto comparisons = [&] {
    const auto results = compare_controls(sample::accuracy, groups_of(records), asked());
    return result_of(results, wmlp("weights=last")).measures[0].comparisons;
  };
  add(wmlp(), 0.75);
  REQUIRE(comparisons().size() == 1);
  CHECK(comparisons()[0].reference == "wmlp");
  add(sample::cell("mlp"), 0.5);
  REQUIRE(comparisons().size() == 2);
  CHECK(comparisons()[1].reference == "mlp");
  CHECK(comparisons()[1].difference.mean == 0.25);
}

TEST_CASE("controls: masks of a repetition's own are not shared") {
  Records records = three_groups(2);
  const auto half = [](Index, Index) {
    return 0.5;
  };
  sample::add(records, wmlp("mask_scope=repetition"), 2, 4, half, half);
  const auto results = compare_controls(sample::accuracy, groups_of(records), asked());
  CHECK(result_of(results, wmlp("mask_scope=repetition")).shared == "split");
}

TEST_CASE("controls: disjoint groups are compared with the first k, at sizes that have more than one group") {
  Records records = three_groups(2);
  for (auto& [place, cell] : records.cells)
    for (SizeRecord& size : cell.sizes)
      for (View& view : size.views)
        if (view.groups == "disjoint") view.score.metric += 0.05;
  const auto results = compare_controls(sample::accuracy, groups_of(records), asked());
  Cell disjoint = sample::cell("mlp");
  disjoint.variant = "groups=disjoint";
  const ControlResult& result = result_of(results, disjoint);
  REQUIRE(result.measures.size() == 2);
  CHECK(result.measures[0].size == 2);
  CHECK(result.measures[0].metric == "accuracy");
  CHECK(result.measures[0].comparisons[0].difference.mean == doctest::Approx(0.05));
  CHECK(result.measures[1].metric == "improvement_pct");
}

TEST_CASE("controls: a mixture's measure is its metric for each number of experts") {
  Records records;
  const auto add = [&](const char* variant, double metric) {
    Cell cell = sample::mixture("wmlp", 0, 0, "gumbel");
    cell.variant = variant;
    sample::add_mixtures(records, cell, {2, 8}, 3, [&](Index, Index) { return metric; });
  };
  add("", 0.5);
  add("balance=0.01", 0.75);
  Cell mlp = sample::mixture("mlp", 0, 0, "gumbel");
  mlp.variant = "balance=0.01";
  sample::add_mixtures(records, mlp, {8}, 3, [](Index, Index) { return 0.25; });
  sample::add_mixtures(records, sample::mixture("mlp", 0, 0, "softmax"), {8}, 3, [](Index, Index) { return 0.0; });
  const auto results = compare_controls(sample::accuracy, groups_of(records), asked());
  Cell cell = sample::mixture("wmlp", 0, 0, "gumbel");
  cell.variant = "balance=0.01";
  const ControlResult& result = result_of(results, cell);
  REQUIRE(result.measures.size() == 2);
  CHECK(result.measures[0].size == 2);
  CHECK(result.measures[0].comparisons.size() == 1);
  REQUIRE(result.measures[1].comparisons.size() == 2);
  CHECK(result.measures[1].comparisons[0].difference.mean == 0.25);
  CHECK(result.measures[1].comparisons[1].difference.mean == 0.5);
}

TEST_CASE("controls: the plain method is what the options make it") {
  Records records = three_groups(2);
  Options o = asked();
  const auto half = [](Index, Index) {
    return 0.5;
  };
  sample::add(records, wmlp("mask_seed=7"), 2, 4, half, half);
  sample::add(records, wmlp("mask_seed=7;kappa=2"), 2, 4, half, half);
  o.mask_seed = 7;
  const auto results = compare_controls(sample::accuracy, groups_of(records), o);
  const auto& comparisons = result_of(results, wmlp("mask_seed=7;kappa=2")).measures[0].comparisons;
  CHECK(comparisons[0].difference.mean == 0);
  CHECK(comparisons[0].p_value == 1);
}

TEST_CASE("controls: the csv has a row for each comparison, with empty fields where nothing is defined") {
  const Records records = three_groups(1);
  const std::string text =
      controls_csv(sample::accuracy, compare_controls(sample::accuracy, groups_of(records), asked()));
  CHECK(text.rfind(
            "dataset,preset,variant,model,gate,hidden,size,metric,mean,sd,n,reference,difference,difference_sd,low,"
            "high,p_value,pairs,shared\n",
            0) == 0);
  CHECK(contains(text, "\ndigits,text,,mlp,,16,1,accuracy,0.5,,1,,,,,,,0,split\n"));
  CHECK(contains(text, "\ndigits,text,,wmlp,,16,1,accuracy,0.4,,1,mlp,-0.09999999999999998,,,,1,1,split and mask\n"));
  CHECK(contains(text, "\ndigits,text,kappa=2,wmlp,,16,4,accuracy,"));
}

TEST_CASE("controls: what is printed names each control, its difference, and what repetitions share") {
  const Records records = three_groups(5);
  const std::string text =
      printed_controls(sample::accuracy, compare_controls(sample::accuracy, groups_of(records), asked()));
  for (const char* part : {"wmlp, hidden 16, kappa=2\n  single", "ensemble of 4  ", "ensemble of 4, gain in %",
                           "; difference -0.1200 [-0.1396, -0.1004], p 0.0625\n", "All repetitions share one split",
                           "mlp, hidden 16, groups=disjoint\n  ensemble of 2"}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
}
