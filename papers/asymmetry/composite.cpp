// SPDX-License-Identifier: MIT
#include "asymmetry/composite.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "asymmetry/words.hpp"

namespace wsym::asymmetry {
namespace {

const Group* find_group(Figure figure, const PanelKey& key, const Study& study, const std::string& model) {
  for (const Group* group : groups_in(figure, key, study))
    if (group->cell.model == model && group->cell.variant.empty()) return group;
  return nullptr;
}

using Gains = std::map<Index, double>;

/// The mean over maps at the sizes that all of them have.
std::vector<Curve::Point> means(const std::vector<Gains>& all) {
  std::vector<Curve::Point> points;
  for (const auto& [size, first] : all.front()) {
    double sum = 0;
    for (const Gains& gains : all) sum += gains.contains(size) ? gains.at(size) : undefined;
    if (std::isfinite(sum)) points.push_back({size, sum / static_cast<double>(all.size()), 0});
  }
  return points;
}

Gains published_gains(const Study& study, const Cell& cell, const Published& published) {
  Gains gains;
  for (const Index size : published_sizes(published, study.setting.dataset, cell))
    if (size > 1) gains[size] = published_gain(published, study.setting, cell, size);
  return gains;
}

/// "5 data sets", "2 to 5 data sets".
std::string data_sets(const std::vector<CompositeSeries>& series) {
  std::set<std::size_t> counts;
  for (const CompositeSeries& one : series) counts.insert(one.studies.size());
  const std::string most = std::to_string(*counts.rbegin()) + (*counts.rbegin() == 1 ? " data set" : " data sets");
  return counts.size() == 1 ? most : std::to_string(*counts.begin()) + " to " + most;
}

}  // namespace

std::vector<CompositeSeries> composite(Figure figure, const PanelKey& key, const std::vector<const Study*>& studies,
                                       const ViewChoice& view, const Published& published) {
  std::vector<CompositeSeries> list;
  for (const std::string& model : model_words) {
    CompositeSeries series;
    std::vector<Gains> ours, theirs;
    for (const Study* study : studies) {
      const Group* const group = find_group(figure, key, *study, model);
      if (group == nullptr) continue;
      series.cell = group->cell;
      series.studies.push_back(study);
      theirs.push_back(published_gains(*study, group->cell, published));
      Gains& gains = ours.emplace_back();
      for (const SizeSummary& s : shown_sizes(figure, study->setting, *group, view)) gains[s.size] = s.improvement;
    }
    if (series.studies.empty()) continue;
    series.ours = means(ours);
    series.published = means(theirs);
    if (!series.ours.empty()) list.push_back(std::move(series));
  }
  return list;
}

Chart composite_chart(Figure figure, const std::vector<const Study*>& studies, const ViewChoice& view,
                      const Published& published) {
  const bool mixtures = of_mixtures(figure);
  Chart chart{"composite" + std::to_string(static_cast<int>(figure)),
              "Mean over data sets · preset " + studies.front()->setting.preset,
              std::string(mixtures ? "Figure 2. Improvement of mixtures over two experts"
                                   : "Figure 1. Improvement of ensembles over the mean single network") +
                  ", every data set with the same weight",
              mixtures ? "Number of experts" : "Ensemble size",
              0,
              {}};
  for (const PanelKey& key : panel_keys(figure, studies)) {
    const std::vector<CompositeSeries> list = composite(figure, key, studies, view, published);
    if (list.empty()) continue;
    Panel panel{key.title() + " · " + data_sets(list), "Improvement (%)", {}};
    for (const CompositeSeries& series : list) {
      panel.curves.push_back(blank_curve(figure, series.cell));
      panel.curves.back().points = series.ours;
    }
    for (const CompositeSeries& series : list) {
      if (series.published.empty()) continue;
      panel.curves.push_back(blank_published_curve(series.cell));
      panel.curves.back().points = series.published;
    }
    chart.panels.push_back(std::move(panel));
  }
  chart.columns = std::min<Index>(3, static_cast<Index>(chart.panels.size()));
  return chart;
}

}  // namespace wsym::asymmetry
