// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/summary.hpp"

namespace wsym::asymmetry {

/// Reads the journals of results folders and writes into `out`: figures/ (figure1 to figure4 of each data set; of
/// several data sets also composites and grids), comparison.csv (ours beside the published numbers, where there are
/// any), and report.html, one page with all of it that needs no other file. Returns what to tell the user: where they
/// are, or why there are no figures. Throws what read_studies() throws.
std::string write_report(const std::string& out, const std::vector<std::string>& folders, const ViewChoice& view = {});

}  // namespace wsym::asymmetry
