// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "efficient/plots.hpp"
#include "efficient/record.hpp"
#include "efficient/studies.hpp"

namespace wsym::efficient {

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

/// Table 10: what systems gain over the dense network of their width, in percent of its NLL, plain and normalised by
/// phi'(FLOPs of the largest dense network) / phi'(those of the one compared with) (equation 4). Rows of label, the
/// dense network's NLL, NLL, gain, normalised gain; empty without four dense networks.
std::vector<std::vector<std::string>> gains_over_dense(const Study& study, const Records& records);

}  // namespace wsym::efficient
