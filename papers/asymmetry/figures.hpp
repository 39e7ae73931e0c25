// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/names.hpp"
#include "asymmetry/published.hpp"
#include "asymmetry/study.hpp"
#include "lab/chart.hpp"
#include "lab/gnuplot.hpp"

namespace wsym::asymmetry {

/// The paper's figures, by their numbers: what ensembles gain over single networks and mixtures over those of two
/// experts, in percent (1, 2), and the metric itself with bands of one sd (3, 4).
enum class Figure { ensemble_gain = 1, moe_gain = 2, ensemble_metric = 3, moe_metric = 4 };

inline constexpr Figure all_figures[] = {Figure::ensemble_gain, Figure::ensemble_metric, Figure::moe_gain,
                                         Figure::moe_metric};

inline bool of_mixtures(Figure figure) {
  return figure == Figure::moe_gain || figure == Figure::moe_metric;
}
inline bool of_gains(Figure figure) {
  return figure == Figure::ensemble_gain || figure == Figure::moe_gain;
}

/// A panel's place: ensembles of one width, or mixtures of one gate and width.
struct PanelKey {
  std::string gate;
  Index hidden = 0;

  std::string title() const;  // "d = 64", "softmax gate, d = 64"
  friend bool operator==(const PanelKey&, const PanelKey&) = default;
};
PanelKey panel_of(const Cell& cell);

/// The sizes for which a figure has a point, with their numbers; single networks are none.
std::vector<SizeSummary> shown_sizes(Figure figure, const Setting& setting, const Group& group, const ViewChoice& view);

/// The groups of a panel that have something to draw in it, in the order of the paper's series. Variants come after
/// their method, and not at all if the study has more of them than colours.
std::vector<const Group*> groups_in(Figure figure, const PanelKey& key, const Study& study);

/// The panels in which at least one of the studies has something, in the paper's order.
std::vector<PanelKey> panel_keys(Figure figure, const std::vector<const Study*>& studies);

/// "WMLP", "WMLP (mask_scope=member)".
std::string series_name(const Cell& cell);

/// What an improvement is measured against: networks on their own (size 1), or mixtures of two experts.
Index baseline_size(const Cell& cell);

/// What the authors gained, in percent, by their plotted means; not finite where they are not known.
double published_gain(const Published& published, const Setting& setting, const Cell& cell, Index size);

/// The sizes for which the authors plotted the cell's networks, ascending; 1 for networks on their own.
std::vector<Index> published_sizes(const Published& published, const std::string& dataset, const Cell& cell);

/// A curve without points, in the look of its model; variant counts the panel's variants from 1, 0 is the method.
Curve blank_curve(Figure figure, const Cell& cell, std::size_t variant = 0);
Curve blank_published_curve(const Cell& cell);

/// A figure of one study: a panel for each width or gate, published curves in it where they are known. At least one
/// panel must have something to draw.
Chart figure_chart(Figure figure, const Study& study, const ViewChoice& view, const Published& published);

/// The same of several studies: a row of panels for each.
Chart grid_chart(Figure figure, const std::vector<const Study*>& studies, const ViewChoice& view,
                 const Published& published);

/// Writes the chart's script and data into `folder` and draws them.
Drawn draw(const Chart& chart, const std::string& folder);

}  // namespace wsym::asymmetry
