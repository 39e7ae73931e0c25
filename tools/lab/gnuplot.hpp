// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace wsym::lab {

/// `text` as a gnuplot string: in single quotes, in which gnuplot obeys nothing, those of the text doubled,
/// with a space before one that comes first or behind another, where gnuplot sees no pair. A string ends with its line:
/// control characters become spaces. Everything that is not the program's own goes through this.
std::string gnuplot_quoted(const std::string& text);

/// A drawing without the groups that hold nothing but blanks. gnuplot writes one for each change of pen, a third of its
/// bytes.
std::string without_empty_groups(std::string svg);

enum class Drawn { yes, failed, no_gnuplot };

/// Runs `folder`/`name`.gp twice, without the user's own settings: to name.svg, and with the variable png defined to
/// name.png; the SVG loses its empty groups, see without_empty_groups. What gnuplot has to say is in name.log, which is
/// not there unless it says something. A link at the place of one of these files is replaced, not followed.
Drawn run_gnuplot(const std::string& folder, const std::string& name);

}  // namespace wsym::lab
