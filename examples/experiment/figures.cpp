// SPDX-License-Identifier: MIT
#include "experiment/figures.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiment/text.hpp"
#include "wsym/io/atomic_file.hpp"

extern char** environ;

namespace wsym::experiment {
namespace {

std::vector<Index> widths_of(const std::vector<Group>& groups) {
  std::set<Index> widths;
  for (const Group& group : groups) widths.insert(group.cell.hidden);
  return {widths.begin(), widths.end()};
}

Index largest_size(const std::vector<Group>& groups) {
  Index largest = 1;
  for (const Group& group : groups) largest = std::max(largest, group.sizes().back());
  return largest;
}

std::string label(const Group& group) {
  std::string model = group.cell.model;
  std::transform(model.begin(), model.end(), model.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return group.cell.variant.empty() ? model : model + " (" + group.cell.variant + ")";
}

/// Colours that people with the common colour blindnesses can tell apart (Okabe and Ito 2008): one a model, and a shade
/// of its own for each variant.
std::string colour(const Group& group, std::size_t place) {
  static constexpr const char* variants[] = {"#009E73", "#CC79A7", "#56B4E9", "#E69F00"};
  if (!group.cell.variant.empty()) return variants[place % std::size(variants)];
  return group.cell.model == "mlp" ? "#0072B2" : "#D55E00";
}

/// A gnuplot string in double quotes.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result + "\"";
}

std::string repetitions(const std::vector<Group>& groups) {
  std::set<Index> counts;
  for (const Group& group : groups) counts.insert(static_cast<Index>(group.cells.size()));
  return join(std::vector<Index>(counts.begin(), counts.end()), ", ") +
         (*counts.rbegin() == 1 ? " repetition" : " repetitions");
}

/// The curves of one group in a panel; `block` is its place in the data file, whose first row is the single network.
std::vector<std::string> curves(Figure figure, const std::string& file, const Group& group, std::size_t block) {
  const std::string data = "'" + file + "' index " + std::to_string(block);
  const std::string style = " lc rgb '" + colour(group, block) + "'";
  const std::string line = data + " every ::1 using 1:2 with linespoints lw 2.5 pt 7 ps 0.7" + style + " title ";
  if (figure == Figure::improvement) return {line + quoted(label(group) + " ensemble")};
  const std::string single = "'" + file + "' index " + std::to_string(block) + " every ::0::0 using ";
  const std::string band = " with filledcurves fs transparent solid 0.15 noborder" + style + " notitle";
  return {data + " every ::1 using 1:($2-$3):($2+$3)" + band,
          single + "(first):2:(last-first):(0) with vectors nohead lw 2 dt 2" + style + " title " +
              quoted("single " + label(group)),
          single + "(first):($2-$3):(first):(last):($2-$3):($2+$3) with boxxyerror fs transparent solid 0.10 noborder" +
              style + " notitle",
          line + quoted(label(group) + " ensemble")};
}

std::string panel(Figure figure, const std::string& file, const std::vector<Group>& groups, Index width) {
  std::string text = "set title 'd = " + std::to_string(width) + "'\n";
  std::vector<std::string> all;
  for (std::size_t block = 0; block < groups.size(); ++block)
    if (groups[block].cell.hidden == width)
      for (const std::string& curve : curves(figure, file, groups[block], block)) all.push_back(curve);
  return text + "plot " + join(all, ", \\\n     ") + "\n";
}

std::string y_label(const Setting& setting, Figure figure, const std::string& unit) {
  if (figure == Figure::improvement) return "Improvement (%)";
  return (setting.classifies() ? "Accuracy" : "RMSE") + (unit.empty() ? "" : " (" + unit + ")");
}

enum class Ran { well, badly, not_found };

/// Runs gnuplot in `folder`; what it has to say goes to gnuplot.log there.
Ran run_gnuplot(const std::string& folder, const std::string& script, bool png) {
  std::vector<std::string> words = {"gnuplot"};
  if (png) words.insert(words.end(), {"-e", "png=1"});
  words.push_back(script);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, 2, "gnuplot.log", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "gnuplot", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Ran::not_found;
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return Ran::not_found;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Ran::well : Ran::badly;
}

}  // namespace

std::string figure_data(const Setting& setting, Figure figure, const std::vector<Group>& groups,
                        const ViewChoice& view) {
  std::string text;
  for (const Group& group : groups) {
    text += "# " + label(group) + ", d = " + std::to_string(group.cell.hidden) + ", " +
            std::to_string(group.cells.size()) + " repetitions: size, value, sd\n";
    for (const Index size : group.sizes()) {
      const SizeSummary s = summarise(setting, group, size, view);
      const double value = figure == Figure::improvement ? s.improvement : s.metric.mean;
      const double sd = figure == Figure::improvement || !std::isfinite(s.metric.sd) ? 0 : s.metric.sd;
      if (std::isfinite(value)) text += std::to_string(size) + " " + shortest(value) + " " + shortest(sd) + "\n";
    }
    text += "\n\n";
  }
  return text;
}

std::string figure_script(const Setting& setting, Figure figure, const std::string& name, const FigureText& text,
                          const std::vector<Group>& groups) {
  const std::vector<Index> widths = widths_of(groups);
  const Index largest = largest_size(groups);
  const auto panels = static_cast<Index>(widths.size());
  const Index columns = std::min<Index>(panels, 3), rows = (panels + columns - 1) / columns;
  std::vector<Index> ticks;
  for (Index size = 2; size <= largest; size *= 2) ticks.push_back(size);
  const std::string size = message(columns == 1 ? 640 : 460 * columns, ",", 80 + 400 * rows);
  std::string script =
      "# gnuplot " + name + ".gp draws " + name + ".svg; gnuplot -e png=1 " + name + ".gp draws " + name + ".png\n" +
      "if (exists('png')) set terminal pngcairo size " + size + " font 'sans,11' noenhanced\n" +
      "if (exists('png')) set output '" + name + ".png'\n" + "if (!exists('png')) set terminal svg size " + size +
      " font 'Helvetica,Arial,sans-serif,13' noenhanced " + "background 'white'\n" +
      "if (!exists('png')) set output '" + name + ".svg'\n" + "first = 2 / 1.15\nlast = " + std::to_string(largest) +
      " * 1.15\n" + "set logscale x 2\nset xrange [first:last]\nset xtics (" + join(ticks, ", ") + ")\n" +
      "set offsets graph 0, 0, graph 0.05, graph 0.05\n" + "set xlabel 'Ensemble size'\nset ylabel " +
      quoted(y_label(setting, figure, text.unit)) + "\n" + "set encoding utf8\nset format y '" +
      (figure == Figure::improvement ? "%.2f" : "%.3f") + "'\n" +
      "set grid lt 1 lw 0.5 lc rgb '#dddddd'\nset border 3 lc rgb '#555555'\nset tics nomirror textcolor rgb "
      "'black'\n" +
      "set key below horizontal Left reverse samplen 2 width 2 height 0.6 spacing 1.15\n";
  if (figure == Figure::improvement) script += "set xzeroaxis lt 1 lc rgb '#999999'\n";
  const std::string bands = figure == Figure::absolute ? "mean ± sd over " : "mean over ";
  script += "set multiplot layout " + message(rows, ",", columns) + " title " +
            quoted(text.title + "\n" + text.subtitle + ", " + bands + repetitions(groups)) + "\n";
  for (const Index width : widths) script += panel(figure, name + ".dat", groups, width);
  return script + "unset multiplot\n";
}

std::string draw_figures(const Setting& setting, const std::string& folder, const std::string& title,
                         const std::string& unit, const std::vector<Group>& groups, const ViewChoice& view) {
  if (largest_size(groups) < 2) return "no figures: they need ensembles, of two members at least";
  make_directories(folder);
  for (const auto& [figure, name, what] :
       {std::tuple(Figure::improvement, "figure1", "Improvement over a single network"),
        std::tuple(Figure::absolute, "figure3",
                   setting.classifies() ? "Accuracy on the test part" : "Error on the test part")}) {
    write_file_atomically(folder + "/" + name + ".dat", figure_data(setting, figure, groups, view));
    write_file_atomically(folder + "/" + name + ".gp",
                          figure_script(setting, figure, name, {title, what, unit}, groups));
    for (const bool png : {false, true}) {
      const Ran ran = run_gnuplot(folder, std::string(name) + ".gp", png);
      if (ran == Ran::not_found)
        return "no figures: gnuplot is not installed (Debian, Ubuntu: apt-get install gnuplot-nox); its scripts and "
               "data "
               "are in " +
               folder;
      if (ran == Ran::badly) return "no figures: gnuplot failed, see " + folder + "/gnuplot.log";
    }
  }
  return "figures: " + folder + "/figure1.svg, " + folder + "/figure3.svg";
}

}  // namespace wsym::experiment
