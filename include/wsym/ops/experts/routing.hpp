// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/members/members.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// One part of a partitioned router: rows [row, row + rows) of x meet the weights [expert, expert + experts) and give
/// the columns from `column` on.
struct RouterPart {
  Index row, rows, expert, experts, column;
};

/// Calls f for the experts of every member's own, then once for those that all members share.
template <class F> void for_each_part(Index rows, Index experts, Index members, Index shared, const F& f) {
  const Index own = (experts - shared) / members, block = rows / members;
  for (Index m = 0; m < members; ++m) f(RouterPart{m * block, block, m * own, own, 0});
  if (shared > 0) f(RouterPart{0, rows, experts - shared, shared, own});
}

/// Throws Diverged naming the first logit that is not finite.
template <Real T> void expect_finite_logits(const char* what, Var<T> logits) {
  if ((logits.value().array() * T(0)).sum() == 0) return;  // 0 times anything else is NaN
  for (Index n = 0; n < logits.rows(); ++n) {
    Index c = 0;
    while (c < logits.cols() && std::isfinite(logits.value()(n, c))) ++c;
    if (c == logits.cols()) continue;
    expect<Diverged>(false, what, ": row ", n, " has the logit ", logits.value()(n, c), " in column ", c,
                     "; logits must be finite");
  }
}
}  // namespace detail

/// The logits of a router whose experts are divided among `members`: x (M, ..., in), and the rows of member m meet the
/// weights of its own (E - shared) / members experts and of the last `shared` ones, which belong to all:
///   z_n = W_m x_n, W_m = rows [m own, (m + 1) own) and [E - shared, E) of w.
/// w (E, in) -> (M, ..., own + shared); differentiable in both. One member has no axis: z = x wᵀ. Throws ShapeError.
/// Source: Allingham et al. 2022, section 4.1 (partitioning) and 5 (overlap).
template <Real T> Var<T> member_logits(Var<T> x, Var<T> w, Index members, Index shared) {
  const Index rows = x.rows(), experts = w.rows(), in = w.cols();
  expect(w.shape().rank() == 2 && x.cols() == in, "member_logits: x is ", x.shape(), " but weight is ", w.shape(),
         "; x needs ", in, " columns");
  detail::expect_members("member_logits", x, members);
  expect(shared >= 0 && shared <= experts && (experts - shared) % members == 0, "member_logits: ", experts,
         " experts, ", shared, " of them shared, do not divide among ", members, " members");
  Var<T> z = x.tape().result(x.shape().with_cols((experts - shared) / members + shared), x, w);
  using detail::RouterPart;
  detail::for_each_part(rows, experts, members, shared, [&](const RouterPart& p) {
    x.tape().product(z.out_view().block(p.row, p.column, p.rows, p.experts), x.view().block(p.row, 0, p.rows, in),
                     w.view().block(p.expert, 0, p.experts, in).transposed());
  });
  z.pull([=] {
    const auto part = [=](const RouterPart& p) {
      return z.grad_view().block(p.row, p.column, p.rows, p.experts);
    };
    w.add_with([&](MatMap<T> dw, bool accumulate) {
      detail::for_each_part(rows, experts, members, shared, [&](const RouterPart& p) {
        w.tape().product(kernels::view<T>(dw).block(p.expert, 0, p.experts, in), part(p).transposed(),
                         x.view().block(p.row, 0, p.rows, in), accumulate);
      });
    });
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      detail::for_each_part(rows, experts, members, shared, [&](const RouterPart& p) {
        w.tape().product(kernels::view<T>(dx).block(p.row, 0, p.rows, in), part(p),
                         w.view().block(p.expert, 0, p.experts, in),
                         accumulate || p.column > 0 || members * p.rows > rows);
      });
    });
  });
  return z;
}

}  // namespace wsym::inline WSYM_SIMD
