// SPDX-License-Identifier: MIT
#include "sparse_ensembles/plots.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "lab/gnuplot.hpp"
#include "sparse_ensembles/figures.hpp"
#include "sparse_ensembles/maker.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/core/error.hpp"
#include "wsym/io/atomic_file.hpp"
#include "wsym/io/file.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;
using lab::Drawn;

namespace {
/// What gnuplot makes of a script; empty where it is not installed.
std::string drawing(const std::string& name, const std::string& script) {
  const ScratchFolder folder;
  write_file_atomically(folder.path + "/" + name + ".gp", script);
  const Drawn drawn = lab::run_gnuplot(folder.path, name);
  if (drawn == Drawn::no_gnuplot) {
    MESSAGE("gnuplot is not installed: skipped");
    return "";
  }
  REQUIRE_MESSAGE(drawn == Drawn::yes, read_file(folder.path + "/" + name + ".log"));
  return read_file(folder.path + "/" + name + ".svg");
}
}  // namespace

TEST_CASE("plot: gnuplot draws its series with their labels, quotes and all") {
  const Plot plot{"p",
                  "NLL of \"all\"",
                  "FLOPs",
                  "NLL",
                  true,
                  false,
                  {{"moe", {{1e3, 0.5, 0.01}, {1e4, 0.4, 0}}},
                   {"e3 'two'", {{2e3, 0.3, 0.02}}, Plot::Style::points},
                   {"front", {{1e3, 0.5, 0.01}, {2e3, 0.3, 0.02}}, Plot::Style::line}}};
  const std::string script = script_of(plot), svg = drawing("p", script);
  const auto first = script.find("using", script.find("plot "));
  CHECK(script.find("$s2 using 1:2 with lines") == first - 4);  // beneath the others
  if (svg.empty()) return;
  for (const char* text : {"NLL of \"all\"", "FLOPs", "moe", "e3 'two'", "front"}) {
    CAPTURE(text);
    CHECK(svg.find(text) != std::string::npos);
  }
}

TEST_CASE("heat map: gnuplot writes its values; a cell without one stays blank") {
  const HeatMap map{"m", "Map", "K", "M", {"1", "2"}, {"1", "2"}, {{0.1234, 2}, {NAN, 3}}, 2};
  const std::string script = script_of(map), svg = drawing("m", script);
  CHECK(script.find("nan") == std::string::npos);
  if (!svg.empty()) CHECK(svg.find("0.12") != std::string::npos);
}

TEST_CASE("heat map: one value is enough, none is refused") {
  const HeatMap one{"m", "Map", "K", "M", {"1"}, {"1"}, {{0.5}}, 2},
      none{"m", "Map", "K", "M", {"1"}, {"1"}, {{NAN}}, 2};
  const std::string svg = drawing("m", script_of(one));
  if (!svg.empty()) CHECK(svg.find("0.50") != std::string::npos);
  CHECK_THROWS_WITH_AS(script_of(none), "heat map: m has no value; at least one is needed", ConfigError);
}

TEST_CASE("pareto front: what nothing cheaper beats, by cost") {
  const auto front = pareto_front({{3, 1, 0}, {1, 5, 0}, {2, 6, 0}, {2, 4, 0}, {4, 1, 0}});
  REQUIRE(front.size() == 3);
  CHECK(front[0].x == 1);
  CHECK(front[1].y == 4);
  CHECK(front[2].x == 3);
}

TEST_CASE("dense fit: a cubic in the logarithm is found again, with its slope") {
  const auto cubic = [](double flops) {
    const double l = std::log(flops);
    return 2 - 0.3 * l + 0.02 * l * l - 0.0005 * l * l * l;
  };
  std::vector<double> flops, nll;
  for (double f = 1e3; f < 1e7; f *= 3) flops.push_back(f), nll.push_back(cubic(f));
  const DenseFit fit = fit_dense(flops, nll);
  for (const double f : {2e3, 5e5}) {
    CHECK(fit(f) == doctest::Approx(cubic(f)).epsilon(1e-9));
    CHECK(fit.slope(f) == doctest::Approx((cubic(f * 1.001) - cubic(f / 1.001)) / (f * 0.002)).epsilon(1e-4));
  }
  CHECK_THROWS_AS(fit_dense({1, 2, 3}, {1, 2, 3}), ConfigError);
}

TEST_CASE(
    "gains over dense: each against the network of its width; the largest one's are the same, normalised or not") {
  const Maker make(System{});
  Study study{"fig9", "", {"nll"}, {}};
  Records records;
  const auto add = [&](const System& system, double nll, double flops) {
    study.rows.push_back({describe(system), system});
    Record record{.system = system};
    record.numbers = {{"nll", nll}, {"train_flops", flops}};
    records[{to_text(system), 0}] = record;
  };
  for (const double factor : {0.25, 0.5, 1.0, 2.0}) add(make.scaled("mlp", 1, 1, factor), 0.8 / factor, 1e6 * factor);
  add(make.scaled("moe", 1, 1, 0.5), 1.2, 9e9), add(make.scaled("moe", 1, 1, 2), 0.3, 9e9);
  const auto rows = gains_over_dense(study, records);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].dense == doctest::Approx(1.6));
  CHECK(rows[0].gain == doctest::Approx(25));
  CHECK(rows[0].normalised < 24);  // the curve is steeper there
  CHECK(rows[1].gain == doctest::Approx(25));
  CHECK(rows[1].normalised == doctest::Approx(25));

  records.clear(), study.rows.clear();
  for (const double factor : {0.25, 0.5, 1.0, 2.0}) add(make.scaled("mlp", 1, 1, factor), factor, 1e6 * factor);
  add(make("moe"), 0.9, 9e9);
  const auto rising = gains_over_dense(study, records);
  REQUIRE(rising.size() == 1);
  CHECK(rising[0].gain == doctest::Approx(10));
  CHECK(std::isnan(rising[0].normalised));  // a dense network gains nothing from more work
}
