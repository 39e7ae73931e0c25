// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/dense_moe.hpp"
#include "wsym/ops/experts/batched.hpp"
#include "wsym/ops/experts/batched_mlp.hpp"
#include "wsym/ops/slice_rows.hpp"

/// Experts that each have rows of their own: first[e] .. first[e + 1] - 1 of one (rows, in) -> (rows, out).
namespace wsym::inline WSYM_SIMD::detail {

/// Any experts: expert e is called on its rows with pass.child(first_child + e), for which row p stands at number(p),
/// so that what an expert draws does not depend on the other rows of its batch.
template <Real T, class Expert, class F>
Var<T> one_by_one(const std::vector<Expert>& experts, Var<T> rows, const std::int32_t* first, const Pass<T>& pass,
                  Index first_child, const F& number) {
  const std::size_t count = experts.size();
  Var<T>* outputs = rows.tape().template scratch<Var<T>>(static_cast<Index>(count));
  Index* numbers = rows.tape().template scratch<Index>(first[count]);
  for (Index p = 0; p < first[count]; ++p) numbers[p] = number(p);
  for (std::size_t e = 0; e < count; ++e) {
    const std::span<const Index> own(numbers + first[e], numbers + first[e + 1]);
    std::construct_at(outputs + e, experts[e](slice_rows(rows, first[e], first[e + 1] - first[e]),
                                              pass.child(first_child + static_cast<Index>(e)).with_places(own)));
  }
  return stack_rows(std::span<const Var<T>>(outputs, count), rows.rows());
}

/// MLPs of one size, as one op: the same bits.
template <Real T>
Var<T> stacked(const char* what, const std::vector<Mlp<T>>& experts, Var<T> rows, const std::int32_t* first) {
  return batched_mlp(rows, first, expert_layers(what, rows.tape(), experts));
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

}  // namespace wsym::inline WSYM_SIMD::detail
