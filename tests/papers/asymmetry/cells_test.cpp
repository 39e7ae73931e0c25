// SPDX-License-Identifier: MIT
#include "asymmetry/cells.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "papers/asymmetry/records.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

Options asked(const std::string& experiment) {
  Options o;
  o.experiment = experiment;
  o.hidden = {64};
  o.repeats = 1;
  o.mask_scope = "shared";
  o.experts = {8};
  o.controls = control_names();
  return o;
}

/// The variants of a model's cells, in order.
std::vector<std::string> variants(const std::vector<Cell>& cells, const std::string& model, bool mixtures) {
  std::vector<std::string> list;
  for (const Cell& cell : cells)
    if (cell.model == model && cell.mixture() == mixtures && cell.gate != "gumbel") list.push_back(cell.variant);
  return list;
}

}  // namespace

TEST_CASE("cells: ensembles come by width, repetition and model; only a wmlp can be a variant") {
  Options o = asked("ensemble");
  o.hidden = {16, 64};
  o.repeats = 2;
  const std::vector<Cell> cells = cells_of(o, 8);
  REQUIRE(cells.size() == 8);
  CHECK(describe(cells[0]) == "mlp, hidden 16, repetition 0");
  CHECK(describe(cells[1]) == "wmlp, hidden 16, repetition 0");
  CHECK(describe(cells[7]) == "wmlp, hidden 64, repetition 1");
  o.mask_scope = "member";
  o.mask_seed = 7;
  CHECK(cells_of(o, 8)[0].variant.empty());
  CHECK(cells_of(o, 8)[1].variant == "mask_scope=member;mask_seed=7");
  o.preset = "code";
  CHECK(cells_of(o, 8)[1].variant == "mask_seed=7");
}

TEST_CASE("cells: mixtures come by repetition, the largest first, then by gate and model") {
  Options o = asked("moe");
  o.models = {"mlp", "iwmlp"};
  o.experts = {2, 4};
  o.repeats = 2;
  const std::vector<Cell> cells = cells_of(o, 8);
  REQUIRE(cells.size() == 16);
  CHECK(describe(cells[0]) == "mlp, hidden 64, softmax gate, 4 experts, repetition 0");
  CHECK(describe(cells[3]) == "iwmlp, hidden 64, gumbel gate, 4 experts, repetition 0");
  CHECK(describe(cells[4]) == "mlp, hidden 64, softmax gate, 2 experts, repetition 0");
  CHECK(cells[15].repeat == 1);
  CHECK(std::all_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.experiment == "moe"; }));
}

TEST_CASE("cells: options of the gate make variants of the mixtures that they touch") {
  Options o = asked("moe");
  o.models = {"mlp", "imlp"};
  o.temperature = 0.5;
  o.gate_samples = 3;
  o.moie_average = "outputs";
  const std::vector<Cell> cells = cells_of(o, 8);
  REQUIRE(cells.size() == 4);
  CHECK(cells[0].variant.empty());
  CHECK(cells[1].variant.empty());
  CHECK(cells[2].variant == "temperature=0.5;gate_samples=3");
  CHECK(cells[3].variant == "temperature=0.5;gate_samples=3;moie_average=outputs");
}

TEST_CASE("cells: the experts of a mixture always share a mask, so scope member means repetition") {
  Options o = asked("moe");
  o.models = {"wmlp"};
  o.mask_scope = "member";
  CHECK(cells_of(o, 8)[0].variant == "mask_scope=repetition");
  o.preset = "code";
  CHECK(cells_of(o, 8)[0].variant.empty());
  CHECK(method_of(o, cells_of(o, 8)[0]).mask_scope == "repetition");
  o.mask_scope = "shared";
  CHECK(cells_of(o, 8)[0].variant == "mask_scope=shared");
}

TEST_CASE("cells: controls change one thing each; what equals the plain method is not run twice") {
  using List = std::vector<std::string>;
  const std::vector<Cell> cells = cells_of(asked("controls"), 8);
  CHECK(variants(cells, "mlp", false) == List{"", "weights=last"});
  CHECK(variants(cells, "wmlp", false) ==
        List{"", "mask_scope=repetition", "mask_scope=member", "mask_seed=1", "mask_seed=2", "mask_seed=3",
             "kappa=0.25", "kappa=0.5", "kappa=2", "kappa=free", "frozen=same_rows", "frozen=whole_rows",
             "frozen=trainable", "n_fix=0", "n_fix=1", "n_fix=2", "n_fix=4", "weights=last"});
  for (const char* model : {"mlp", "wmlp"})
    CHECK(variants(cells, model, true) == List{"", "weight_decay=0.09", "weight_decay=0.3", "expert_dropout=0.1",
                                               "expert_dropout=0.3", "balance=0.01", "balance=0.1"});
  CHECK(variants(cells_of(asked("controls"), 64), "wmlp", false).size() == 20);
}

TEST_CASE("cells: controls are against what the options make the plain method") {
  Options o = asked("controls");
  o.preset = "code";
  o.mask_scope = "member";
  o.controls = {"mask_scope", "weights"};
  o.mask_seed = 5;
  const std::vector<Cell> cells = cells_of(o, 8);
  CHECK(variants(cells, "wmlp", false) == std::vector<std::string>{"mask_seed=5", "mask_scope=shared;mask_seed=5",
                                                                   "mask_scope=repetition;mask_seed=5",
                                                                   "mask_seed=5;weights=best"});
}

TEST_CASE("cells: a control alone brings the networks that it is about and no others") {
  Options o = asked("controls");
  o.controls = {"balance"};
  for (const Cell& cell : cells_of(o, 8)) CHECK(cell.mixture());
  o.controls = {"kappa"};
  for (const Cell& cell : cells_of(o, 8)) CHECK_FALSE(cell.mixture());
}

TEST_CASE("cells: a variant's text is read back into the method; unknown keys are refused") {
  Cell cell = sample::cell("wmlp");
  cell.variant = "mask_scope=member;kappa=free";
  Options o = asked("ensemble");
  const Method method = method_of(o, cell);
  CHECK(method.mask_scope == "member");
  CHECK(method.kappa == "free");
  CHECK(method.weights == "best");
  CHECK(method.weight_decay == "0.03");
  o.preset = "code";
  CHECK(method_of(o, cell).weights == "last");
  for (const char* bad : {"colour=red", "kappa", "mask_scope=member;n_fix"}) {
    cell.variant = bad;
    CHECK_THROWS_WITH_AS(method_of(o, cell), doctest::Contains("is no pair of a known key and a value"), FormatError);
  }
}

TEST_CASE("cells: a variant is known only in the form in which programs write it") {
  for (const char* const text : {"", "mask_scope=member", "mask_seed=18446744073709551615", "kappa=free;n_fix=16",
                                 "weight_decay=0.09", "weights=last;weight_decay=1e-05", "temperature=1;balance=0.01"})
    CHECK(known_variant(text) == text);
  for (const char* const text :
       {"kappa", "kappa=", "=1", "kappa=0.50", "kappa=nan", "kappa=1;", ";kappa=1", "kappa=1;kappa=1",
        "n_fix=1;kappa=1", "mask_scope=all", "frozen=0.5", "kappa=x`touch PWNED`", "groups=disjoint", "kappa=1\n"})
    CHECK_THROWS_AS(known_variant(text), FormatError);
  CHECK_THROWS_WITH_AS(known_variant("kappa=1;weights=first"),
                       "variant 'kappa=1;weights=first': 'weights=first' is no pair of a known key and a value of its "
                       "own, in order",
                       FormatError);
}
