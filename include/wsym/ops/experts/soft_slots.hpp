// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"

/// What a soft mixture of experts is made of. Rows come in groups of `size`; every group fills `slots` slots, the same
/// number for each expert. Slots lie expert by expert, then group by group: those of one expert are one batch.
namespace wsym::inline WSYM_SIMD {

namespace detail {
/// y = x / |x| where squares leave T's range: x is first divided by its largest absolute value. Returns 1 / |x|, at
/// most T's largest; a row of zeros, or with what is not finite, keeps y and `inverse`.
template <Real T> T unit_row_by_largest(const T* x, Index size, T* y, T inverse) {
  const ConstArrayMap<T> from(x, size);
  ArrayMap<T> to(y, size);
  const T most = size > 0 ? from.abs().maxCoeff() : T(0);
  if (most == T(0) || !from.isFinite().all()) return inverse;
  to = from / most;
  const T scaled = T(1) / to.matrix().norm();
  to *= scaled;
  return std::min(scaled / most, std::numeric_limits<T>::max());
}
}  // namespace detail

/// y_n = x_n / |x_n|, and 0 for a row of zeros: (..., d) -> (..., d); differentiable (gradient 0 for a row of zeros).
template <Real T> Var<T> unit_rows(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  T* inverse = x.tape().scratch(x.rows());
  for (Index n = 0; n < x.rows(); ++n) {
    const T norm = x.value().row(n).norm();
    inverse[n] = norm > T(0) ? T(1) / norm : T(0);
    y.out().row(n) = x.value().row(n) * inverse[n];
    if (norm * norm < std::numeric_limits<T>::min() || !std::isfinite(norm))
      inverse[n] =
          detail::unit_row_by_largest(x.data() + n * x.cols(), x.cols(), y.out().data() + n * x.cols(), inverse[n]);
  }
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index n = 0; n < x.rows(); ++n) {
        const auto v = y.value().row(n), g = y.grad().row(n);
        dx.row(n) += inverse[n] * (g - v * v.dot(g));
      }
    });
  });
  return y;
}

/// c x for a learned number c, (1): differentiable in both. Throws ShapeError unless c has one element.
template <Real T> Var<T> scale_by(Var<T> x, Var<T> c) {
  expect(c.size() == 1, "scale_by: the factor is ", c.shape(), "; it needs one element");
  Var<T> y = x.tape().result(x.shape(), x, c);
  y.out() = *c.data() * x.value();
  y.pull([=] {
    x.add(*c.data() * y.grad());
    c.add_with([&](MatMap<T> dc, bool accumulate) {
      const T along = x.value().cwiseProduct(y.grad()).sum();
      *dc.data() = accumulate ? *dc.data() + along : along;
    });
  });
  return y;
}

/// The softmax down the columns of every group of `size` rows: (rows, cols) -> (rows, cols); differentiable. Throws
/// ShapeError where rows do not divide into groups.
template <Real T> Var<T> softmax_columns(Var<T> x, Index size) {
  expect(size >= 1 && x.rows() % size == 0, "softmax_columns: x is ", x.shape(),
         "; its rows need to divide into groups of ", size);
  Var<T> y = x.tape().result(x.shape(), x);
  for (Index n = 0; n < x.rows(); n += size)
    for (Index c = 0; c < x.cols(); ++c) {
      const auto column = x.value().col(c).segment(n, size).array();
      auto out = y.out().col(c).segment(n, size).array();
      out = (column - column.maxCoeff()).exp();
      out /= out.sum();
    }
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index n = 0; n < x.rows(); n += size)
        for (Index c = 0; c < x.cols(); ++c) {
          const auto p = y.value().col(c).segment(n, size), g = y.grad().col(c).segment(n, size);
          dx.col(c).segment(n, size).array() += p.array() * (g.array() - p.dot(g));
        }
    });
  });
  return y;
}

namespace detail {
/// Where the weights of one expert in one group lie, and the slots that they fill.
struct SlotBlock {
  Index row, column, slot, slots;
};
template <class F> void for_each_slot_block(Index rows, Index slots, Index size, Index experts, const F& f) {
  const Index each = slots / experts, groups = rows / size;
  for (Index e = 0; e < experts; ++e)
    for (Index g = 0; g < groups; ++g) f(SlotBlock{g * size, e * each, (e * groups + g) * each, each});
}

template <Real T>
void expect_slots(const char* op, Var<T> weights, Index other, Index wanted, Index size, Index experts) {
  expect(size >= 1 && weights.rows() % size == 0 && experts >= 1 && weights.cols() % experts == 0 && other == wanted,
         op, ": weights are ", weights.shape(), " for groups of ", size, ", ", experts, " experts and ", other,
         " rows; rows and slots need to divide, and ", wanted, " rows are needed");
}
}  // namespace detail

/// Every slot's input, a weighted sum of the rows of its group: s_j = sum_n w_nj x_n.
/// weights (rows, slots), x (rows, d) -> (rows / size x slots, d); differentiable in both. Throws ShapeError.
template <Real T> Var<T> fill_slots(Var<T> weights, Var<T> x, Index size, Index experts) {
  const Index rows = weights.rows(), slots = weights.cols(), d = x.cols();
  detail::expect_slots("fill_slots", weights, x.rows(), rows, size, experts);
  Tape<T>& tape = x.tape();
  Var<T> y = tape.result(Shape{rows / size * slots, d}, weights, x);
  using detail::SlotBlock;
  detail::for_each_slot_block(rows, slots, size, experts, [&](const SlotBlock& b) {
    tape.product(y.out_view().block(b.slot, 0, b.slots, d),
                 weights.view().block(b.row, b.column, size, b.slots).transposed(), x.view().block(b.row, 0, size, d));
  });
  y.pull([=] {
    weights.add_with([&](MatMap<T> dw, bool accumulate) {
      detail::for_each_slot_block(rows, slots, size, experts, [&](const SlotBlock& b) {
        y.tape().product(kernels::view<T>(dw).block(b.row, b.column, size, b.slots), x.view().block(b.row, 0, size, d),
                         y.grad_view().block(b.slot, 0, b.slots, d).transposed(), accumulate);
      });
    });
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      detail::for_each_slot_block(rows, slots, size, experts, [&](const SlotBlock& b) {
        y.tape().product(kernels::view<T>(dx).block(b.row, 0, size, d),
                         weights.view().block(b.row, b.column, size, b.slots),
                         y.grad_view().block(b.slot, 0, b.slots, d), accumulate || b.column > 0);
      });
    });
  });
  return y;
}

/// Every row's output, a weighted sum of the slots of its group: y_n = sum_j w_nj s_j.
/// weights (..., slots), s (rows / size x slots, d) -> (..., d); differentiable in both. Throws ShapeError.
template <Real T> Var<T> mix_slots(Var<T> weights, Var<T> s, Index size, Index experts) {
  const Index rows = weights.rows(), slots = weights.cols(), d = s.cols();
  detail::expect_slots("mix_slots", weights, s.rows(), size >= 1 ? rows / size * slots : 0, size, experts);
  Tape<T>& tape = s.tape();
  Var<T> y = tape.result(weights.shape().with_cols(d), weights, s);
  using detail::SlotBlock;
  detail::for_each_slot_block(rows, slots, size, experts, [&](const SlotBlock& b) {
    tape.product(y.out_view().block(b.row, 0, size, d), weights.view().block(b.row, b.column, size, b.slots),
                 s.view().block(b.slot, 0, b.slots, d), b.column > 0);
  });
  y.pull([=] {
    const auto g = [=](const SlotBlock& b) {
      return y.grad_view().block(b.row, 0, size, d);
    };
    weights.add_with([&](MatMap<T> dw, bool accumulate) {
      detail::for_each_slot_block(rows, slots, size, experts, [&](const SlotBlock& b) {
        y.tape().product(kernels::view<T>(dw).block(b.row, b.column, size, b.slots), g(b),
                         s.view().block(b.slot, 0, b.slots, d).transposed(), accumulate);
      });
    });
    s.add_with([&](MatMap<T> ds, bool accumulate) {
      detail::for_each_slot_block(rows, slots, size, experts, [&](const SlotBlock& b) {
        y.tape().product(kernels::view<T>(ds).block(b.slot, 0, b.slots, d),
                         weights.view().block(b.row, b.column, size, b.slots).transposed(), g(b), accumulate);
      });
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
