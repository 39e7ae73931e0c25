// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <limits>

#include "wsym/core/tensor.hpp"
#include "wsym/kernels/portable.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// The mean of f(prediction, target) over all entries, added in double in row-major order.
template <Real T, class F>
double mean_over_entries(const char* what, const Tensor<T>& prediction, const Tensor<T>& target, F f) {
  expect(prediction.shape() == target.shape() && target.size() > 0, what, ": prediction is ", prediction.shape(),
         " but target is ", target.shape(), "; they need one shape with at least one entry");
  double sum = 0;
  for (Index i = 0; i < target.size(); ++i) sum += f(double{prediction[i]}, double{target[i]});
  return sum / static_cast<double>(target.size());
}
}  // namespace detail

/// The mean squared error over rows and outputs. Both (n, outputs). Squared units of the target. Throws ShapeError.
template <Real T> double mse(const Tensor<T>& prediction, const Tensor<T>& target) {
  return detail::mean_over_entries("mse", prediction, target,
                                   [](double p, double y) { return kernels::portable::square(p - y); });
}

/// The root of the mean squared error, in units of the target.
template <Real T> double rmse(const Tensor<T>& prediction, const Tensor<T>& target) {
  return std::sqrt(mse(prediction, target));
}

/// The mean absolute error over rows and outputs, in units of the target.
template <Real T> double mae(const Tensor<T>& prediction, const Tensor<T>& target) {
  return detail::mean_over_entries("mae", prediction, target, [](double p, double y) { return std::abs(p - y); });
}

/// The coefficient of determination, 1 - sum (p - y)^2 / sum (y - mean y)^2 for each output, averaged over the outputs.
/// At most 1; 0 for the constant mean. NaN if an output's targets are all equal: then it is not defined.
template <Real T> double r2(const Tensor<T>& prediction, const Tensor<T>& target) {
  expect(prediction.shape() == target.shape() && target.size() > 0, "r2: prediction is ", prediction.shape(),
         " but target is ", target.shape(), "; they need one shape with at least one entry");
  double total = 0;
  for (Index output = 0; output < target.cols(); ++output) {
    double shift = 0, residual = 0, spread = 0;
    const double first = target(0, output);
    for (Index row = 0; row < target.rows(); ++row) shift += target(row, output) - first;
    const double mean = first + shift / static_cast<double>(target.rows());  // exact when all targets are equal
    for (Index row = 0; row < target.rows(); ++row) {
      const double y = target(row, output);
      residual += kernels::portable::square(prediction(row, output) - y);
      spread += kernels::portable::square(y - mean);
    }
    total += spread > 0 ? 1 - residual / spread : std::numeric_limits<double>::quiet_NaN();
  }
  return total / static_cast<double>(target.cols());
}

}  // namespace wsym::inline WSYM_SIMD
