// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "wsym/core/types.hpp"

namespace wsym::lab {

/// One curve of a panel, over sizes (of ensembles, numbers of experts).
struct Curve {
  struct Point {
    Index size = 0;
    double value = 0, sd = 0;  // a band of one sd is drawn where it is above 0
  };

  std::string label;       // curves of one label, in any panel, share an entry of the legend
  std::string colour;      // "#rrggbb"
  int marker = 7;          // gnuplot's point type
  bool level = false;      // one point, whose value is a line across the panel
  bool published = false;  // thin and dashed, grey in the legend, without a band
  std::vector<Point> points;
};

/// Without curves its place stays blank.
struct Panel {
  std::string title, y_label;
  std::vector<Curve> curves;
};

/// Panels in rows of `columns`, under one title and over one legend; the sizes on a logarithmic axis.
struct Chart {
  std::string name;  // of its files: name.gp, .dat, .svg, .png
  std::string title, subtitle, x_label;
  Index columns = 1;
  std::vector<Panel> panels;
};

/// What the script reads: one block for each curve, in order; lines of size, value, sd.
std::string chart_data(const Chart& chart);

/// The gnuplot script that draws name.svg from name.dat, or name.png where the variable png is defined.
std::string chart_script(const Chart& chart);

}  // namespace wsym::lab
