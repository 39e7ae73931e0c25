// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>

#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD::detail {

/// Mean and population sd of what is known among some finite numbers, in two passes: add() each, settle(), add_square()
/// each. sd is exactly 0 if all are the same. No sum overflows or vanishes for numbers of any size: where the squares
/// of the deviations would, all are scaled by a power of two first, which changes no other result by a bit.
class Moments {
 public:
  void add(double x) {
    if (std::isnan(x)) return;
    if (count_ == 0) least_ = most_ = x;
    least_ = std::min(least_, x), most_ = std::max(most_, x);
    ++count_, sum_ += x, small_sum_ += x * small;
  }
  void settle() {
    if (count_ == 0) return;
    const auto n = static_cast<double>(count_);
    mean_ = least_ == most_ ? least_ : sum_ / n;
    if (!std::isfinite(mean_)) mean_ = std::clamp(small_sum_ / n / small, least_, most_);
    const int exponent = std::ilogb(std::max(most_ / 2 - mean_ / 2, mean_ / 2 - least_ / 2));
    if (exponent < -400 || exponent > 400) unit_ = std::ldexp(1, -std::clamp(exponent, -1000, 1000));
  }
  void add_square(double x) {
    if (std::isnan(x)) return;
    const double d = x * unit_ - mean_ * unit_;
    squares_ += d * d;
  }
  double mean() const { return mean_; }
  double sd() const { return least_ == most_ ? 0 : std::sqrt(squares_ / static_cast<double>(count_)) / unit_; }

 private:
  static constexpr double small = 0x1p-64;  // fewer than 2^64 numbers times it cannot overflow

  Index count_ = 0;
  double least_ = 0, most_ = 0, sum_ = 0, small_sum_ = 0, mean_ = 0, unit_ = 1, squares_ = 0;
};

}  // namespace wsym::inline WSYM_SIMD::detail
