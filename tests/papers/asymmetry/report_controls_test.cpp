// SPDX-License-Identifier: MIT
#include "asymmetry/report_controls.hpp"

#include <doctest/doctest.h>

#include "asymmetry/controls.hpp"
#include "papers/asymmetry/studies.hpp"
#include "tools/lab/plain_text.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;
using sample::contains;

namespace {

/// Ensembles of the method itself and of one control that is better by 0.25 in both repetitions.
std::string write_controls(const std::string& folder) {
  Records records = sample::two_models(16, 0.25, 2);
  Cell cell = sample::cell("wmlp");
  cell.variant = "kappa=2";
  sample::add(
      records, cell, 2, 2, [](Index, Index) { return 0.5; },
      [](Index, Index repeat) { return repeat == 0 ? 0.5 : 0.58; });
  Options options;
  options.experiment = "controls";
  options.mask_scope = "shared";
  const std::string text =
      controls_csv(sample::accuracy, compare_controls(sample::accuracy, groups_of(records), options));
  write_file_atomically(folder + "/controls.csv", text);
  return text;
}

}  // namespace

TEST_CASE("report controls: a control stands beside the plain method of its model, which stands beside the plain mlp") {
  const ScratchFolder folder;
  write_controls(folder.path);
  const std::string text = sample::plain(controls_table(folder.path));
  for (const std::string part :
       {"model|variant|of|against|mean ± sd|n|difference|95 % interval|p|",
        "mlp, d = 16|the method itself|single||0.2500 ± 0.0000|2||||", "||ensemble of 2||0.2700 ± 0.0000|2||||",
        "wmlp, d = 16|the method itself|single|mlp|0.2500 ± 0.0000|2|+0.0000|",
        "wmlp, d = 16|kappa=2|single|wmlp|0.5000 ± 0.0000|2|+0.2500|+0.2500 to +0.2500|0.500|",
        "||ensemble of 2|wmlp|0.5400 ± 0.0566|2|+0.2500|−0.2582 to +0.7582|0.500|"})
    CHECK_MESSAGE(contains(text, part), part);
  CHECK(sample::count(text, "kappa=2|") == 1);
}

TEST_CASE("report controls: a folder without them has no table, a broken file is refused") {
  const ScratchFolder folder;
  CHECK(controls_table(folder.path).empty());
  write_file_atomically(folder.path + "/controls.csv", "model,variant\nmlp\n");
  CHECK_THROWS_WITH_AS(controls_table(folder.path), doctest::Contains("controls.csv:2: 1 fields came; 2 are needed"),
                       FormatError);
}
