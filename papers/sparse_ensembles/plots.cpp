// SPDX-License-Identifier: MIT
#include "sparse_ensembles/plots.hpp"

#include <algorithm>
#include <cmath>

#include "lab/gnuplot.hpp"
#include "lab/text.hpp"
#include "wsym/core/error.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::gnuplot_quoted;
using lab::join;
using lab::shortest;

constexpr const char* colours[] = {"#0b5fa5", "#c8550b", "#2f7d32", "#7b3fa0", "#a51c30",
                                   "#5c626b", "#0f8a8a", "#b8860b", "#d05fa0", "#3d5a1f"};
constexpr int markers[] = {7, 5, 9, 11, 13, 4, 6, 8, 10, 12};

std::string start(const std::string& name, const std::string& title, const std::string& x_label,
                  const std::string& y_label, int width, int height) {
  const std::string size = std::to_string(width) + "," + std::to_string(height);
  return "# gnuplot " + name + ".gp draws " + name + ".svg; gnuplot -e png=1 " + name + ".gp draws " + name +
         ".png\nset encoding utf8\nif (exists('png')) set terminal pngcairo size " + size +
         " font 'sans,10' noenhanced\nif (exists('png')) set output " + gnuplot_quoted(name + ".png") +
         "\nif (!exists('png')) set terminal svg size " + size +
         " font 'Helvetica,Arial,sans-serif,13' noenhanced background 'white'\nif (!exists('png')) set output " +
         gnuplot_quoted(name + ".svg") + "\nset title " + gnuplot_quoted(title) + " font ',16'\nset xlabel " +
         gnuplot_quoted(x_label) + "\nset ylabel " + gnuplot_quoted(y_label) +
         "\nset border 3 lc rgb '#777777'\nset tics nomirror scale 0.5 textcolor rgb '#333333'\n";
}

std::string block(const std::string& name, const std::vector<Plot::Point>& points) {
  std::string text = "$" + name + " << EOD\n";
  for (const Plot::Point& p : points) text += shortest(p.x) + " " + shortest(p.y) + " " + shortest(p.error) + "\n";
  return text + "EOD\n";
}

}  // namespace

std::string script_of(const Plot& plot) {
  std::string text = start(plot.name, plot.title, plot.x_label, plot.y_label, 900, 520);
  text +=
      "set grid lt 1 lw 0.5 lc rgb '#e3e3e3'\nset key outside right top Left reverse samplen 1.5 spacing 1.25\n"
      "set offsets graph 0.04, graph 0.04, graph 0.05, graph 0.05\n";
  if (plot.log_x) text += "set logscale x 10\nset format x '%.0s%c'\n";
  std::vector<std::string> tics;
  for (const auto& [x, label] : plot.x_tics) tics.push_back(gnuplot_quoted(label) + " " + shortest(x));
  if (!tics.empty()) {
    const double first = plot.x_tics.front().first, last = plot.x_tics.back().first;
    const double margin = std::pow(std::max(last / first, 2.0), 0.05);
    text += "set xtics (" + join(tics, ", ") + ")\nset xrange [" + shortest(first / margin) + ":" +
            shortest(last * margin) + "]\n";
  }
  std::vector<std::string> bars, lines;  // bars: what others are drawn over
  if (plot.diagonal) {
    text += "set xrange [0:1]\nset yrange [0:1]\nunset offsets\n";
    lines.push_back("x with lines lw 1 dt (4,4) lc rgb '#999999' notitle");
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const Plot::Series& series = plot.series[i];
    const std::string data = "s" + std::to_string(i), ink = std::string(" lc rgb '") + colours[i % 10] + "'";
    text += block(data, series.points);
    if (series.style == Plot::Style::line) {
      bars.insert(bars.begin(),
                  "$" + data + " using 1:2 with lines lw 1.8" + ink + " title " + gnuplot_quoted(series.label));
      continue;
    }
    if (!plot.diagonal) bars.push_back("$" + data + " using 1:2:3 with yerrorbars pt 0 lw 1" + ink + " notitle");
    lines.push_back("$" + data + " using 1:2 with " +
                    (series.style == Plot::Style::joined ? "linespoints lw 1.8" : "points") + " pt " +
                    std::to_string(markers[i % 10]) + " ps 0.8" + ink + " title " + gnuplot_quoted(series.label));
  }
  bars.insert(bars.end(), lines.begin(), lines.end());
  return text + "plot " + join(bars, ", \\\n     ") + "\n";
}

std::string script_of(const HeatMap& map) {
  const int width =
                std::max(20 + 12 * static_cast<int>(map.title.size()), 170 + 62 * static_cast<int>(map.columns.size())),
            height = std::max(300, 150 + 44 * static_cast<int>(map.rows.size()));
  std::string text = start(map.name, map.title, map.x_label, map.y_label, width, height), data = "$map << EOD\n";
  const auto tics = [](const char* axis, const std::vector<std::string>& labels) {
    std::vector<std::string> entries;
    for (std::size_t i = 0; i < labels.size(); ++i)
      entries.push_back(gnuplot_quoted(labels[i]) + " " + std::to_string(i));
    return std::string("set ") + axis + "tics (" + join(entries, ", ") + ") scale 0\nset " + axis +
           "range [-0.5:" + shortest(static_cast<double>(labels.size()) - 0.5) + "]\n";
  };
  double least = HUGE_VAL, greatest = -HUGE_VAL;
  for (std::size_t i = 0; i < map.rows.size(); ++i)
    for (std::size_t j = 0; j < map.columns.size(); ++j)
      if (const double value = map.values[i][j]; std::isfinite(value)) {
        data += std::to_string(j) + " " + std::to_string(i) + " " + shortest(value) + "\n";
        least = std::min(least, value), greatest = std::max(greatest, value);
      }
  expect<ConfigError>(least <= greatest, "heat map: ", map.name, " has no value; at least one is needed");
  if (greatest == least) greatest += 1;
  const std::string dark = shortest(least + 0.6 * (greatest - least));  // from here on the number is white
  return text + data + "EOD\n" + tics("x", map.columns) + tics("y", map.rows) + "set cbrange [" + shortest(least) +
         ":" + shortest(greatest) +
         "]\nunset key\nunset colorbox\nset palette defined (0 '#f4f1e8', 0.5 '#8fb7d4', 1 '#0b4f8a')\n"
         "plot $map using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 noborder lc palette, \\\n"
         "     $map using 1:2:(sprintf('%." +
         std::to_string(map.decimals) + "f', $3)):($3 > " + dark +
         " ? 0xffffff : 0x222222) with labels font ',11' textcolor rgb variable\n";
}

std::vector<Plot::Point> pareto_front(std::vector<Plot::Point> points) {
  std::sort(points.begin(), points.end(),
            [](const Plot::Point& a, const Plot::Point& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  std::vector<Plot::Point> front;
  for (const Plot::Point& point : points)
    if (front.empty() || point.y < front.back().y) front.push_back(point);
  return front;
}

}  // namespace wsym::sparse_ensembles
