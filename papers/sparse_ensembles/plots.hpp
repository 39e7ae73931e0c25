// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace wsym::sparse_ensembles {

/// One figure of points: a script for gnuplot that carries its data.
struct Plot {
  struct Point {
    double x = 0, y = 0, error = 0;  // a bar of one standard error
  };
  enum class Style { points, joined, line };  // line: without markers and bars, beneath all others
  struct Series {
    std::string label;
    std::vector<Point> points;
    Style style = Style::joined;
  };

  std::string name, title, x_label, y_label;
  bool log_x = false;
  bool diagonal = false;  // y = x, for reliability
  std::vector<Series> series;
  std::vector<std::pair<double, std::string>> x_tics = {};  // of log_x, ascending; empty: where gnuplot puts them
};

/// Values over two lists of labels; NaN leaves a cell blank. rows[i][j] lies at (columns[j], rows[i]).
struct HeatMap {
  std::string name, title, x_label, y_label;
  std::vector<std::string> columns, rows;
  std::vector<std::vector<double>> values;
  int decimals = 3;
};

/// Draws name.svg, or name.png where the variable png is defined. Throws ConfigError for a map without a value, on
/// which gnuplot would fail.
std::string script_of(const Plot& plot);
std::string script_of(const HeatMap& map);

/// The points that no other beats: of smallest y among those of no larger x, by ascending x.
std::vector<Plot::Point> pareto_front(std::vector<Plot::Point> points);

}  // namespace wsym::sparse_ensembles
