// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>

#include "wsym/kernels/view.hpp"

namespace wsym::kernels {
inline namespace WSYM_SIMD {

/// y = z Phi(z) and, unless dy is null, dy = Phi(z) + z phi(z), for n elements; y or dy may be z.
template <Real T> void gelu(const T* z, T* y, T* dy, Index n) {
  for (Index i = 0; i < n; ++i) {
    const T x = z[i], cdf = T(0.5) * std::erfc(-x * T(0.70710678118654752)),
            pdf = T(0.39894228040143268) * std::exp(T(-0.5) * x * x);
    y[i] = x * cdf;
    if (dy) dy[i] = cdf + x * pdf;
  }
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
