// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace wsym::experiment {

/// `text` as a gnuplot string in double quotes.
std::string gnuplot_quoted(const std::string& text);

enum class Drawn { yes, failed, no_gnuplot };

/// Runs `folder`/`name`.gp twice: to name.svg, and with the variable png defined to name.png. What gnuplot has to say
/// goes to gnuplot.log in the folder.
Drawn run_gnuplot(const std::string& folder, const std::string& name);

}  // namespace wsym::experiment
