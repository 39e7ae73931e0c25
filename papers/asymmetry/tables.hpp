// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/summary.hpp"

namespace wsym::asymmetry {

/// The text of summary.csv: one row for each width, model and size of the experiment's own method; groups of a variant
/// have none. Empty fields where a number is not defined.
std::string summary_csv(const Setting& setting, const std::vector<Group>& groups, const ViewChoice& view);

/// The text of metrics.csv, in long form: every group, variants too (as experiment "controls"). variant: key=value
/// pairs joined by ';', model and hidden first. A metric's name says when ensembles are formed or averaged in another
/// way than by the first k members' logits or outputs: accuracy_probabilities, rmse_disjoint.
std::string metrics_csv(const Setting& setting, const std::vector<Group>& groups);

/// The table for people.
std::string printed_table(const Setting& setting, const std::string& unit, const std::vector<Group>& groups,
                          const ViewChoice& view);

}  // namespace wsym::asymmetry
