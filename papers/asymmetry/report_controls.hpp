// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace wsym::asymmetry {

/// The controls of a results folder, each beside the plain method of its model, as an HTML table; empty if the folder
/// has no controls.csv. Throws FormatError, with file and line, for one of another form.
std::string controls_table(const std::string& folder);

}  // namespace wsym::asymmetry
