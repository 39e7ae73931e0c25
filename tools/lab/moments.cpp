// SPDX-License-Identifier: MIT
#include "lab/moments.hpp"

#include <cmath>

#include "wsym/metrics/statistics.hpp"

namespace wsym::lab {

double Moments::se() const {
  return sd / std::sqrt(static_cast<double>(n));
}

Moments moments(const std::vector<double>& values) {
  std::vector<double> defined;
  for (const double value : values)
    if (std::isfinite(value)) defined.push_back(value);
  if (defined.empty()) return {};
  const Summary all = wsym::summarise(defined);
  return {all.mean, all.sd, all.n};
}

}  // namespace wsym::lab
