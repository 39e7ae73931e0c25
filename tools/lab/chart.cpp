// SPDX-License-Identifier: MIT
#include "lab/chart.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "lab/gnuplot.hpp"
#include "lab/text.hpp"
#include "wsym/core/error.hpp"

namespace wsym::lab {
namespace {

/// In pixels of the SVG, from the top: head, rows of panels, legend.
struct Layout {
  static constexpr double head = 76, left = 86, right = 18, above = 30, below = 56, plot_height = 250;
  double plot_width, width, height;
  Index columns, legend_columns, legend_rows;

  static constexpr double row = above + plot_height + below;

  Layout(const Chart& chart, const std::vector<const Curve*>& legend)
      : plot_width(chart.columns == 1 ? 560 : 330),
        width(static_cast<double>(chart.columns) * (left + plot_width + right)),
        columns(chart.columns) {
    std::size_t longest = 0;
    for (const Curve* curve : legend) longest = std::max(longest, curve->label.size());
    const auto entries = static_cast<Index>(legend.size());
    legend_columns = std::clamp<Index>(static_cast<Index>(width / (72 + 9 * static_cast<double>(longest))), 1, entries);
    legend_rows = (entries + legend_columns - 1) / legend_columns;
    const Index rows = (static_cast<Index>(chart.panels.size()) + columns - 1) / columns;
    height = std::round(head + static_cast<double>(rows) * row + 12 + 22 * static_cast<double>(legend_rows));
  }

  std::string x(double pixels) const { return rounded(pixels / width, 5); }
  std::string y(double pixels) const { return rounded(1 - pixels / height, 5); }

  /// Where panel i has its axes.
  std::string margins(Index i) const {
    const double from_left = static_cast<double>(i % columns) * (left + plot_width + right) + left;
    const double from_top = head + static_cast<double>(i / columns) * row + above;
    return "set lmargin at screen " + x(from_left) + "\nset rmargin at screen " + x(from_left + plot_width) +
           "\nset tmargin at screen " + y(from_top) + "\nset bmargin at screen " + y(from_top + plot_height) + "\n";
  }
};

std::vector<Index> sizes_of(const Chart& chart) {
  std::set<Index> sizes;
  for (const Panel& panel : chart.panels)
    for (const Curve& curve : panel.curves)
      for (const Curve::Point& point : curve.points)
        if (!curve.level) sizes.insert(point.size);
  return {sizes.begin(), sizes.end()};
}

/// The ends of the axis of sizes.
std::pair<std::string, std::string> ends_of(const Chart& chart) {
  const std::vector<Index> sizes = sizes_of(chart);
  expect<ConfigError>(!sizes.empty(), "chart: ", chart.name, " has no points; at least one is needed");
  return {shortest(static_cast<double>(sizes.front()) / 1.2), shortest(static_cast<double>(sizes.back()) * 1.2)};
}

/// The first curve of each label.
std::vector<const Curve*> legend_of(const Chart& chart) {
  std::vector<const Curve*> legend;
  for (const Panel& panel : chart.panels)
    for (const Curve& curve : panel.curves)
      if (std::none_of(legend.begin(), legend.end(), [&](const Curve* other) { return other->label == curve.label; }))
        legend.push_back(&curve);
  return legend;
}

std::string style(const Curve& curve, const std::string& colour) {
  const std::string ink = " lc rgb '" + colour + "'";
  if (curve.published) return "with lines lw 1.2 dt (6,4)" + ink;
  if (curve.level) return "with lines lw 1.5" + ink;
  return "with linespoints lw 2.2 pt " + std::to_string(curve.marker) + " ps 0.6" + ink;
}

/// Decimals that tell the axis's ticks apart.
int decimals_of(const Panel& panel) {
  double least = HUGE_VAL, greatest = -HUGE_VAL;
  for (const Curve& curve : panel.curves)
    for (const Curve::Point& point : curve.points) {
      least = std::min(least, point.value - point.sd);
      greatest = std::max(greatest, point.value + point.sd);
    }
  return greatest > least ? static_cast<int>(std::clamp(std::ceil(-std::log10((greatest - least) / 10)), 0., 9.)) : 2;
}

/// Bands first, so that no curve lies under one.
std::string plot(const Chart& chart, const Panel& panel, std::size_t first_block) {
  std::vector<std::string> bands, lines;
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    const Curve& curve = panel.curves[i];
    const std::string data = gnuplot_quoted(chart.name + ".dat") + " index " + std::to_string(first_block + i);
    if (!curve.published)
      bands.push_back(data + " using 1:($2-$3):($2+$3) with filledcurves fs transparent solid " +
                      (curve.level ? "0.10" : "0.16") + " noborder lc rgb '" + curve.colour + "'");
    lines.push_back(data + " using 1:2 " + style(curve, curve.colour));
  }
  bands.insert(bands.end(), lines.begin(), lines.end());
  return "plot " + join(bands, ", \\\n     ") + "\n";
}

std::string start(const Chart& chart, const Layout& layout) {
  const std::string size = rounded(layout.width, 0) + "," + rounded(layout.height, 0);
  const auto [first, last] = ends_of(chart);
  const auto line = [&](int number, const std::string& text, double from_top, const char* look) {
    return "set label " + std::to_string(number) + " " + gnuplot_quoted(text) + " at screen " + layout.x(14) +
           ", screen " + layout.y(from_top) + look + "\n";
  };
  return "# gnuplot " + chart.name + ".gp draws " + chart.name + ".svg; gnuplot -e png=1 " + chart.name + ".gp draws " +
         chart.name + ".png\nset encoding utf8\n" + "if (exists('png')) set terminal pngcairo size " + size +
         " font 'sans,10' dashlength 2 noenhanced\n" + "if (exists('png')) set output " +
         gnuplot_quoted(chart.name + ".png") + "\n" + "if (!exists('png')) set terminal svg size " + size +
         " font 'Helvetica,Arial,sans-serif,13' noenhanced background 'white'\n" + "if (!exists('png')) set output " +
         gnuplot_quoted(chart.name + ".svg") + "\n" + "set multiplot\nset logscale x 2\nset xrange [" + first + ":" +
         last + "]\nset xtics (" + join(sizes_of(chart), ", ") + ")\n" +
         "set offsets graph 0, 0, graph 0.05, graph 0.05\nset xzeroaxis lt 1 lc rgb '#999999'\n" +
         "set grid lt 1 lw 0.5 lc rgb '#e3e3e3'\nset border 3 lc rgb '#777777'\n" +
         "set tics nomirror scale 0.5 textcolor rgb '#333333'\nunset key\n" + line(1, chart.title, 22, " font ',17'") +
         line(2, chart.subtitle, 48, " textcolor rgb '#555555'");
}

/// A last, empty plot under the panels, for its key alone.
std::string legend_plot(const Layout& layout, const std::vector<const Curve*>& legend) {
  std::vector<std::string> entries;
  for (const Curve* curve : legend)
    entries.push_back("NaN " + style(*curve, curve->published ? "#555555" : curve->colour) + " title " +
                      gnuplot_quoted(curve->label));
  const double top = layout.height - 6 - 22 * static_cast<double>(layout.legend_rows);
  return "unset title\nunset xlabel\nunset ylabel\nunset tics\nunset border\nunset grid\nunset xzeroaxis\n"
         "unset offsets\nset yrange [0:1]\nset lmargin at screen 0\nset rmargin at screen 1\nset tmargin at screen " +
         layout.y(top) + "\nset bmargin at screen 0\nset key at screen 0.5, screen " + layout.y(top) +
         " center top horizontal Left reverse samplen 2.5 spacing 1.2 width 1 maxcols " +
         std::to_string(layout.legend_columns) + "\nplot " + join(entries, ", \\\n     ") + "\nunset multiplot\n";
}

}  // namespace

std::string chart_data(const Chart& chart) {
  const auto [first, last] = ends_of(chart);
  std::string text;
  for (const Panel& panel : chart.panels)
    for (const Curve& curve : panel.curves) {
      text += "# " + panel.title + ": " + curve.label + ": size, value, sd\n";
      const auto line = [&](const std::string& size, const Curve::Point& point) {
        text += size + " " + shortest(point.value) + " " + shortest(point.sd) + "\n";
      };
      for (const Curve::Point& point : curve.points)
        if (curve.level)
          line(first, point), line(last, point);
        else
          line(std::to_string(point.size), point);
      text += "\n\n";
    }
  return text;
}

std::string chart_script(const Chart& chart) {
  const std::vector<const Curve*> legend = legend_of(chart);
  const Layout layout(chart, legend);
  const auto panels = static_cast<Index>(chart.panels.size());
  const auto panel_at = [&](Index i) -> const Panel& {
    return chart.panels[static_cast<std::size_t>(i)];
  };
  const auto lowest = [&](Index i) {
    for (i += layout.columns; i < panels; i += layout.columns)
      if (!panel_at(i).curves.empty()) return false;
    return true;
  };
  std::string script = start(chart, layout);
  std::size_t block = 0;
  for (Index i = 0; i < panels; ++i) {
    const Panel& panel = panel_at(i);
    if (panel.curves.empty()) continue;
    script += layout.margins(i) + "set title " + gnuplot_quoted(panel.title) + "\nset ylabel " +
              gnuplot_quoted(panel.y_label) + "\nset xlabel " + gnuplot_quoted(lowest(i) ? chart.x_label : "") +
              "\nset format y '%." + std::to_string(decimals_of(panel)) + "f'\n" + plot(chart, panel, block) +
              (block == 0 ? "unset label 1\nunset label 2\n" : "");
    block += panel.curves.size();
  }
  return script + legend_plot(layout, legend);
}

}  // namespace wsym::lab
