// SPDX-License-Identifier: MIT
#include "asymmetry/report_tables.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "asymmetry/names.hpp"
#include "lab/html.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

std::string size_name(Index size) {
  return size == 1 ? "single" : std::to_string(size);
}

std::string counts(const std::set<Index>& n) {
  if (n.empty()) return "";
  const std::string least = std::to_string(*n.begin());
  return n.size() == 1 ? least : least + "–" + std::to_string(*n.rbegin());
}

using Columns = std::map<Index, std::string>;  // by size

/// Words, n, then a column for each size.
class SizeTable {
 public:
  SizeTable(std::vector<std::string> words, std::set<Index> sizes, const std::string& count)
      : sizes_(std::move(sizes)), table_(head(words, count), words.size()) {}

  void row(std::vector<std::string> cells, const std::string& n, const Columns& columns, const std::string& kind = {}) {
    cells.push_back(n);
    for (const Index size : sizes_) cells.push_back(columns.contains(size) ? columns.at(size) : "");
    table_.row(cells, kind);
  }
  void rule() { table_.rule(); }
  std::string html(const std::string& caption) const { return table_.empty() ? "" : table_.html(caption); }

 private:
  std::vector<std::string> head(std::vector<std::string> words, const std::string& count) const {
    words.push_back(count);
    for (const Index size : sizes_) words.push_back(size_name(size));
    return words;
  }

  std::set<Index> sizes_;
  HtmlTable table_;
};

/// The sizes of a figure's table: those of its points, and single networks beside the metric of ensembles.
std::vector<SizeSummary> table_sizes(Figure figure, const Study& study, const Group& group, const ViewChoice& view) {
  std::vector<SizeSummary> sizes = shown_sizes(figure, study.setting, group, view);
  if (figure == Figure::ensemble_metric) sizes.insert(sizes.begin(), summarise(study.setting, group, 1, view));
  return sizes;
}

std::string series_in(Figure figure, const Cell& cell) {
  return of_mixtures(figure) ? series_name(cell) : series_name(cell) + " ensemble";
}

void add_published(Figure figure, const Study& study, const Cell& cell, const Published& published, SizeTable& table) {
  Columns columns;
  Index n = 0;
  for (const Index size : published_sizes(published, study.setting.dataset, cell)) {
    const PublishedValue& value = *published.find(study.setting.dataset, cell, size);
    n = value.repeats;
    columns[size] = of_gains(figure) ? rounded(published_gain(published, study.setting, cell, size), 2)
                                     : mean_and_sd(value.mean, value.sd, 4);
  }
  if (n > 0) table.row({"", "published"}, std::to_string(n), columns, "published");
}

std::string panel_word(Figure figure) {
  return of_mixtures(figure) ? "gate" : "width";
}

std::string figure_caption(Figure figure, const Study& study) {
  if (of_gains(figure)) return of_mixtures(figure) ? "Improvement over two experts, %" : "Improvement over single, %";
  return std::string(study.setting.classifies() ? "Accuracy" : "RMSE") +
         (study.unit.empty() ? "" : " in " + study.unit) + ", mean ± sd over n repetitions";
}

}  // namespace

std::string figure_table(Figure figure, const Study& study, const ViewChoice& view, const Published& published) {
  std::set<Index> sizes;
  const std::vector<PanelKey> keys = panel_keys(figure, {&study});
  for (const PanelKey& key : keys)
    for (const Group* group : groups_in(figure, key, study))
      for (const SizeSummary& s : table_sizes(figure, study, *group, view)) sizes.insert(s.size);
  SizeTable table({panel_word(figure), "series"}, sizes, "n");
  for (const PanelKey& key : keys) {
    if (key != keys.front()) table.rule();
    std::string panel = key.title();
    for (const Group* group : groups_in(figure, key, study)) {
      Columns columns;
      std::set<Index> n;
      for (const SizeSummary& s : table_sizes(figure, study, *group, view)) {
        columns[s.size] = of_gains(figure) ? rounded(s.improvement, 2) : mean_and_sd(s.metric.mean, s.metric.sd, 4);
        n.insert(s.metric.n);
      }
      table.row({std::exchange(panel, ""), series_in(figure, group->cell)}, counts(n), columns);
      if (group->cell.variant.empty()) add_published(figure, study, group->cell, published, table);
    }
  }
  return table.html(figure_caption(figure, study));
}

std::string composite_table(Figure figure, const std::vector<const Study*>& studies, const ViewChoice& view,
                            const Published& published) {
  std::vector<std::pair<PanelKey, CompositeSeries>> rows;
  std::set<Index> sizes;
  for (const PanelKey& key : panel_keys(figure, studies))
    for (CompositeSeries& series : composite(figure, key, studies, view, published)) {
      for (const Curve::Point& point : series.ours) sizes.insert(point.size);
      rows.emplace_back(key, std::move(series));
    }
  SizeTable table({panel_word(figure), "series"}, sizes, "data sets");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PanelKey& key = rows[i].first;
    const CompositeSeries& series = rows[i].second;
    const bool first = i == 0 || rows[i - 1].first != key;
    if (first && i > 0) table.rule();
    const auto row = [&](const std::string& panel, const std::string& name, const auto& points, const char* kind) {
      Columns columns;
      for (const Curve::Point& point : points) columns[point.size] = rounded(point.value, 2);
      if (!columns.empty()) table.row({panel, name}, std::to_string(series.studies.size()), columns, kind);
    };
    row(first ? key.title() : "", series_in(figure, series.cell), series.ours, "");
    row("", "published", series.published, "published");
  }
  return table.html("Mean improvement over data sets, %");
}

}  // namespace wsym::asymmetry
