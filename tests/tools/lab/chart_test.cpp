// SPDX-License-Identifier: MIT
#include "lab/chart.hpp"

#include <doctest/doctest.h>

#include "tools/lab/plain_text.hpp"
#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::lab;
using sample::contains;
using sample::count;

namespace {

Curve curve(const std::string& label, std::vector<Curve::Point> points) {
  return {.label = label, .colour = "#0072B2", .points = std::move(points)};
}

Curve level(const std::string& label, double value, double sd) {
  return {.label = label, .colour = "#D55E00", .level = true, .points = {{1, value, sd}}};
}

Chart two_panels() {
  return {
      .name = "f",
      .title = "Digits \"8 x 8\"",
      .subtitle = "Figure 3",
      .x_label = "Ensemble size",
      .columns = 2,
      .panels = {{"d = 16", "Accuracy", {curve("MLP", {{2, 0.5, 0.25}, {4, 0.75, 0}}), level("single", 0.5, 0.125)}},
                 {"d = 32", "Accuracy", {curve("MLP", {{2, 0.8, 0}})}}}};
}

}  // namespace

TEST_CASE("chart: one block for each curve; a level has its value at both ends of the axis") {
  CHECK(chart_data(two_panels()) ==
        "# d = 16: MLP: size, value, sd\n2 0.5 0.25\n4 0.75 0\n\n\n"
        "# d = 16: single: size, value, sd\n1.6666666666666667 0.5 0.125\n4.8 0.5 0.125\n\n\n"
        "# d = 32: MLP: size, value, sd\n2 0.8 0\n\n\n");
}

TEST_CASE("chart: panels plot their own blocks, bands before lines, on a logarithmic axis with ticks at the sizes") {
  const std::string script = chart_script(two_panels());
  for (const std::string part :
       {"set logscale x 2\n", "set xrange [1.6666666666666667:4.8]\n", "set xtics (2, 4)\n", "'Digits \"8 x 8\"'",
        "set title 'd = 16'", "set title 'd = 32'", "set ylabel 'Accuracy'", "'f.dat' index 2 using 1:2 with "})
    CHECK_MESSAGE(contains(script, part), part);
  CHECK(script.find("index 1 using 1:($2-$3)") < script.find("index 0 using 1:2 "));
  CHECK(count(script, "\nplot ") == 3);  // two panels and the legend
}

TEST_CASE("chart: a label is in the legend once, a published curve dashed and grey there, and without a band") {
  Chart chart = two_panels();
  chart.panels[0].curves[1].published = true;
  const std::string script = chart_script(chart);
  CHECK(count(script, "title 'MLP'") == 1);
  CHECK(contains(script, "NaN with lines lw 1.2 dt (6,4) lc rgb '#555555' title 'single'"));
  CHECK(contains(script, "index 1 using 1:2 with lines lw 1.2 dt (6,4) lc rgb '#D55E00'"));
  CHECK_FALSE(contains(script, "index 1 using 1:($2-$3)"));
}

TEST_CASE("chart: an axis has the decimals that its ticks need") {
  const auto format = [](double from, double to) {
    Chart chart = two_panels();
    chart.panels = {{"p", "y", {curve("a", {{2, from, 0}, {4, to, 0}})}}};
    const std::string script = chart_script(chart);
    const std::size_t at = script.find("set format y '") + 14;
    return script.substr(at, script.find('\'', at) - at);
  };
  CHECK(format(0.51, 0.54) == "%.3f");
  CHECK(format(0.8560, 0.8590) == "%.4f");
  CHECK(format(0, 4.5) == "%.1f");
  CHECK(format(-20, 40) == "%.0f");
  CHECK(format(0.5, 0.5) == "%.2f");
}

TEST_CASE("chart: a blank panel keeps its place and is not plotted; the label of sizes stands under the last one") {
  Chart chart = two_panels();
  chart.panels.insert(chart.panels.begin() + 1, Panel{});
  const std::string script = chart_script(chart);
  CHECK(count(script, "\nplot ") == 3);
  CHECK(contains(script, "set title 'd = 16'\nset ylabel 'Accuracy'\nset xlabel ''"));
  CHECK(contains(script, "set title 'd = 32'\nset ylabel 'Accuracy'\nset xlabel 'Ensemble size'"));
}

TEST_CASE("chart: one without a point is refused") {
  Chart chart = two_panels();
  chart.panels = {{"p", "y", {level("single", 1, 0)}}};
  CHECK_THROWS_WITH_AS(chart_data(chart), "chart: f has no points; at least one is needed", ConfigError);
}
