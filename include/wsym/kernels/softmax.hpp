// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <limits>
#include <type_traits>

#include "wsym/kernels/elementary.hpp"
#include "wsym/kernels/view.hpp"

namespace wsym::kernels {
inline namespace WSYM_SIMD {
namespace detail {

/// The maximum of a row and its sum of exp(x - maximum), in every lane.
template <Real T> struct RowScale { Vec<T> most, sum; };

/// The scale of a row x (n). write(i, e, count) is given every vector of e = exp(x - maximum) together with the sum; a
/// row of one vector is read once and stays in registers, a longer one passes through y, which may be x.
template <Real T, class F> [[gnu::always_inline]] inline RowScale<T> scan_row(const T* x, T* y, Index n, F&& write) {
  constexpr T none = -std::numeric_limits<T>::infinity();
  if (n <= lanes<T>) {
    const Vec<T> v = load_or(x, n, none), most = maximum_of_lanes<T>(v), e = exp<T>(v - most);
    const RowScale<T> scale{most, sum_of_lanes<T>(e)};
    if (y) write(Index(0), e, scale.sum, n);
    return scale;
  }
  RowScale<T> scale{broadcast(none), Vec<T>{}};
  for_each_vector<T>(n, [&](Index i, auto count) { scale.most = maximum<T>(load_or(x + i, count, none), scale.most); });
  scale.most = maximum_of_lanes<T>(scale.most);
  for_each_vector<T>(n, [&](Index i, auto count) {
    const Vec<T> e = exp<T>(load_or(x + i, count, none) - scale.most);
    scale.sum += e;
    if (y) store<T>(y + i, e, count);
  });
  scale.sum = sum_of_lanes<T>(scale.sum);
  if (y) for_each_vector<T>(n, [&](Index i, auto count) { write(i, load(y + i, count), scale.sum, count); });
  return scale;
}
}  // namespace detail

/// y(i, :) = softmax(x(i, :)). Shapes (rows, cols) both, unit column stride, cols >= 1; y may be x. The row's maximum
/// is subtracted first, so that finite logits of any size are right; a row with a NaN or +inf becomes NaN. A row's bits
/// do not depend on the other rows.
template <Real T> void softmax_rows(std::type_identity_t<View<const T>> x, View<T> y) {
  for (Index i = 0; i < x.rows; ++i) {
    T* row = &y(i, 0);
    detail::scan_row(&x(i, 0), row, x.cols,
                     [row](Index j, Vec<T> e, Vec<T> sum, auto count) { store<T>(row + j, e / sum, count); });
  }
}

/// loss[i] = w_i (log sum_j exp(x_ij) - x_i,label), in nats, and, unless gradient.data is null, its derivative in x,
/// gradient(i, j) = w_i (softmax(x_i)_j - [j = label]). Shapes: logits and gradient (rows, cols), unit column
/// stride, not overlapping; labels (rows), in 0 .. cols-1; weights (rows), or
/// null for 1; loss (rows). Right for logits of any finite size.
template <Real T>
void cross_entropy_rows(std::type_identity_t<View<const T>> logits, const std::int32_t* labels,
                        std::type_identity_t<const T*> weights, T* loss, View<T> gradient) {
  for (Index i = 0; i < logits.rows; ++i) {
    const T* x = &logits(i, 0);
    const Index label = labels[i];
    const T weight = weights ? weights[i] : T(1);
    T* row = gradient.data ? &gradient(i, 0) : nullptr;
    const auto scale = detail::scan_row(x, row, logits.cols, [=](Index j, Vec<T> e, Vec<T> sum, auto count) {
      const Vec<T> hot = lane_numbers<T>() == static_cast<T>(label - j) ? broadcast(T(1)) : Vec<T>{};
      store<T>(row + j, (e / sum - hot) * weight, count);
    });
    loss[i] = weight * (std::log(scale.sum[0]) - (x[label] - scale.most[0]));
  }
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
