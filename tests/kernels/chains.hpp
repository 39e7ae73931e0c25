// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <vector>

#include "kernels/guarded.hpp"
#include "wsym/kernels/simd.hpp"

/// The promised order of operations of one entry of a product, in scalar steps of the kernels' own multiply-add.
namespace testing {

template <class T> T multiply_add(T a, T b, T c) {
  return wsym::kernels::multiply_add<T>(wsym::kernels::broadcast(a), wsym::kernels::broadcast(b),
                                        wsym::kernels::broadcast(c))[0];
}

/// Three columns or more: one chain over the terms.
template <class T> T chain(wsym::kernels::View<const T> a, wsym::kernels::View<const T> b, Index i, Index j, T start) {
  for (Index p = 0; p < a.cols; ++p) start = multiply_add(a(i, p), b(p, j), start);
  return start;
}

/// One or two columns: in each block of 512 terms a chain for every lane, then a tree over the lanes.
template <class T>
T lane_chains(wsym::kernels::View<const T> a, wsym::kernels::View<const T> b, Index i, Index j, T start) {
  constexpr Index block = 512, lanes = wsym::kernels::lanes<T>;
  Index first = 0;
  do {
    const Index depth = std::min(block, a.cols - first), filled = (depth + lanes - 1) / lanes * lanes;
    std::vector<T> lane(static_cast<std::size_t>(lanes), T(0));
    for (Index p = 0; p < filled; ++p) {
      T& sum = lane[static_cast<std::size_t>(p % lanes)];
      sum = p < depth ? multiply_add(a(i, first + p), b(first + p, j), sum) : multiply_add(T(0), T(0), sum);
    }
    if (sizeof(T) == 4)  // within 16 bytes two sums of lanes two apart come first
      for (std::size_t q = 0; q < lane.size(); q += 4) lane[q] += lane[q + 2], lane[q + 1] += lane[q + 3];
    std::vector<T> sums;
    for (std::size_t q = 0; q < lane.size(); q += 16 / sizeof(T)) sums.push_back(lane[q] + lane[q + 1]);
    for (; sums.size() > 1; sums.resize(sums.size() / 2))
      for (std::size_t s = 0; 2 * s < sums.size(); ++s) sums[s] = sums[2 * s] + sums[2 * s + 1];
    start += sums[0];
    first += depth;
  } while (first < a.cols);
  return start;
}

}  // namespace testing
