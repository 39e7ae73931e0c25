// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "asymmetry/figures.hpp"

namespace wsym::asymmetry {

/// One curve over data sets: at each size the mean of their improvements, each data set with the same weight.
struct CompositeSeries {
  Cell cell;                            // of any of the data sets
  std::vector<const Study*> studies;    // that have this series
  std::vector<Curve::Point> ours;       // at the sizes that all of them have
  std::vector<Curve::Point> published;  // of the same data sets; empty unless known for all of them
};

/// The series of one panel of Figure 1 or 2 (a figure of gains), variants left out.
std::vector<CompositeSeries> composite(Figure figure, const PanelKey& key, const std::vector<const Study*>& studies,
                                       const ViewChoice& view, const Published& published);

/// The composite figure: a panel for each width or gate.
Chart composite_chart(Figure figure, const std::vector<const Study*>& studies, const ViewChoice& view,
                      const Published& published);

}  // namespace wsym::asymmetry
