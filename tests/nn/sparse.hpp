// SPDX-License-Identifier: MIT
#pragma once
#include "nn/mixtures.hpp"
#include "reference/sparse.hpp"
#include "wsym/nn/experts/e3.hpp"
#include "wsym/ops/experts/soft_slots.hpp"

/// What the tests of sparse layers share.
namespace wsym::test {

/// An expert that multiplies by a number.
template <Real T> struct Times {
  Parameter<T> factor;
  Var<T> operator()(Var<T> x, const Pass<T>&) const { return scale_by(x, x.tape().use(factor)); }
  static void visit(auto& self, auto&& v) { v("factor", self.factor); }
};

/// An expert whose inside the layer does not know.
template <Real T> struct Hidden {
  Mlp<T> net;
  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return net(x, pass); }
  static void visit(auto& self, auto&& v) { v("net", self.net); }
};

template <Real T> SparseMoe<T, Hidden<T>> hidden(const SparseMoe<T>& moe) {
  std::vector<Hidden<T>> experts;
  for (const Mlp<T>& expert : moe.experts) experts.push_back({expert});
  return {moe.router, std::move(experts), moe.options};
}

/// Spec 9.4: four experts c_e h, c = 1 .. 4, on h = (.5, 1.5).
template <Real T> SparseMoe<T, Times<T>> spec_layer(Index choices, Index members = 1, Index shared = 0) {
  SparseMoe<T, Times<T>> moe;
  moe.router.weight = Parameter<T>(Tensor<T>({4, 2}, {1, 0, 0, 1, 1, 1, -1, 1}));
  moe.router.options = {.choices = choices, .members = members, .shared = shared};
  moe.options.evaluate = {dropless};
  for (const int c : {1, 2, 3, 4}) moe.experts.push_back({Parameter<T>(Tensor<T>({1}, static_cast<T>(c)))});
  return moe;
}
template <Real T> Tensor<T> spec_row() {
  return {{1, 2}, {T(.5), T(1.5)}};
}

/// Fresh MLP experts that differ.
template <Real T>
SparseMoe<T> make_moe(Index experts, const RouterOptions& router, SparseMoeOptions options = {},
                      const MlpSize& size = {8, 17, 5, 1}) {
  options.equal_start = false;
  return {experts, size, router, options, Key(1)};
}

/// A model with its input among the parameters.
template <class M> struct WithInput {
  M model;
  Parameter<double> x;
  static void visit(auto& self, auto&& v) {
    v("model", self.model);
    v("x", self.x);
  }
};

/// The sum of squares of a training pass's output, and its balance losses; for gradcheck_model of a WithInput.
template <class M> Var<double> squares_and_balance(Tape<double>& tape, const WithInput<M>& probe) {
  AuxiliaryLoss<double> auxiliary;
  Pass<double> pass = Pass<double>::train(Key(3), &auxiliary);
  const Var<double> y = probe.model(tape.use(probe.x), pass);
  return add(sum(multiply(y, y)), *auxiliary);
}

/// Some rows of x.
template <Real T> Tensor<T> rows_of(const Tensor<T>& x, Index first, Index rows) {
  return {{rows, x.cols()}, {x.data() + first * x.cols(), static_cast<std::size_t>(rows * x.cols())}};
}

/// The layer's output, with the noise and dropout of `pass`, by plain loops over experts called alone.
template <Real T, class Expert>
reference::Matrix sparse_moe(const SparseMoe<T, Expert>& moe, const Tensor<T>& x, Pass<T> pass, Index outputs) {
  Tape<T> tape(false);
  const Routing<T> r = moe.router(tape.constant(x), pass);
  const reference::Matrix noisy = reference::matrix(copy_of<T>(r.noisy)), gates = reference::softmax(noisy);
  const RouterOptions& o = moe.router.options;
  std::vector<std::vector<reference::Position>> chosen;
  reference::Vector first;
  for (Index n = 0; n < x.rows(); ++n) {
    chosen.push_back(reference::largest(noisy, n, o.choices));
    first.push_back(gates(n, chosen.back()[0]));
  }
  const Capacity capacity = pass.training() ? moe.options.train : moe.options.evaluate;
  const Index size = moe.options.group == 0 ? x.rows() : moe.options.group, experts = moe.router.experts();
  const reference::Claims claims = reference::dispatch(chosen, first, experts, capacity.slots(size, o.choices, experts),
                                                       size, 1, moe.options.order == ClaimOrder::by_weight);
  reference::Matrix y(x.rows(), outputs);
  for (Index n = 0; n < x.rows(); ++n) {
    double kept = 0;
    for (const auto e : chosen[static_cast<std::size_t>(n)]) kept += gates(n, e);
    for (const reference::Claimed& claim : claims[static_cast<std::size_t>(n)]) {
      if (!claim.kept) continue;
      const Tensor<T> f = output_of(moe.experts[static_cast<std::size_t>(claim.expert)], row_of(x, n), pass);
      for (Index c = 0; c < outputs; ++c)
        y(n, c) += gates(n, claim.expert) / (o.renormalise ? kept : 1) * static_cast<double>(f[c]);
    }
  }
  return y;
}

}  // namespace wsym::test
