// SPDX-License-Identifier: MIT
#include "asymmetry/figures.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "asymmetry/names.hpp"
#include "lab/text.hpp"
#include "wsym/io/atomic_file.hpp"

namespace wsym::asymmetry {
namespace {

/// The series of Figures 2 and 4, in their order. Colours that people with the common colour blindnesses can tell apart
/// (Okabe and Ito 2008); markers tell them apart without colours.
struct Look {
  const char* model;
  const char* colour;
  int marker;
};
constexpr Look looks[] = {
    {"mlp", "#0072B2", 7}, {"wmlp", "#D55E00", 5}, {"imlp", "#009E73", 9}, {"iwmlp", "#CC79A7", 13}};
constexpr Look variant_looks[] = {{"", "#009E73", 9}, {"", "#CC79A7", 13}, {"", "#56B4E9", 11}, {"", "#E69F00", 15}};

const Look* look_of(const std::string& model) {
  return std::find_if(std::begin(looks), std::end(looks), [&](const Look& look) { return look.model == model; });
}

/// Softmax gates before Gumbel ones.
bool before(const PanelKey& a, const PanelKey& b) {
  return std::pair(b.gate, a.hidden) < std::pair(a.gate, b.hidden);
}

bool draws_variants(Figure figure, const Study& study) {
  std::set<std::string> variants;
  for (const Group& group : study.groups)
    if (group.cell.mixture() == of_mixtures(figure)) variants.insert(group.cell.variant);
  variants.erase("");
  return variants.size() <= std::size(variant_looks);
}

/// "n = 10", "n = 2 to 10".
std::string repetitions(const std::set<Index>& counts) {
  const std::string least = std::to_string(*counts.begin());
  return "n = " + (counts.size() == 1 ? least : least + " to " + std::to_string(*counts.rbegin()));
}

Curve::Point point(Index size, const Moments& metric) {
  return {size, metric.mean, std::isfinite(metric.sd) ? metric.sd : 0};
}

std::string metric_name(const Study& study) {
  return (study.setting.classifies() ? "Accuracy" : "RMSE") + (study.unit.empty() ? "" : " (" + study.unit + ")");
}

std::vector<Curve> published_curves(Figure figure, const Study& study, const std::vector<const Group*>& groups,
                                    const Published& published) {
  std::vector<Curve> curves;
  std::set<std::string> models;
  for (const Group* group : groups) {
    if (!models.insert(group->cell.model).second) continue;
    Curve curve = blank_published_curve(group->cell), level = curve;
    level.level = true;
    for (const Index size : published_sizes(published, study.setting.dataset, group->cell)) {
      const double mean = published.find(study.setting.dataset, group->cell, size)->mean;
      const double gain = published_gain(published, study.setting, group->cell, size);
      if (size == 1 && !of_gains(figure)) level.points.push_back({size, mean, 0});
      if (size > 1) curve.points.push_back({size, of_gains(figure) ? gain : mean, 0});
    }
    for (const Curve& one : {curve, level})
      if (!one.points.empty()) curves.push_back(one);
  }
  return curves;
}

/// Curves of one panel: ensembles or mixtures, then single networks, then what was published.
Panel panel(Figure figure, const PanelKey& key, const Study& study, const ViewChoice& view,
            const Published& published) {
  const std::vector<const Group*> groups = groups_in(figure, key, study);
  if (groups.empty()) return {};
  Panel result{"", of_gains(figure) ? "Improvement (%)" : metric_name(study), {}};
  std::vector<Curve> levels;
  std::set<Index> counts;
  std::size_t variants = 0;
  for (const Group* group : groups) {
    Curve curve = blank_curve(figure, group->cell, group->cell.variant.empty() ? 0 : ++variants);
    for (const SizeSummary& s : shown_sizes(figure, study.setting, *group, view)) {
      counts.insert(s.metric.n);
      curve.points.push_back(of_gains(figure) ? Curve::Point{s.size, s.improvement, 0} : point(s.size, s.metric));
    }
    result.curves.push_back(curve);
    if (figure != Figure::ensemble_metric) continue;
    curve.level = true;
    curve.label = "single " + series_name(group->cell);
    curve.points = {point(1, summarise(study.setting, *group, 1, view).metric)};
    levels.push_back(curve);
  }
  result.title = key.title() + " · " + repetitions(counts);
  for (const std::vector<Curve>& more : {levels, published_curves(figure, study, groups, published)})
    result.curves.insert(result.curves.end(), more.begin(), more.end());
  return result;
}

std::string subtitle(Figure figure) {
  const std::string number = "Figure " + std::to_string(static_cast<int>(figure)) + ". ";
  switch (figure) {
    case Figure::ensemble_gain:
      return number + "Improvement of ensembles over the mean single network, by means over n repetitions";
    case Figure::moe_gain:
      return number + "Improvement of mixtures over two experts, by means over n repetitions";
    case Figure::ensemble_metric:
      return number + "Ensembles and single networks on the test part, mean ± sd over n repetitions";
    case Figure::moe_metric:
      return number + "Mixtures of experts on the test part, mean ± sd over n repetitions";
  }
  return number;
}

Chart blank_chart(Figure figure, const std::string& title, std::size_t columns) {
  const std::string name = "figure" + std::to_string(static_cast<int>(figure));
  return {name,
          title,
          subtitle(figure),
          of_mixtures(figure) ? "Number of experts" : "Ensemble size",
          static_cast<Index>(columns),
          {}};
}

}  // namespace

PanelKey panel_of(const Cell& cell) {
  return {cell.gate, cell.hidden};
}

std::string PanelKey::title() const {
  return (gate.empty() ? "" : gate + " gate, ") + "d = " + std::to_string(hidden);
}

std::vector<SizeSummary> shown_sizes(Figure figure, const Setting& setting, const Group& group,
                                     const ViewChoice& view) {
  std::vector<SizeSummary> shown;
  for (const Index size : group.sizes()) {
    const SizeSummary s = summarise(setting, group, size, view);
    const bool single = size == 1 && !of_mixtures(figure);
    if (!single && std::isfinite(of_gains(figure) ? s.improvement : s.metric.mean)) shown.push_back(s);
  }
  return shown;
}

std::vector<const Group*> groups_in(Figure figure, const PanelKey& key, const Study& study) {
  const bool variants = draws_variants(figure, study);
  std::vector<const Group*> groups;
  for (const Group& group : study.groups)
    if (group.cell.mixture() == of_mixtures(figure) && panel_of(group.cell) == key &&
        (variants || group.cell.variant.empty()) && !shown_sizes(figure, study.setting, group, {}).empty())
      groups.push_back(&group);
  std::stable_sort(groups.begin(), groups.end(), [](const Group* a, const Group* b) {
    return std::pair(look_of(a->cell.model), a->cell.variant) < std::pair(look_of(b->cell.model), b->cell.variant);
  });
  return groups;
}

std::vector<PanelKey> panel_keys(Figure figure, const std::vector<const Study*>& studies) {
  std::vector<PanelKey> keys;
  for (const Study* study : studies)
    for (const Group& group : study->groups)
      if (const PanelKey key = panel_of(group.cell); std::find(keys.begin(), keys.end(), key) == keys.end())
        if (!groups_in(figure, key, *study).empty()) keys.push_back(key);
  std::sort(keys.begin(), keys.end(), before);
  return keys;
}

std::string series_name(const Cell& cell) {
  std::string name;
  for (const char c : cell.model) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return cell.variant.empty() ? name : name + " (" + cell.variant + ")";
}

Index baseline_size(const Cell& cell) {
  return cell.mixture() ? 2 : 1;
}

double published_gain(const Published& published, const Setting& setting, const Cell& cell, Index size) {
  const PublishedValue* const base = published.find(setting.dataset, cell, baseline_size(cell));
  const PublishedValue* const value = published.find(setting.dataset, cell, size);
  return base && value ? improvement_pct(setting, base->mean, value->mean) : undefined;
}

std::vector<Index> published_sizes(const Published& published, const std::string& dataset, const Cell& cell) {
  std::vector<Index> sizes;
  for (Index size = 1; size <= 128; size *= 2)
    if (published.find(dataset, cell, size)) sizes.push_back(size);
  return sizes;
}

Curve blank_curve(Figure figure, const Cell& cell, std::size_t variant) {
  const Look* const own = look_of(cell.model);
  const Look& look = variant > 0 ? variant_looks[(variant - 1) % std::size(variant_looks)]
                                 : looks[static_cast<std::size_t>(own - looks) % std::size(looks)];
  Curve curve;
  curve.label = series_name(cell) + (of_mixtures(figure) ? "" : " ensemble");
  curve.colour = look.colour;
  curve.marker = look.marker;
  return curve;
}

Curve blank_published_curve(const Cell& cell) {
  Curve curve = blank_curve(Figure::moe_gain, cell);
  curve.label = "published (authors' code)";
  curve.published = true;
  return curve;
}

Chart figure_chart(Figure figure, const Study& study, const ViewChoice& view, const Published& published) {
  const std::vector<PanelKey> keys = panel_keys(figure, {&study});
  Chart chart = blank_chart(figure, title_of(study), std::min<std::size_t>(keys.size(), 3));
  for (const PanelKey& key : keys) chart.panels.push_back(panel(figure, key, study, view, published));
  return chart;
}

Chart grid_chart(Figure figure, const std::vector<const Study*>& studies, const ViewChoice& view,
                 const Published& published) {
  const std::vector<PanelKey> keys = panel_keys(figure, studies);
  Chart chart = blank_chart(figure, "Every data set · preset " + studies.front()->setting.preset, keys.size());
  chart.name = "grid" + std::to_string(static_cast<int>(figure));
  for (const Study* study : studies)
    for (const PanelKey& key : keys) {
      chart.panels.push_back(panel(figure, key, *study, view, published));
      std::string& title = chart.panels.back().title;
      if (!title.empty()) title = study->title + ", " + title;
    }
  return chart;
}

Drawn draw(const Chart& chart, const std::string& folder) {
  make_directories(folder);
  write_file_atomically(folder + "/" + chart.name + ".dat", chart_data(chart));
  write_file_atomically(folder + "/" + chart.name + ".gp", chart_script(chart));
  return run_gnuplot(folder, chart.name);
}

}  // namespace wsym::asymmetry
