// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <limits>
#include <utility>

#include "wsym/kernels/pack.hpp"
#include "wsym/kernels/reduce.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

/// The columns of the k largest entries of one row, by insertion; `value` has room for k of them.
template <Real T> void top_k_row(View<const T> x, Index k, T* value, std::int32_t* column) {
  for (Index j = 0; j < x.cols; ++j) {
    const T now = x(0, j);
    Index at = std::min(j, k);
    if (at == k && !(now > value[k - 1])) continue;
    for (; at > 0 && now > value[at - 1]; --at)
      if (at < k) value[at] = value[at - 1], column[at] = column[at - 1];
    value[at] = now;
    column[at] = static_cast<std::int32_t>(j);
  }
}

/// The same for up to `lanes` rows at once, one in a lane. False, and no answer, where an entry that counts is -inf.
template <Real T, int K> bool top_k_lanes(View<const T> x, std::int32_t* column) {
  constexpr T none = -std::numeric_limits<T>::infinity();
  alignas(alignment) T columns[K][lanes<T>], least[lanes<T>];
  Vec<T> value[K], at[K] = {}, column_of[lanes<T>];
  std::fill_n(value, K, broadcast(none));
  for (Index first = 0; first < x.cols; first += lanes<T>) {
    const Index cols = std::min<Index>(lanes<T>, x.cols - first);
    load_square<T>(&x(0, first), x.row_stride, cols, x.rows, column_of);
    for (Index j = 0; j < cols; ++j) {
      const Vec<T> now = column_of[j], here = broadcast(static_cast<T>(first + j));
      WSYM_UNROLL
      for (int r = K - 1; r > 0; --r) {
        at[r] = now > value[r - 1] ? at[r - 1] : now > value[r] ? here : at[r];
        value[r] = now > value[r - 1] ? value[r - 1] : now > value[r] ? now : value[r];
      }
      at[0] = now > value[0] ? here : at[0];
      value[0] = now > value[0] ? now : value[0];
    }
  }
  store<T>(least, value[K - 1]);
  if (std::find(least, least + x.rows, none) != least + x.rows) return false;
  for (int r = 0; r < K; ++r) store<T>(columns[r], at[r]);
  for (Index i = 0; i < x.rows; ++i)
    for (int r = 0; r < K; ++r) column[i * K + r] = static_cast<std::int32_t>(columns[r][i]);
  return true;
}

template <Real T, int... I> constexpr auto top_k_forms(std::integer_sequence<int, I...>) {
  return std::array{&top_k_lanes<T, I + 1>...};
}
}  // namespace detail

/// y_i = s_i x_i, or y_i + s_i x_i, for every row i; s_i = scale[i * stride]. Shapes x and y (rows, cols), unit column
/// stride, y may be x. A row's bits do not depend on the other rows.
template <Real T>
void scale_rows(std::type_identity_t<View<const T>> x, const T* scale, Index stride, View<T> y, bool accumulate) {
  assert((x.col_stride == 1 && y.col_stride == 1) || x.cols <= 1);
  for (Index i = 0; i < x.rows; ++i) {
    const T s = scale[i * stride];
    const T* from = &x(i, 0);
    T* to = &y(i, 0);
    for_each_vector<T>(x.cols, [=](Index j, auto count) {
      const Vec<T> v = load<T>(from + j, count);
      store<T>(to + j, accumulate ? multiply_add<T>(v, broadcast(s), load<T>(to + j, count)) : v * s, count);
    });
  }
}

/// Asks for n entries that will be read or written soon, from where no prefetcher would look. Changes nothing.
template <Real T> void prefetch(const T* x, Index n) {
  constexpr Index line = 64 / sizeof(T);
  for (Index j = 0; j < n; j += line) __builtin_prefetch(x + j);
}

/// y = x, or y + x, for n entries.
template <Real T> void add_row(const T* x, T* y, Index n, bool accumulate) {
  for_each_vector<T>(n, [=](Index j, auto count) {
    const Vec<T> v = load<T>(x + j, count);
    store<T>(y + j, accumulate ? load<T>(y + j, count) + v : v, count);
  });
}

/// out_i = <x_i, y_i>, or out_i + that, for every row i; out_i is out[i * stride]. Shapes x and y (rows, cols), unit
/// column stride. A row's bits do not depend on the other rows.
template <Real T>
void row_dots(std::type_identity_t<View<const T>> x, std::type_identity_t<View<const T>> y, T* out, Index stride,
              bool accumulate) {
  assert((x.col_stride == 1 && y.col_stride == 1) || x.cols <= 1);
  for (Index i = 0; i < x.rows; ++i) {
    const T *a = &x(i, 0), *b = &y(i, 0);
    Vec<T> sum{};
    for_each_vector<T>(
        x.cols, [&](Index j, auto count) { sum = multiply_add<T>(load<T>(a + j, count), load<T>(b + j, count), sum); });
    const T dot = sum_of_lanes<T>(sum)[0];
    out[i * stride] = accumulate ? out[i * stride] + dot : dot;
  }
}

/// y = sum_i w_i x_i over the rows of x, one after the other. Shapes x (rows, cols), rows >= 1, w (rows), y (cols);
/// unit column stride. The bits of a scale_rows of each row in turn onto one y.
template <Real T> void weighted_sum(std::type_identity_t<View<const T>> x, std::type_identity_t<const T*> w, T* y) {
  assert(x.col_stride == 1 || x.cols <= 1);
  for_each_vector<T>(x.cols, [=](Index j, auto count) {
    Vec<T> sum = load<T>(&x(0, j), count) * broadcast(w[0]);
    for (Index i = 1; i < x.rows; ++i) sum = multiply_add<T>(load<T>(&x(i, j), count), broadcast(w[i]), sum);
    store<T>(y + j, sum, count);
  });
}

/// column[i k + r] = the column of the entry of row i that is larger than all but r others; of equal ones the first is
/// the larger. Shapes x (rows, cols), unit column stride, 1 <= k <= cols < 2^24; column (rows, k); `value` is room for
/// k entries. No entry may be NaN.
template <Real T> void top_k_rows(View<const T> x, Index k, T* value, std::int32_t* column) {
  static constexpr auto forms = detail::top_k_forms<T>(std::make_integer_sequence<int, 4>{});
  const auto form = k <= static_cast<Index>(forms.size()) ? forms[static_cast<std::size_t>(k - 1)] : nullptr;
  for (Index i = 0; i < x.rows; i += lanes<T>) {
    const Index rows = std::min<Index>(lanes<T>, x.rows - i);
    if (form && form(x.block(i, 0, rows, x.cols), column + i * k)) continue;
    for (Index n = i; n < i + rows; ++n) detail::top_k_row<T>(x.block(n, 0, 1, x.cols), k, value, column + n * k);
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
