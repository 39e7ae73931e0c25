// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/moe.hpp"
#include "wsym/ops/batched.hpp"
#include "wsym/ops/batched_mlp.hpp"
#include "wsym/ops/slice_rows.hpp"

/// Experts that each have rows of their own: first[e] .. first[e + 1] - 1 of one (rows, in) -> (rows, out).
namespace wsym::detail {

/// Any experts: each is called on its rows, with a pass of its own, which knows of no copies: these rows are not tiled.
/// What an expert draws (dropout) follows from a row's place in the expert's batch.
template <Real T, class Expert>
Var<T> one_by_one(const std::vector<Expert>& experts, Var<T> rows, const std::int32_t* first, const Pass<T>& pass) {
  Var<T>* outputs = rows.tape().template scratch<Var<T>>(static_cast<Index>(experts.size()));
  for (std::size_t e = 0; e < experts.size(); ++e) {
    const Var<T> x = slice_rows(rows, first[e], first[e + 1] - first[e]);
    std::construct_at(outputs + e, experts[e](x, pass.child(e).with_copies({})));
  }
  return stack_rows(std::span<const Var<T>>(outputs, experts.size()), rows.rows());
}

/// MLPs of one size, as one op: the same bits.
template <Real T>
Var<T> stacked(const char* what, const std::vector<Mlp<T>>& experts, Var<T> rows, const std::int32_t* first) {
  const std::size_t count = layers_of(what, experts);
  ExpertLayer<T>* layers = rows.tape().template scratch<ExpertLayer<T>>(static_cast<Index>(count));
  for (std::size_t l = 0; l < count; ++l) std::construct_at(layers + l, expert_layer(rows.tape(), experts, l));
  return batched_mlp(rows, first, std::span<const ExpertLayer<T>>(layers, count));
}

/// MLPs of one size, layer by layer: the same bits. after(rows, l) -> rows is applied to what layer l of all experts
/// gives.
template <Real T, class F>
Var<T> layer_by_layer(const char* what, const std::vector<Mlp<T>>& experts, Var<T> rows, const std::int32_t* first,
                      const F& after) {
  const std::size_t layers = layers_of(what, experts);
  for (std::size_t l = 0; l < layers; ++l)
    rows = after(batched_linear(rows, first, expert_layer(rows.tape(), experts, l), l + 1 < layers), l);
  return rows;
}

}  // namespace wsym::detail
