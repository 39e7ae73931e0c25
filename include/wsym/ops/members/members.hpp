// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/columns.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/ops/pick.hpp"

/// Ops of networks that hold M members. Members are the outermost axis, (M, ..., d): all rows of member 0, then all of
/// member 1, and so on. One member has no axis. M comes from whoever calls, or from weights, and is compared with x.
namespace wsym::inline WSYM_SIMD {

namespace detail {
/// The rows of member m of M.
template <class T> kernels::View<T> member_rows(kernels::View<T> x, Index m, Index members) {
  return x.block(m * (x.rows / members), 0, x.rows / members, x.cols);
}

template <Real T> void expect_members(const char* op, Var<T> x, Index members, Index least_rows = 1) {
  const bool axis = members == 1 || (x.shape().rank() >= 3 && x.shape()[0] == members);
  expect(members >= 1 && axis && x.rows() >= least_rows, op, ": x is ", x.shape(), " for ", members,
         " members; several need an axis of their own, (members, rows, columns), and each at least one row");
}
}  // namespace detail

/// M copies of x, one for each member: (..., d) -> (M, ..., d), and x itself for one member; differentiable, the
/// gradients of the copies add up in the order of the members. Late tiling is this function, called later.
/// Throws ShapeError for a list, which has no rows, for fewer members than 1 or more than four axes.
/// Source: Allingham et al. 2022, section 4.1; their text has [X; X], their code repeats each row.
template <Real T> Var<T> tile(Var<T> x, Index members) {
  expect(members >= 1 && x.shape().rank() >= 2, "tile: x is ", x.shape(), " for ", members,
         " members; it needs rows and at least one member");
  if (members == 1) return x;
  Var<T> y = x.tape().result(x.shape().inserted(0, members), x);
  for (Index m = 0; m < members; ++m) std::copy_n(x.data(), x.size(), y.out().data() + m * x.size());
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index m = 0; m < members; ++m) dx += y.grad().middleRows(m * x.rows(), x.rows());
    });
  });
  return y;
}

/// The sum over the members, added in their order: (M, ..., d) -> (..., d), and x itself for one member;
/// differentiable. Throws ShapeError.
template <Real T> Var<T> sum_members(Var<T> x, Index members) {
  detail::expect_members("sum_members", x, members, 0);
  if (members == 1) return x;
  const Index rows = x.rows() / members;
  Var<T> y = x.tape().result(x.shape().erased(0), x);
  y.out() = x.value().topRows(rows);
  for (Index m = 1; m < members; ++m) y.out() += x.value().middleRows(m * rows, rows);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index m = 0; m < members; ++m) dx.middleRows(m * rows, rows) += y.grad();
    });
  });
  return y;
}

/// The axis before the columns becomes the members': (..., M, d) -> (M, ..., d), and (..., d) for M = 1;
/// differentiable. Throws ShapeError for an x without that axis.
template <Real T> Var<T> members_first(Var<T> x) {
  const int axis = x.shape().rank() - 2;
  expect(axis >= 1, "members_first: x is ", x.shape(), "; it needs three axes or more");
  const Index members = x.shape()[axis], rows = members == 0 ? 0 : x.rows() / members;
  Index* from = x.tape().template scratch<Index>(x.rows());
  for (Index m = 0; m < members; ++m)
    for (Index n = 0; n < rows; ++n) from[m * rows + n] = n * members + m;
  const Shape each = x.shape().erased(axis);
  return pick_rows(x, x.cols(), members == 1 ? each : each.inserted(0, members),
                   std::span<const Index>(from, static_cast<std::size_t>(x.rows())));
}

namespace detail {
/// scale (M, d) gets, for each member, the column sums of g x.
template <Real T> void pull_scale(kernels::View<const T> g, kernels::View<const T> x, Var<T> scale) {
  const Index members = scale.rows();
  scale.add_with([&](MatMap<T> d, bool accumulate) {
    MatMap<T> product(scale.tape().scratch(g.rows * g.cols), g.rows, g.cols);
    product = ConstMatMap<T>(g.data, g.rows, g.cols).cwiseProduct(ConstMatMap<T>(x.data, g.rows, g.cols));
    for (Index m = 0; m < members; ++m)
      kernels::column_sums<T>(member_rows(kernels::view<T>(product), m, members), d.data() + m * g.cols, accumulate);
  });
}

/// y_m = x_m s_m, or y_m + that, column by column.
template <Real T> void scale_members(kernels::View<const T> x, Var<T> s, kernels::View<T> y, bool accumulate = false) {
  for (Index m = 0; m < s.rows(); ++m)
    kernels::scale_columns<T>(member_rows(x, m, s.rows()), s.data() + m * s.cols(), member_rows(y, m, s.rows()),
                              accumulate);
}
}  // namespace detail

/// y_m = x_m s_m, entry by entry in every row of member m: x (M, ..., d), s (M, d) -> (M, ..., d); differentiable in
/// both. Throws ShapeError.
template <Real T> Var<T> scale_members(Var<T> x, Var<T> s) {
  expect(s.shape().rank() == 2 && s.cols() == x.cols(), "scale_members: x is ", x.shape(), " but the scales are ",
         s.shape(), "; they need (members, ", x.cols(), ")");
  detail::expect_members("scale_members", x, s.rows());
  Var<T> y = x.tape().result(x.shape(), x, s);
  detail::scale_members(x.view(), s, y.out_view());
  y.pull([=] {
    detail::pull_scale(y.grad_view(), x.view(), s);
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      detail::scale_members(y.grad_view(), s, kernels::view<T>(dx), accumulate);
    });
  });
  return y;
}

/// A layer of its own for each member: y_m = x_m w_mᵀ + b_m. x (M, ..., in), w (M, out, in), b (M, out) -> (M, ...,
/// out); differentiable in all three. A member's bits are those of linear. Throws ShapeError.
template <Real T> Var<T> member_linear(Var<T> x, Var<T> w, Var<T> b) {
  expect(w.shape().rank() == 3 && x.cols() == w.cols() && b.shape() == Shape{w.shape()[0], w.shape()[1]},
         "member_linear: x is ", x.shape(), ", weights ", w.shape(), " and biases ", b.shape(),
         "; they need (..., in), (members, out, in) and (members, out)");
  const Index members = w.shape()[0], out = w.shape()[1];
  detail::expect_members("member_linear", x, members);
  Tape<T>& tape = x.tape();
  Var<T> y = tape.result(x.shape().with_cols(out), x, w, b);
  const auto of = [=](auto view, Index m) {
    return detail::member_rows(view, m, members);
  };
  for (Index m = 0; m < members; ++m)
    tape.affine(of(y.out_view(), m), of(x.view(), m), of(w.view(), m).transposed(), b.data() + m * out);
  y.pull([=] {
    Tape<T>& again = y.tape();
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      for (Index m = 0; m < members; ++m)
        again.product(of(kernels::view<T>(dx), m), of(y.grad_view(), m), of(w.view(), m), accumulate);
    });
    w.add_with([&](MatMap<T> dw, bool accumulate) {
      for (Index m = 0; m < members; ++m)
        again.product(of(kernels::view<T>(dw), m), of(y.grad_view(), m).transposed(), of(x.view(), m), accumulate);
    });
    b.add_with([&](MatMap<T> db, bool accumulate) {
      for (Index m = 0; m < members; ++m)
        kernels::column_sums<T>(of(y.grad_view(), m), db.data() + m * out, accumulate);
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
