// SPDX-License-Identifier: MIT
#pragma once
#include <memory>

#include "wsym/ops/linear.hpp"

namespace wsym {

/// The weights and biases of one layer of all experts.
template <Real T> struct ExpertLayer {
  std::span<const Var<T>> weights;  // each (out, in)
  std::span<const Var<T>> biases;   // each (out)

  Index experts() const { return static_cast<Index>(weights.size()); }
  Var<T> weight(Index e) const { return weights[static_cast<std::size_t>(e)]; }
  Var<T> bias(Index e) const { return biases[static_cast<std::size_t>(e)]; }
  Index in() const { return weights[0].cols(); }
  Index out() const { return weights[0].rows(); }
  bool takes_gradient() const {
    bool takes = false;
    for (const auto& list : {weights, biases})
      for (const Var<T> x : list) takes = takes || x.takes_gradient();
    return takes;
  }
};

namespace detail {
template <Real T> void expect_experts(const char* op, const ExpertLayer<T>& layer) {
  expect(!layer.weights.empty() && layer.weights.size() == layer.biases.size(), op, ": ", layer.weights.size(),
         " weights and ", layer.biases.size(), " biases; every expert needs both, and there is at least one");
  for (Index e = 0; e < layer.experts(); ++e)
    expect(layer.weight(e).shape().rank() == 2 && layer.weight(e).shape() == layer.weight(0).shape() &&
               layer.bias(e).size() == layer.out(),
           op, ": expert ", e, " has weight ", layer.weight(e).shape(), " and bias ", layer.bias(e).shape(),
           "; every weight needs expert 0's shape, ", layer.weight(0).shape(), ", and a bias entry for each row");
}

/// The same layer with its lists in the tape's arena, where a pullback may find them.
template <Real T> ExpertLayer<T> keep(Tape<T>& tape, const ExpertLayer<T>& layer) {
  const auto copy = [&](std::span<const Var<T>> from) {
    Var<T>* to = tape.template scratch<Var<T>>(static_cast<Index>(from.size()));
    std::uninitialized_copy(from.begin(), from.end(), to);
    return std::span<const Var<T>>(to, from.size());
  };
  return {copy(layer.weights), copy(layer.biases)};
}
}  // namespace detail

/// One layer of all experts: y_e = f(x_e w_eᵀ + b_e), f the exact GELU or nothing, for the experts' blocks of columns.
/// x is shared, (..., in), or has a block for each expert, (..., E in) -> (..., E out); differentiable in x, all w_e
/// (out, in) and all b_e (out). Value and gradients have the bits of linear or linear_gelu of each expert alone.
/// Throws ShapeError.
template <Real T> Var<T> grouped_linear(Var<T> x, const ExpertLayer<T>& layer, bool with_gelu) {
  detail::expect_experts("grouped_linear", layer);
  Tape<T>& tape = x.tape();
  const ExpertLayer<T> each = detail::keep(tape, layer);
  const Index in = each.in(), out = each.out(), experts = each.experts(), rows = x.rows();
  expect(x.cols() == in || x.cols() == experts * in, "grouped_linear: x is ", x.shape(), " for ", experts,
         " experts with weights ", each.weight(0).shape(), "; x needs ", in, " or ", experts * in, " columns");
  const Index step = x.cols() == in ? 0 : in;  // from one expert's block of x to the next
  Var<T> y = tape.result_if(x.takes_gradient() || each.takes_gradient(), x.shape().with_cols(experts * out));
  T* slope = with_gelu && y.takes_gradient() ? tape.scratch(y.size()) : nullptr;  // gelu'(z), then dz
  const auto input = [=](Index e) {
    return x.view().block(0, e * step, rows, in);
  };
  for (Index e = 0; e < experts; ++e) {
    const kernels::View<T> block = y.out_view().block(0, e * out, rows, out);
    const kernels::View<const T> w = each.weight(e).view().transposed();
    if (with_gelu)
      tape.affine_gelu(block, {slope ? slope + e * out : nullptr, rows, out, y.cols()}, input(e), w,
                       each.bias(e).data());
    else
      tape.affine(block, input(e), w, each.bias(e).data());
  }
  y.pull([=] {
    if (slope != nullptr) MatMap<T>(slope, rows, y.cols()).array() *= y.grad().array();
    const auto dz = [=](Index e) {
      return kernels::View<const T>{(slope ? slope : y.grad().data()) + e * out, rows, out, y.cols()};
    };
    for (Index e = 0; e < experts; ++e) {
      each.weight(e).add_product(dz(e).transposed(), input(e));
      each.bias(e).add_with(
          [&](MatMap<T> g, bool accumulate) { kernels::column_sums<T>(dz(e), g.data(), accumulate); });
    }
    x.add_with([&](MatMap<T> g, bool accumulate) {
      for (Index e = experts - 1; e >= 0; --e)  // the order in which layers of their own would be walked back
        x.tape().product(kernels::view<T>(g).block(0, e * step, rows, in), dz(e), each.weight(e).view(),
                         accumulate || (step == 0 && e < experts - 1));
    });
  });
  return y;
}

}  // namespace wsym
