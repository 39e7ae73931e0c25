// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "wsym/core/random.hpp"
#include "wsym/core/tensor.hpp"

/// What tests of several folders share.
namespace wsym::test {

/// Heap allocations of this thread since it started, Eigen's temporaries included. Needs glibc or a sanitizer. Defined
/// in support.cpp, once for the whole executable.
Index allocations();

/// Standard normal entries, the same ones for float and double up to rounding.
template <Real T> Tensor<T> random_tensor(Shape shape, const Key& key, double scale = 1) {
  Tensor<T> x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<T>(scale * key.normal(i));
  return x;
}

/// The largest |a_i - b_i| / max(1, |a_i|, |b_i|); infinite where the sizes differ or a difference is not a number.
template <class A, class B> double worst_error(const A& a, const B& b) {
  const auto size = static_cast<std::size_t>(a.size());
  if (size != static_cast<std::size_t>(b.size())) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
    const double error = std::abs(x - y) / std::max({1.0, std::abs(x), std::abs(y)});
    if (std::isnan(error)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, error);
  }
  return worst;
}

/// What rounding in T may leave on a sum of some hundred terms, relative to the largest value.
template <Real T> inline constexpr double tolerance = std::same_as<T, float> ? 1e-5 : 1e-12;

}  // namespace wsym::test
