// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "sparse_ensembles/plots.hpp"
#include "sparse_ensembles/record.hpp"
#include "sparse_ensembles/studies.hpp"

namespace wsym::sparse_ensembles {

/// What the records of one data set give to draw; a figure without points is left out.
struct Figures {
  std::vector<Plot> plots;
  std::vector<HeatMap> maps;
};

/// The figures of one study. fig2: three heat maps; fig3: metrics against FLOPs with the Pareto front; fig9: the dense
/// networks' fit; fig10, fig11: metrics against lambda and noise; fig12: marginal curves; of the tables none.
Figures figures_of(const Study& study, const Records& records, const System& common);

/// Reliability diagrams of the four main systems, and of every sparse layer of each the load of its experts.
Figures routing_and_reliability(const Records& records, const System& common);

/// The cubic of Figure 9, NLL = phi(ln FLOPs), by ordinary least squares on dense networks.
struct DenseFit {
  double coefficients[4] = {};

  double operator()(double flops) const;
  double slope(double flops) const;  // by FLOPs
};
/// Throws ConfigError for fewer than four networks.
DenseFit fit_dense(const std::vector<double>& flops, const std::vector<double>& nll);

/// A row of Table 10: what a system gains over the dense network of its width, in percent of that one's NLL.
struct GainOverDense {
  std::string label;
  double dense, nll, gain;
  /// The same times phi'(FLOPs of the largest dense network) / phi'(those of the one compared with) (equation 4); NaN
  /// where the fit does not fall at either, as more work is no gain to compare with.
  double normalised;
};
/// Empty without four dense networks.
std::vector<GainOverDense> gains_over_dense(const Study& study, const Records& records);

}  // namespace wsym::sparse_ensembles
