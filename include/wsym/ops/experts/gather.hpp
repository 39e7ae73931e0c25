// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/rows.hpp"
#include "wsym/ops/experts/dispatch.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> kernels::View<const T> one_row(ConstMatMap<T> x, Index row) {
  return {x.data() + row * x.cols(), 1, x.cols(), x.cols()};
}
template <Real T> kernels::View<T> one_row(MatMap<T> x, Index row) {
  return {x.data() + row * x.cols(), 1, x.cols(), x.cols()};
}
/// Rows of the expert batches that no choice has.
template <Real T> void clear_unused(MatMap<T> x, const Dispatch& d) {
  x.bottomRows(x.rows() - d.kept()).setZero();
}

/// How many rows that jump about are asked for before their turn.
inline constexpr Index ahead = 16;

/// Calls f(p, row) for every place p, in order, with the row of x that its choice has (or, of pairs, the choice
/// itself). These jump about in x, so they are asked for ahead.
template <Real T, class F> void over_places(ConstMatMap<T> x, const Dispatch& d, bool of_pairs, const F& f) {
  const auto at = [&](Index p) {
    return of_pairs ? Index{d.pair[p]} : d.row(p);
  };
  for (Index p = 0; p < d.kept(); ++p) {
    if (p + ahead < d.kept()) kernels::prefetch(x.data() + at(p + ahead) * x.cols(), x.cols());
    f(p, at(p));
  }
}
/// Calls f(i, place) for every choice i of row n, in order, that was kept, with the places of later rows asked for
/// ahead.
template <Real T, class F> void over_choices(ConstMatMap<T> batches, const Dispatch& d, Index n, const F& f) {
  for (Index i = n * d.choices; i < (n + 1) * d.choices; ++i) {
    if (i + ahead < d.rows * d.choices && d.place[i + ahead] >= 0)
      kernels::prefetch(batches.data() + d.place[i + ahead] * batches.cols(), batches.cols());
    if (d.place[i] >= 0) f(i, Index{d.place[i]});
  }
}

template <Real T> void expect_batches(const char* op, Var<T> f, Var<T> weights, const Dispatch& d) {
  expect(f.rows() == d.bound && weights.rows() == d.rows && weights.cols() == d.choices, op, ": weights are ",
         weights.shape(), " and the batches ", f.shape(), "; they need (", d.rows, ", ", d.choices, ") and ", d.bound,
         " rows");
}

/// The pullback of y, whose row n, or of pairs whose choice, is weighted rows of f.
template <Real T> void pull_weighted(Var<T> y, Var<T> weights, Var<T> f, const Dispatch& d, bool of_pairs) {
  weights.add_with([&](MatMap<T> dw, bool accumulate) {
    if (!accumulate) dw.setZero();
    over_places<T>(y.grad(), d, of_pairs, [&](Index p, Index n) {
      kernels::row_dots<T>(one_row<T>(y.grad(), n), one_row<T>(f.value(), p), dw.data() + d.pair[p], 1, true);
    });
  });
  f.add_with([&](MatMap<T> df, bool accumulate) {
    over_places<T>(y.grad(), d, of_pairs, [&](Index p, Index n) {
      kernels::scale_rows<T>(one_row<T>(y.grad(), n), weights.data() + d.pair[p], 1, one_row<T>(df, p), accumulate);
    });
    if (!accumulate) clear_unused(df, d);
  });
}
}  // namespace detail

/// The expert batches: row p is the row of x that has place p, and rows from d.kept() to d.bound are 0.
/// x (..., in) with d.rows rows -> (d.bound, in); differentiable: dx_n = sum of the gradients at its places, in the
/// order of its choices. Throws ShapeError.
template <Real T> Var<T> gather_rows(Var<T> x, const Dispatch& d) {
  expect(x.rows() == d.rows, "gather_rows: x is ", x.shape(), "; it needs ", d.rows, " rows");
  Var<T> y = x.tape().result(Shape{d.bound, x.cols()}, x);
  detail::over_places<T>(x.value(), d, false, [&](Index p, Index n) {
    std::copy_n(x.data() + n * x.cols(), x.cols(), y.out().data() + p * x.cols());
  });
  detail::clear_unused(y.out(), d);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      for (Index n = 0; n < d.rows; ++n) {
        bool any = accumulate;
        detail::over_choices<T>(y.grad(), d, n, [&](Index, Index place) {
          kernels::add_row(y.grad().row(place).data(), dx.row(n).data(), dx.cols(), any);
          any = true;
        });
        if (!any) dx.row(n).setZero();
      }
    });
  });
  return y;
}

/// y_n = sum over the choices j of row n that were kept, in order, of weight_nj f_p, p their places; 0 where none was.
/// weights (..., choices), f (d.bound, out) -> (..., out); differentiable in both: df_p = weight_nj g_n,
/// dweight_nj = <g_n, f_p>, and 0 for what was dropped. Throws ShapeError.
template <Real T> Var<T> combine_rows(Var<T> weights, Var<T> f, const Dispatch& d) {
  detail::expect_batches("combine_rows", f, weights, d);
  Var<T> y = f.tape().result(weights.shape().with_cols(f.cols()), weights, f);
  for (Index n = 0; n < d.rows; ++n) {
    bool any = false;
    detail::over_choices<T>(f.value(), d, n, [&](Index i, Index place) {
      kernels::scale_rows<T>(detail::one_row<T>(f.value(), place), weights.data() + i, 1,
                             detail::one_row<T>(y.out(), n), any);
      any = true;
    });
    if (!any) y.out().row(n).setZero();
  }
  y.pull([=] { detail::pull_weighted(y, weights, f, d, false); });
  return y;
}

/// The same, unsummed: choice j of row n gives weight_nj f_p, or 0 if it was dropped.
/// weights (..., choices), f (d.bound, out) -> (..., choices, out); differentiable in both. Throws ShapeError.
template <Real T> Var<T> contributions(Var<T> weights, Var<T> f, const Dispatch& d) {
  detail::expect_batches("contributions", f, weights, d);
  Var<T> y = f.tape().result(weights.shape().inserted(weights.shape().rank(), f.cols()), weights, f);
  for (Index i = 0; i < y.rows(); ++i)
    if (d.place[i] < 0)
      y.out().row(i).setZero();
    else
      y.out().row(i) = weights.data()[i] * f.value().row(d.place[i]);
  y.pull([=] { detail::pull_weighted(y, weights, f, d, true); });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
