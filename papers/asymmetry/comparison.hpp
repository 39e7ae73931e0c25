// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/figures.hpp"

namespace wsym::asymmetry {

/// One number of ours beside the authors': the test metric of single networks (size 1), ensembles or mixtures.
struct Compared {
  Cell cell;
  Index size = 0;
  Moments ours;
  PublishedValue published;
  double gain = undefined, published_gain = undefined;  // percent over the baseline; of the baseline itself 0
  bool same_method = true;                              // see is_published_method

  double difference() const { return ours.mean - published.mean; }
  /// The difference in units of its standard error, if both have the published spread:
  /// difference / (published sd sqrt(1/n + 1/published n)). Undefined unless the method is the same: the difference is
  /// then not one of chance.
  double z() const;
};

/// Whether a study has the preset, and with it the split, of the published numbers, which the authors' code made.
bool is_published_method(const Study& study);

/// All numbers of a study that have a published counterpart, in the order of its panels and series; variants have none.
std::vector<Compared> compare(const Study& study, const ViewChoice& view, const Published& published);

/// How close a set of numbers is.
struct Agreement {
  Index cells = 0;
  Index beyond = 0;        // |z| > 3
  double rms = undefined;  // of z
};
Agreement agreement(const std::vector<Compared>& list);

/// Where the W-asymmetric networks gain more than the plain ones (MLP against WMLP, IMLP against IWMLP): the difference
/// of their gains in percentage points, ours and published.
struct GainGap {
  PanelKey panel;
  bool interpolated = false;
  Index size = 0;
  double ours = undefined, published = undefined;

  bool same_sign() const { return (ours > 0) == (published > 0); }
};
std::vector<GainGap> gain_gaps(const std::vector<Compared>& list);

/// The text of comparison.csv: two rows for each number, the metric and the improvement in percent (which has neither
/// sd nor z).
std::string comparison_csv(const std::vector<Study>& studies, const ViewChoice& view, const Published& published);

}  // namespace wsym::asymmetry
