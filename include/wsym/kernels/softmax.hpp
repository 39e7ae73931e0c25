// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <limits>
#include <type_traits>

#include "wsym/kernels/elementary.hpp"
#include "wsym/kernels/pack.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

/// The maximum of a row and its sum of exp(x - maximum).
template <Real T> struct RowScale { Vec<T> most, sum; };

/// Rows this short are computed one in a lane, up to `lanes` of them at once.
inline constexpr Index short_row = 64;

/// The scales of up to `lanes` rows of x, one in a lane; e[j * lanes + i] = exp(x(i, j) - maximum of row i). Lanes
/// without a row stand for one of zeros.
template <Real T> RowScale<T> scan_rows(View<const T> x, T* e) {
  pack<T>(x.transposed(), e, lanes<T>, lanes<T>);
  RowScale<T> scale{broadcast(-std::numeric_limits<T>::infinity()), Vec<T>{}};
  for (Index j = 0; j < x.cols; ++j) scale.most = maximum<T>(load(e + j * lanes<T>), scale.most);
  for (Index j = 0; j < x.cols; ++j) {
    const Vec<T> now = exp<T>(load(e + j * lanes<T>) - scale.most);
    scale.sum += now;
    store<T>(e + j * lanes<T>, now);
  }
  return scale;
}

template <Real T> void softmax_lanes(View<const T> x, View<T> y) {
  alignas(alignment) T e[short_row * lanes<T>];
  const auto scale = scan_rows(x, e);
  for (Index j = 0; j < x.cols; ++j) store<T>(e + j * lanes<T>, load(e + j * lanes<T>) / scale.sum);
  pack<T>(View<const T>{e, x.cols, x.rows, lanes<T>}.transposed(), y.data, y.row_stride, x.cols);
}

/// softmax_lanes for rows of `Vectors` whole vectors, with the same bits: entries stay where they lie, and are turned
/// only to be compared and added up.
template <Real T, int Vectors> void softmax_vectors(View<const T> x, View<T> y) {
  alignas(alignment) T scale[lanes<T>], e[lanes<T>][Vectors * lanes<T>];
  Vec<T> turned[lanes<T>] = {};
  for (Index i = 0; i < x.rows; ++i) {
    turned[i] = load(&x(i, 0));
    WSYM_UNROLL
    for (int v = 1; v < Vectors; ++v) turned[i] = maximum<T>(load(&x(i, v * lanes<T>)), turned[i]);
  }
  transpose<T>(turned);
  WSYM_UNROLL
  for (int l = 1; l < lanes<T>; ++l) turned[0] = maximum<T>(turned[l], turned[0]);
  store<T>(scale, turned[0]);
  for (Index i = 0; i < x.rows; ++i) {
    WSYM_UNROLL
    for (int v = 0; v < Vectors; ++v) store<T>(e[i] + v * lanes<T>, exp<T>(load(&x(i, v * lanes<T>)) - scale[i]));
  }
  Vec<T> sum{};
  for (int v = 0; v < Vectors; ++v) {
    load_square<T>(e[0] + v * lanes<T>, Vectors * lanes<T>, lanes<T>, x.rows, turned);
    WSYM_UNROLL
    for (int l = 0; l < lanes<T>; ++l) sum += turned[l];
  }
  store<T>(scale, sum);
  for (Index i = 0; i < x.rows; ++i) {
    WSYM_UNROLL
    for (int v = 0; v < Vectors; ++v) store<T>(&y(i, v * lanes<T>), load(e[i] + v * lanes<T>) / scale[i]);
  }
}

/// softmax of up to `lanes` rows of at most short_row columns, in the form that is fastest for their number.
template <Real T> void softmax_short(View<const T> x, View<T> y) {
  if (x.cols == 2 * lanes<T>) return softmax_vectors<T, 2>(x, y);
  if (x.cols == 3 * lanes<T>) return softmax_vectors<T, 3>(x, y);
  if (x.cols == 4 * lanes<T>) return softmax_vectors<T, 4>(x, y);
  softmax_lanes(x, y);
}

template <Real T>
void cross_entropy_lanes(View<const T> x, const std::int32_t* labels, const T* weights, T* loss, View<T> gradient) {
  alignas(alignment) T e[short_row * lanes<T>], at_label[lanes<T>] = {}, label[lanes<T>] = {};
  for (Index i = 0; i < x.rows; ++i) {
    at_label[i] = x(i, labels[i]);
    label[i] = static_cast<T>(labels[i]);
  }
  const auto scale = scan_rows(x, e);
  const Vec<T> hot = load(label), weight = weights ? load(weights, x.rows) : broadcast(T(1));
  store<T>(loss, weight * (log<T>(scale.sum) - (load(at_label) - scale.most)), x.rows);
  if (!gradient.data) return;
  for (Index j = 0; j < x.cols; ++j) {
    const Vec<T> wanted = hot == static_cast<T>(j) ? broadcast(T(1)) : Vec<T>{};
    store<T>(e + j * lanes<T>, (load(e + j * lanes<T>) / scale.sum - wanted) * weight);
  }
  pack<T>(View<const T>{e, x.cols, x.rows, lanes<T>}.transposed(), gradient.data, gradient.row_stride, x.cols);
}

/// Calls f(i, n) for rows i .. i + n - 1, at most `lanes` of them.
template <Real T, class F> void for_each_lanes(Index rows, F&& f) {
  for (Index i = 0; i < rows; i += lanes<T>) f(i, std::min<Index>(lanes<T>, rows - i));
}

/// The scale of a row x (n), in every lane. write(i, e, count) is given every vector of e = exp(x - maximum) together
/// with the sum, through y, which may be x.
template <Real T, class F> [[gnu::always_inline]] inline RowScale<T> scan_row(const T* x, T* y, Index n, F&& write) {
  constexpr T none = -std::numeric_limits<T>::infinity();
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
  if (x.cols <= detail::short_row)
    return detail::for_each_lanes<T>(x.rows, [&](Index i, Index rows) {
      detail::softmax_short<T>(x.block(i, 0, rows, x.cols), y.block(i, 0, rows, x.cols));
    });
  for (Index i = 0; i < x.rows; ++i) {
    T* row = &y(i, 0);
    detail::scan_row(&x(i, 0), row, x.cols,
                     [row](Index j, Vec<T> e, Vec<T> sum, auto count) { store<T>(row + j, e / sum, count); });
  }
}

/// loss[i] = w_i (log sum_j exp(x_ij) - x_i,label), in nats, and, unless gradient.data is null, its derivative in x,
/// gradient(i, j) = w_i (softmax(x_i)_j - [j = label]). Shapes: logits and gradient (rows, cols), unit column
/// stride, not overlapping; labels (rows), in 0 .. cols-1; weights (rows), or null for 1; loss (rows). Right for logits
/// of any finite size.
template <Real T>
void cross_entropy_rows(std::type_identity_t<View<const T>> logits, const std::int32_t* labels,
                        std::type_identity_t<const T*> weights, T* loss, View<T> gradient) {
  if (logits.cols <= detail::short_row)
    return detail::for_each_lanes<T>(logits.rows, [&](Index i, Index rows) {
      const View<T> g = gradient.data ? gradient.block(i, 0, rows, logits.cols) : gradient;
      detail::cross_entropy_lanes<T>(logits.block(i, 0, rows, logits.cols), labels + i, weights ? weights + i : nullptr,
                                     loss + i, g);
    });
  for (Index i = 0; i < logits.rows; ++i) {
    const T* x = &logits(i, 0);
    const Index label = labels[i];
    const T weight = weights ? weights[i] : T(1);
    T* row = gradient.data ? &gradient(i, 0) : nullptr;
    const auto scale = detail::scan_row(x, row, logits.cols, [=](Index j, Vec<T> e, Vec<T> sum, auto count) {
      const Vec<T> hot = lane_numbers<T>() == static_cast<T>(label - j) ? broadcast(T(1)) : Vec<T>{};
      store<T>(row + j, (e / sum - hot) * weight, count);
    });
    loss[i] = weight * (log<T>(scale.sum)[0] - (x[label] - scale.most[0]));
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
