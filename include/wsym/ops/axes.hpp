// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/operators.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// x (outer, n, inner) around one of its axes, and the shape that is left: (1) where no axis is.
struct AxisSplit {
  Index outer, n, inner;
  Shape rest;
};

/// Throws ShapeError for an axis that x has not.
inline AxisSplit axis_split(const char* op, const Shape& x, int axis) {
  expect(axis >= 0 && axis < x.rank(), op, ": axis ", axis, " of ", x, "; axes count from 0 to ", x.rank() - 1);
  AxisSplit s{1, x[axis], 1, x.rank() == 1 ? Shape{1} : x.erased(axis)};
  for (int i = 0; i < axis; ++i) s.outer *= x[i];
  for (int i = axis + 1; i < x.rank(); ++i) s.inner *= x[i];
  return s;
}

/// out (outer, inner) = the sums over the axis of f(place in x, count, at), where at(p) is the entry of an array
/// (outer, inner) that belongs to each place. The tree of a sum follows from the shape alone.
template <Real T, class F> void sum_along(const AxisSplit& s, T* out, const F& f) {
  for (Index o = 0; o < s.outer; ++o) {
    if (s.inner == 1) {
      const auto at = [o](const T* p) {
        return kernels::broadcast(p[o]);
      };
      out[o] = sum_entries<T>(0, s.n, [&](Index j, auto count) { return f(o * s.n + j, count, at); });
    } else {
      const auto read = [&](Index i, Index j, auto count) {
        return f((o * s.n + i) * s.inner + j, count,
                 [&](const T* p) { return kernels::load(p + o * s.inner + j, count); });
      };
      kernels::detail::sum_columns<T>(s.n, s.inner, read, out + o * s.inner, false);
    }
  }
}

/// Adds f(place in x, count, at), as in sum_along, to the gradient of x.
template <Real T, class F> void add_along(Var<T> x, const AxisSplit& s, const F& f) {
  x.add_with([&](MatMap<T> g, bool accumulate) {
    const auto put = [&](Index place, auto count, const auto& at) {
      T* const p = g.data() + place;
      const kernels::Vec<T> v = f(place, count, at);
      kernels::store<T>(p, accumulate ? kernels::load<T>(p, count) + v : v, count);
    };
    for (Index o = 0; o < s.outer; ++o) {
      if (s.inner == 1)
        kernels::for_each_vector<T>(s.n, [&](Index j, auto count) {
          put(o * s.n + j, count, [o](const T* p) { return kernels::broadcast(p[o]); });
        });
      else
        for (Index i = 0; i < s.n; ++i)
          kernels::for_each_vector<T>(s.inner, [&](Index j, auto count) {
            put((o * s.n + i) * s.inner + j, count,
                [&](const T* p) { return kernels::load(p + o * s.inner + j, count); });
          });
    }
  });
}
}  // namespace detail

/// The sum over one axis, which goes: (..., n, ...) -> (..., ...), and (n) -> (1). An empty axis gives 0.
///
/// Differentiable in x. Throws ShapeError for an axis that x has not.
template <Real T> Var<T> sum(Var<T> x, int axis) {
  const detail::AxisSplit s = detail::axis_split("sum", x.shape(), axis);
  Var<T> y = x.tape().result(s.rest, x);
  detail::sum_along(s, y.out().data(), [p = x.data()](Index i, auto count, const auto&) -> kernels::Vec<T> {
    return kernels::load(p + i, count);
  });
  y.pull([=] {
    detail::add_along(x, s, [g = y.grad().data()](Index, auto, const auto& at) -> kernels::Vec<T> { return at(g); });
  });
  return y;
}

/// The mean over one axis, which goes: shapes as sum. Differentiable in x. Throws ShapeError for an axis that x has
/// not, or one without entries.
template <Real T> Var<T> mean(Var<T> x, int axis) {
  const Index n = detail::axis_split("mean", x.shape(), axis).n;
  expect(n >= 1, "mean: axis ", axis, " of ", x.shape(), " has no entries");
  return sum(x, axis) / static_cast<T>(n);
}

/// The variance over one axis, which goes: sum (x - mean)^2 / (n - ddof), in two passes; shapes as sum. ddof 0 is that
/// of the entries themselves, 1 the unbiased one of a sample.
///
/// Differentiable in x. Throws ShapeError for an axis that x has not, or one without more than ddof entries.
template <Real T> Var<T> variance(Var<T> x, int axis, Index ddof = 0) {
  using V = kernels::Vec<T>;
  const detail::AxisSplit s = detail::axis_split("variance", x.shape(), axis);
  expect(ddof >= 0 && s.n > ddof, "variance: axis ", axis, " of ", x.shape(), " with ddof ", ddof,
         "; it needs more than ddof entries, and ddof is not negative");
  Var<T> y = x.tape().result(s.rest, x);
  const T count_of = static_cast<T>(s.n), degrees = static_cast<T>(s.n - ddof);
  T* const mean = x.tape().scratch(y.size());
  const T* const p = x.data();
  detail::sum_along(s, mean, [=](Index i, auto count, const auto&) -> V { return kernels::load(p + i, count); });
  for (Index i = 0; i < y.size(); ++i) mean[i] /= count_of;
  detail::sum_along(s, y.out().data(), [=](Index i, auto count, const auto& at) -> V {
    const V d = kernels::load(p + i, count) - at(mean);
    return d * d;
  });
  for (Index i = 0; i < y.size(); ++i) y.out().data()[i] /= degrees;
  y.pull([=] {
    detail::add_along(x, s, [=, g = y.grad().data()](Index i, auto count, const auto& at) -> V {
      return T(2) / degrees * (kernels::load(p + i, count) - at(mean)) * at(g);
    });
  });
  return y;
}

/// The largest entry over one axis, which goes: shapes as sum. NaN where there is one. The gradient goes to the first
/// of equal entries.
///
/// Differentiable in x. Throws ShapeError for an axis that x has not, or one without entries.
template <Real T> Var<T> max(Var<T> x, int axis) {
  const detail::AxisSplit s = detail::axis_split("max", x.shape(), axis);
  expect(s.n >= 1, "max: axis ", axis, " of ", x.shape(), " has no entries");
  Var<T> y = x.tape().result(s.rest, x);
  Index* const place = x.tape().template scratch<Index>(y.size());
  for (Index o = 0; o < s.outer; ++o)
    for (Index i = 0; i < s.inner; ++i) {
      Index best = o * s.n * s.inner + i;
      for (Index k = 1, at = best + s.inner; k < s.n; ++k, at += s.inner)
        if (x.data()[at] > x.data()[best] || (std::isnan(x.data()[at]) && !std::isnan(x.data()[best]))) best = at;
      place[o * s.inner + i] = best;
      y.out().data()[o * s.inner + i] = x.data()[best];
    }
  y.pull([=] {
    x.add_with([&](MatMap<T> g, bool accumulate) {
      if (!accumulate) g.setZero();
      for (Index i = 0; i < y.size(); ++i) g.data()[place[i]] += y.grad().data()[i];
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
