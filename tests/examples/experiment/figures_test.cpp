// SPDX-License-Identifier: MIT
#include "experiment/figures.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "examples/experiment/records.hpp"
#include "examples/experiment/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::experiment;

namespace {

Records two_widths(Index members = 4) {
  Records records;
  for (const Index width : {16, 32})
    for (const char* model : {"mlp", "wmlp"})
      sample::add(
          records, sample::cell(model, width), 2, members, [](Index, Index r) { return r == 0 ? 0.5 : 0.75; },
          [](Index k, Index) { return k == 2 ? 0.75 : 0.9375; });
  return records;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

/// PATH is another one for the life of this object.
struct Path {
  explicit Path(const char* value) : before(getenv("PATH")) { setenv("PATH", value, 1); }
  Path(const Path&) = delete;
  ~Path() { setenv("PATH", before.c_str(), 1); }
  std::string before;
};

}  // namespace

TEST_CASE("figures: a block of data for each group, its first row the single network") {
  const Records records = two_widths();
  const std::vector<Group> groups = groups_of(records);
  const std::string improvement = figure_data(sample::accuracy, Figure::improvement, groups, {});
  CHECK(improvement.rfind("# MLP, d = 16, 2 repetitions: size, value, sd\n1 0 0\n2 20 0\n4 50 0\n\n\n", 0) == 0);
  CHECK(contains(improvement, "# WMLP, d = 32"));
  CHECK(contains(figure_data(sample::accuracy, Figure::absolute, groups, {}),
                 "\n1 0.625 0.1767766952966369\n2 0.75 0\n"));
}

TEST_CASE("figures: the script has a panel for each width, ticks at the sizes, axes with units and the repetitions") {
  const Records records = two_widths();
  const std::vector<Group> groups = groups_of(records);
  const std::string script =
      figure_script(sample::rmse, Figure::absolute, "figure3", {"California \"housing\"", "Test", "$100k"}, groups);
  for (const char* part :
       {"set logscale x 2\n", "set xtics (2, 4)", "set xlabel 'Ensemble size'", "\"RMSE ($100k)\"",
        "set multiplot layout 1,2", "California \\\"housing\\\"\\nTest, mean ± sd over 2 repetitions",
        "set title 'd = 16'", "set title 'd = 32'", "index 3", "single WMLP", "filledcurves"})
    CHECK_MESSAGE(contains(script, part), part);
  const std::string gain = figure_script(sample::rmse, Figure::improvement, "figure1", {"T", "S", ""}, groups);
  CHECK(contains(gain, "Improvement (%)"));
  CHECK_FALSE(contains(gain, "filledcurves"));
}

TEST_CASE("figures: without gnuplot one line says what to install, and scripts and data are there") {
  const ScratchFolder out;
  const Path nowhere("/nonexistent");
  const Records records = two_widths();
  const std::string said = draw_figures(sample::accuracy, out.path + "/figures", "Digits", "", groups_of(records), {});
  CHECK(contains(said, "apt-get install gnuplot-nox"));
  for (const char* name : {"figure1.gp", "figure1.dat"}) CHECK(std::filesystem::exists(out.path + "/figures/" + name));
}

TEST_CASE("figures: where there is gnuplot, both are drawn") {
  const ScratchFolder out;
  const Records records = two_widths();
  const std::string said = draw_figures(sample::accuracy, out.path, "Digits", "", groups_of(records), {});
  if (contains(said, "not installed")) return;
  CHECK(said == "figures: " + out.path + "/figure1.svg, " + out.path + "/figure3.svg");
  for (const char* name : {"figure1.svg", "figure3.svg", "figure1.png", "figure3.png"})
    CHECK(std::filesystem::file_size(out.path + "/" + name) > 1000);
}

TEST_CASE("figures: a gnuplot that fails is reported with its log") {
  const ScratchFolder out;
  const std::string fake = out.path + "/gnuplot";
  write_file_atomically(fake, "#!/bin/sh\nexit 1\n");
  std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
  const Path path((out.path + ":/bin:/usr/bin").c_str());
  const Records records = two_widths();
  CHECK(draw_figures(sample::accuracy, out.path + "/f", "Digits", "", groups_of(records), {}) ==
        "no figures: gnuplot failed, see " + out.path + "/f/gnuplot.log");
}

TEST_CASE("figures: single networks alone are no ensembles to draw") {
  const ScratchFolder out;
  Records records;
  const auto half = [](Index, Index) {
    return 0.5;
  };
  sample::add(records, sample::cell(), 1, 1, half, half);
  CHECK(draw_figures(sample::accuracy, out.path, "Digits", "", groups_of(records), {}) ==
        "no figures: they need ensembles, of two members at least");
}
