// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/elementary.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

/// y = z (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (z + 0.044715 z^3), and, unless dy is null, its derivative, for n
/// elements; y or dy may be z. Computed as z p with p = 1 / (1 + exp(-2 u)), which keeps the relative accuracy of the
/// tail. NaN gives NaN, -inf gives 0 and 0, +inf gives inf and 1. An element's bits do not depend on its position.
template <Real T> void gelu_tanh(const T* z, T* y, T* dy, Index n) {
  constexpr T slope = T(1.59576912160573071176), cubic = T(0.044715);  // 2 sqrt(2 / pi)
  constexpr T far = T(20);  // beyond it z p is z or, up to a number below the least, 0
  for_each_vector<T>(n, [=](Index i, auto count) {
    const Vec<T> x = load(z + i, count), low = x < -far ? broadcast(-far) : x, t = low > far ? broadcast(far) : low;
    const Vec<T> square = t * t;
    const Vec<T> w = slope * t * multiply_add<T>(square, broadcast(cubic), broadcast(T(1)));  // 2 u
    const Vec<T> p = T(1) / (T(1) + exp<T>(-w));
    const Vec<T> dw = slope * multiply_add<T>(square, broadcast(3 * cubic), broadcast(T(1)));
    const Vec<T> derivative = p * multiply_add<T>(t * (T(1) - p), dw, broadcast(T(1)));
    store<T>(y + i, x < -far ? Vec<T>{} : x * p, count);
    if (dy) store<T>(dy + i, derivative, count);
  });
}

}  // namespace wsym::inline WSYM_SIMD::kernels
