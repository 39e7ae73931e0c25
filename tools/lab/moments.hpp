// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "lab/text.hpp"

namespace wsym::lab {

/// Mean and sample standard deviation (ddof 1) over repetitions, each undefined where there are too few.
struct Moments {
  double mean = undefined, sd = undefined;
  Index n = 0;
  /// Standard error of the mean.
  double se() const;
};

/// Of the values that are defined; the sums are taken in order.
Moments moments(const std::vector<double>& values);

}  // namespace wsym::lab
