// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/options.hpp"
#include "asymmetry/summary.hpp"

namespace wsym::asymmetry {

/// A control against a reference, paired by repetition; all of a metric's own unit, and control minus reference.
struct Comparison {
  std::string reference;
  Moments difference;
  double low = undefined, high = undefined;  // the 95 % t interval of the mean difference
  double p_value = undefined;                // exact two-sided sign-flip test; needs 20 pairs or fewer
};

/// A number of a group that controls are compared by, over its repetitions.
struct Measure {
  Index size = 0;  // 1: the mean single network; otherwise the largest ensemble, or a mixture's experts
  std::string metric;
  Moments value;
  std::vector<Comparison> comparisons;
};

/// What a control is worth: the plain method itself, or one that differs from it.
struct ControlResult {
  Cell cell;           // of its first repetition; the variant "groups=disjoint" is the plain method's other view
  std::string shared;  // by all repetitions: split, or split and mask
  std::vector<Measure> measures;
};

/// Every group of the controls' experiment against the plain method of its model, and against the model without
/// asymmetry, in all else the same (weights=best against weights=best), in the order of the groups. The measures of
/// ensembles are the metric of single networks and of the largest ensembles, and the improvement in percent; those of
/// mixtures the metric for each number of experts.
std::vector<ControlResult> compare_controls(const Setting& setting, const std::vector<Group>& groups,
                                            const Options& options);

/// The text of controls.csv: a row for each comparison, or one without for what is compared with nothing.
std::string controls_csv(const Setting& setting, const std::vector<ControlResult>& results);

/// The table for people, with the differences from the plain method alone.
std::string printed_controls(const Setting& setting, const std::vector<ControlResult>& results);

}  // namespace wsym::asymmetry
