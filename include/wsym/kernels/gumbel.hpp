// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/core/random.hpp"
#include "wsym/kernels/elementary.hpp"

namespace wsym::kernels {
inline namespace WSYM_SIMD {

/// g[i] = key.gumbel(first + i) for n numbers, with the library's own logarithm: in double to a few units in the last
/// place of the largest, 37, or its rounding to float.
template <Real T> void gumbel(const Key& key, std::uint64_t first, T* g, Index n) {
  constexpr int step = lanes<double>;
  constexpr std::uint64_t one = std::bit_cast<std::uint64_t>(1.0);
  for (Index i = 0; i < n; i += step) {
    detail::Bits<double> bits;
    for (int l = 0; l < step; ++l) bits[l] = key.bits(first + static_cast<std::uint64_t>(i + l));
    // Key::uniform: the upper 52 bits as the fraction of a number in [1, 2), less 1 - 2^-53, is exact and not 0.
    const Vec<double> u = reinterpret_cast<Vec<double>>(bits >> 12 | one) - (1 - 0x1p-53);
    const Vec<double> noise = -log<double>(-log<double>(u));
    for (int l = 0; l < std::min<Index>(step, n - i); ++l) g[i + l] = static_cast<T>(noise[l]);
  }
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
