// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "experiment/summary.hpp"

namespace wsym::experiment {

/// improvement: the paper's Figure 1, gain over a single network in percent against the ensemble's size; absolute: its
/// Figure 3, the metric itself with bands of one sd, and the single networks as horizontal lines.
enum class Figure { improvement, absolute };

/// What the axes and the title say.
struct FigureText {
  std::string title, subtitle, unit;
};

/// One block for each group, in their order: size, value, sd (0 where undefined); size 1 is the single network.
std::string figure_data(const Setting& setting, Figure figure, const std::vector<Group>& groups,
                        const ViewChoice& view);

/// The gnuplot script that reads `name`.dat and draws `name`.svg, or `name`.png where the variable png is defined; one
/// panel for each width.
std::string figure_script(const Setting& setting, Figure figure, const std::string& name, const FigureText& text,
                          const std::vector<Group>& groups);

/// Writes figure1 and figure3 (.gp, .dat, .svg, .png) into `folder`. Returns what to tell the user: where they are,
/// that gnuplot is missing and how to get it, or what it said. Nothing is drawn, and said so, without an ensemble.
std::string draw_figures(const Setting& setting, const std::string& folder, const std::string& title,
                         const std::string& unit, const std::vector<Group>& groups, const ViewChoice& view);

}  // namespace wsym::experiment
