// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/core/on_draw.hpp"
#include "wsym/core/random.hpp"
#include "wsym/kernels/elementary.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

/// g[i] = key.gumbel(first + i) for n numbers, with the library's own logarithm: a few units in the last place of a
/// double of 37, the largest, and then the rounding to T.
template <Real T> void gumbel(const Key& key, std::uint64_t first, T* g, Index n) {
  WSYM_ON_DRAW(key, first, n);
  constexpr Index block = 128;  // loops of their own for draws and logarithms, which compilers can turn into vectors
  alignas(alignment) double u[block];
  for (Index i = 0; i < n; i += block) {
    const Index count = std::min(block, n - i);
    for (Index j = 0; j < count; ++j) u[j] = key.uniform(first + static_cast<std::uint64_t>(i + j));
    for_each_vector<double>(
        count, [&](Index j, auto some) { store<double>(u + j, -log<double>(-log<double>(load(u + j, some))), some); });
    for (Index j = 0; j < count; ++j) g[i + j] = static_cast<T>(u[j]);
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
