// SPDX-License-Identifier: MIT
#include "asymmetry/figures.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/path.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;
using sample::contains;

namespace {

Study mixtures() {
  Records records;
  for (const char* gate : {"gumbel", "softmax"})
    for (const char* model : {"iwmlp", "mlp"})
      sample::add_mixtures(records, sample::mixture(model, 2, 0, gate), {2, 4}, 3,
                           [](Index k, Index) { return k == 2 ? 0.5 : 0.75; });
  return sample::study(sample::accuracy, "Digits", std::move(records));
}

std::vector<std::string> labels(const Panel& panel) {
  std::vector<std::string> list;
  for (const Curve& curve : panel.curves) list.push_back(curve.label);
  return list;
}

}  // namespace

TEST_CASE("figures: Figure 1 has a panel for each width and the gains of ensembles, single networks left out") {
  Records records = sample::two_models(32);
  records.members.merge(sample::two_models(16).members);
  records.cells.merge(sample::two_models(16).cells);
  const Study study = sample::study(sample::accuracy, "Digits", std::move(records));
  const Chart chart = figure_chart(Figure::ensemble_gain, study, {}, {});
  CHECK(chart.name == "figure1");
  CHECK(chart.title == "Digits · preset text");
  CHECK(chart.x_label == "Ensemble size");
  REQUIRE(chart.panels.size() == 2);
  CHECK(chart.columns == 2);
  CHECK(chart.panels[0].title == "d = 16 · n = 2");
  CHECK(chart.panels[1].title == "d = 32 · n = 2");
  CHECK(chart.panels[0].y_label == "Improvement (%)");
  CHECK(labels(chart.panels[0]) == std::vector<std::string>{"MLP ensemble", "WMLP ensemble"});
  const std::vector<Curve::Point>& gains = chart.panels[0].curves[1].points;
  REQUIRE(gains.size() == 2);
  CHECK(gains[1].size == 4);
  CHECK(gains[1].value == doctest::Approx(16));
  CHECK(gains[1].sd == 0);
}

TEST_CASE("figures: Figure 3 has the metric with its sd, then single networks as levels") {
  Records records;
  sample::add(
      records, sample::cell(), 2, 2, [](Index, Index r) { return r == 0 ? 0.5 : 0.75; },
      [](Index, Index r) { return r == 0 ? 0.25 : 0.75; });
  const Study study = sample::study(sample::rmse, "California", std::move(records));
  const Panel panel = figure_chart(Figure::ensemble_metric, study, {}, {}).panels.at(0);
  CHECK(panel.y_label == "RMSE ($100k)");
  CHECK(labels(panel) == std::vector<std::string>{"MLP ensemble", "single MLP"});
  CHECK(panel.curves[0].points[0].value == 0.5);
  CHECK(panel.curves[0].points[0].sd == doctest::Approx(std::sqrt(0.125)));
  CHECK(panel.curves[1].level);
  CHECK(panel.curves[1].points[0].value == 0.625);
  CHECK(panel.curves[1].points[0].sd == doctest::Approx(std::sqrt(0.03125)));
}

TEST_CASE("figures: Figures 2 and 4 have a panel for each gate, softmax first, and the series in the paper's order") {
  const Study study = mixtures();
  const Chart gain = figure_chart(Figure::moe_gain, study, {}, {});
  REQUIRE(gain.panels.size() == 2);
  CHECK(gain.x_label == "Number of experts");
  CHECK(gain.panels[0].title == "softmax gate, d = 16 · n = 3");
  CHECK(gain.panels[1].title == "gumbel gate, d = 16 · n = 3");
  CHECK(labels(gain.panels[0]) == std::vector<std::string>{"MLP", "IWMLP"});
  CHECK(gain.panels[0].curves[0].points[0].value == 0);
  CHECK(gain.panels[0].curves[0].points[1].value == 50);
  CHECK(figure_chart(Figure::moe_metric, study, {}, {}).panels[1].curves[1].points[1].value == 0.75);
  CHECK(panel_keys(Figure::ensemble_gain, {&study}).empty());
}

TEST_CASE("figures: published curves come last, in the colours of their series, gains derived from their means") {
  const ScratchFolder folder;
  const Published published = sample::published(folder.path,
                                                "digits,ensemble,,16,mlp,1,accuracy,0.5,0.1,10\n"
                                                "digits,ensemble,,16,mlp,2,accuracy,0.6,0.1,10\n"
                                                "digits,ensemble,,16,mlp,8,accuracy,0.75,0.1,10\n");
  const Study study = sample::study(sample::accuracy, "Digits", sample::two_models(16));
  const Panel gains = figure_chart(Figure::ensemble_gain, study, {}, published).panels.at(0);
  REQUIRE(gains.curves.size() == 3);
  const Curve& curve = gains.curves[2];
  CHECK(curve.published);
  CHECK(curve.label == "published (authors' code)");
  CHECK(curve.colour == gains.curves[0].colour);
  REQUIRE(curve.points.size() == 2);
  CHECK(curve.points[0].value == doctest::Approx(20));
  CHECK(curve.points[1].size == 8);
  CHECK(curve.points[1].value == 50);
  const Panel metric = figure_chart(Figure::ensemble_metric, study, {}, published).panels.at(0);
  REQUIRE(metric.curves.size() == 6);
  CHECK(metric.curves[4].points[1].value == 0.75);
  CHECK(metric.curves[5].level);
  CHECK(metric.curves[5].points[0].value == 0.5);
  CHECK(figure_chart(Figure::ensemble_gain, study, {}, {}).panels.at(0).curves.size() == 2);
}

TEST_CASE("figures: published gains reproduce the paper's Figure 1") {
  const Setting california{"california_housing", "code", "rmse"}, churn{"churn_modelling", "code", "accuracy"};
  const Published& all = published_numbers();
  CHECK(published_gain(all, california, sample::cell("mlp", 64), 64) == doctest::Approx(2.2148).epsilon(1e-4));
  CHECK(published_gain(all, churn, sample::cell("wmlp", 256), 64) == doctest::Approx(1.7734).epsilon(1e-4));
  const Cell mixture{"moe", "", 64, "wmlp", 0, "gumbel", 2};
  CHECK(published_gain(all, california, mixture, 2) == 0);
  CHECK(published_gain(all, california, mixture, 64) == doctest::Approx(1.8295).epsilon(1e-3));
  CHECK(std::isnan(published_gain(all, {"digits", "code", "accuracy"}, sample::cell("mlp", 64), 64)));
}

TEST_CASE("figures: up to four variants have colours of their own, more are left out") {
  for (const int variants : {4, 5}) {
    Records records = sample::two_models(16);
    for (int i = 0; i < variants; ++i) {
      Cell cell = sample::cell("wmlp");
      cell.variant = "mask_seed=" + std::to_string(i + 1);
      sample::add(
          records, cell, 1, 2, [](Index, Index) { return 0.5; }, [](Index, Index) { return 0.75; });
    }
    const Study study = sample::study(sample::accuracy, "Digits", std::move(records));
    const Panel panel = figure_chart(Figure::ensemble_gain, study, {}, {}).panels.at(0);
    CHECK(panel.curves.size() == (variants == 4 ? 6 : 2));
    CHECK(panel.title == (variants == 4 ? "d = 16 · n = 1 to 2" : "d = 16 · n = 2"));
    if (variants == 4) CHECK(panel.curves[2].label == "WMLP (mask_seed=1) ensemble");
  }
}

TEST_CASE("figures: a grid has a row for each data set and blanks for what one of them lacks") {
  const Study digits = sample::study(sample::accuracy, "Digits", sample::two_models(16)),
              california = sample::study(sample::rmse, "California", sample::two_models(32));
  const Chart grid = grid_chart(Figure::ensemble_gain, {&california, &digits}, {}, {});
  CHECK(grid.name == "grid1");
  REQUIRE(grid.panels.size() == 4);
  CHECK(grid.columns == 2);
  CHECK(grid.panels[0].curves.empty());
  CHECK(grid.panels[1].title == "California, d = 32 · n = 2");
  CHECK(grid.panels[2].title == "Digits, d = 16 · n = 2");
  CHECK(grid.panels[3].curves.empty());
}

TEST_CASE("figures: single networks alone, and mixtures that lack two experts, give no gain to draw") {
  Records records;
  const auto half = [](Index, Index) {
    return 0.5;
  };
  sample::add(records, sample::cell(), 1, 1, half, half);
  sample::add_mixtures(records, sample::mixture(), {4, 8}, 1, half);
  const Study study = sample::study(sample::accuracy, "Digits", std::move(records));
  for (const Figure figure : {Figure::ensemble_gain, Figure::ensemble_metric, Figure::moe_gain})
    CHECK(panel_keys(figure, {&study}).empty());
  CHECK(panel_keys(Figure::moe_metric, {&study}).size() == 1);
}

TEST_CASE("figures: where there is gnuplot, every one of them can be drawn; without it script and data are there") {
  const ScratchFolder out;
  const Study ensembles = sample::study(sample::accuracy, "Digits", sample::two_models(16)), moe = mixtures();
  for (const Figure figure : all_figures) {
    const Chart chart = figure_chart(figure, of_mixtures(figure) ? moe : ensembles, {}, {});
    const Drawn drawn = draw(chart, out.path);
    CHECK(drawn != Drawn::failed);
    for (const std::string end : {".gp", ".dat"}) CHECK(std::filesystem::exists(out.path + "/" + chart.name + end));
    if (drawn == Drawn::no_gnuplot) continue;
    for (const std::string end : {".svg", ".png"})
      CHECK(std::filesystem::file_size(out.path + "/" + chart.name + end) > 4000);
  }
}

TEST_CASE("figures: no entry of a legend is lost, however many and long they are") {
  const ScratchFolder out;
  const auto curve = [](const std::string& label) {
    return Curve{.label = label, .colour = "#0072B2", .points = {{2, 0.5, 0}, {4, 0.6, 0}}};
  };
  const std::vector<std::string> labels = {"MLP", "WMLP", "IMLP", "IWMLP", "published (authors' code)", "six"};
  for (std::size_t entries = 1; entries <= labels.size(); ++entries)
    for (const Index columns : {1, 2, 3}) {
      Chart chart{.name = "f", .title = "t", .subtitle = "s", .x_label = "x", .columns = columns, .panels = {}};
      for (Index panel = 0; panel < columns; ++panel) chart.panels.push_back({"p", "y", {}});
      for (std::size_t i = 0; i < entries; ++i) chart.panels[0].curves.push_back(curve(labels[labels.size() - 1 - i]));
      if (draw(chart, out.path) == Drawn::no_gnuplot) continue;
      const std::string svg = read_file(out.path + "/f.svg");
      for (std::size_t i = 0; i < entries; ++i)
        CHECK_MESSAGE(svg.find("<text>" + labels[labels.size() - 1 - i] + "</text>") != svg.npos, entries, " in ",
                      columns, ": ", labels[labels.size() - 1 - i]);
    }
}
