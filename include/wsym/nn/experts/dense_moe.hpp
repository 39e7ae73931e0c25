// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/gate.hpp"
#include "wsym/nn/mlp.hpp"
#include "wsym/nn/symmetry/w_asymmetry.hpp"
#include "wsym/ops/concat.hpp"
#include "wsym/ops/experts/grouped.hpp"
#include "wsym/ops/experts/mix.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <class Experts> void expect_gate_fits(const char* what, Index gate, const Experts& experts) {
  expect(gate == static_cast<Index>(experts.size()), what, ": the gate weighs ", gate, " experts but there are ",
         experts.size());
}

/// The number of layers that every expert has.
template <Real T> std::size_t layers_of(const char* what, const std::vector<Mlp<T>>& experts) {
  expect(!experts.empty(), what, ": no experts; at least one is needed");
  for (std::size_t e = 0; e < experts.size(); ++e)
    expect(experts[e].layers.size() == experts[0].layers.size(), what, ": expert ", e, " has ",
           experts[e].layers.size(), " layers but expert 0 has ", experts[0].layers.size(), "; they must be equal");
  return experts[0].layers.size();
}

/// Layer l of all experts as leaves of the tape; the lists lie in its arena.
template <Real T> ExpertLayer<T> expert_layer(Tape<T>& tape, const std::vector<Mlp<T>>& experts, std::size_t l) {
  const auto count = experts.size();
  Var<T>* weights = tape.template scratch<Var<T>>(static_cast<Index>(count));
  Var<T>* biases = tape.template scratch<Var<T>>(static_cast<Index>(count));
  for (std::size_t e = 0; e < count; ++e) {
    std::construct_at(weights + e, tape.use(experts[e].layers[l].weight));
    std::construct_at(biases + e, tape.use(experts[e].layers[l].bias));
  }
  return {{weights, count}, {biases, count}};
}

/// All layers of all experts, the first layer first.
template <Real T>
std::span<const ExpertLayer<T>> expert_layers(const char* what, Tape<T>& tape, const std::vector<Mlp<T>>& experts) {
  const std::size_t count = layers_of(what, experts);
  ExpertLayer<T>* layers = tape.template scratch<ExpertLayer<T>>(static_cast<Index>(count));
  for (std::size_t l = 0; l < count; ++l) std::construct_at(layers + l, expert_layer(tape, experts, l));
  return {layers, count};
}

/// E experts of one size; expert e draws from init.child(e). With an asymmetry all share its mask.
template <Real T>
std::vector<Mlp<T>> make_experts(Index count, const MlpSize& size, const WAsymmetry* asymmetry, const Key& init) {
  std::vector<Mlp<T>> experts;
  for (Index e = 0; e < count; ++e) {
    const Key key = init.child(e);
    experts.push_back(asymmetry ? Mlp<T>(size, *asymmetry, key) : Mlp<T>(size, key));
  }
  return experts;
}
}  // namespace detail

/// A dense mixture of experts: y = sum_e alpha_e(x) f_e(x), every expert evaluated for every row, and its outputs (for
/// classification: logits) mixed. x (..., in) -> (..., out). An expert is any module; all
/// have one output width. Throws ShapeError where gate and experts do not fit.
/// With Gumbel gates the mean over samples of alpha is used at evaluation: y is linear in alpha, so this is the mean of
/// the outputs. Source: Chernov and Novitskij 2025, sections on MoE and GG-MoE.
template <Real T, class Expert = Mlp<T>> struct MixtureOfExperts {
  Gate<T> gate;
  std::vector<Expert> experts;

  MixtureOfExperts() = default;
  MixtureOfExperts(Gate<T> gate_, std::vector<Expert> experts_)
      : gate(std::move(gate_)), experts(std::move(experts_)) {}
  /// Fresh MLP experts, W-asymmetric with one shared mask if `asymmetry` is given. Throws ConfigError as Mlp and Gate.
  MixtureOfExperts(Index count, const MlpSize& size, const GateOptions& options, const Key& init,
                   const WAsymmetry* asymmetry = nullptr) requires std::same_as<Expert, Mlp<T>>
      : gate(size.in, count, options, init.child("gate")),
        experts(detail::make_experts<T>(count, size, asymmetry, init.child("experts"))) {}

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Var<T> alpha = gate(x, pass.child(0));
    detail::expect_gate_fits("MixtureOfExperts", alpha.cols(), experts);
    if constexpr (std::same_as<Expert, Mlp<T>>)
      return mix(alpha, stacked(x));
    else
      return mix(alpha, one_by_one(x, pass.child(1)));
  }

  /// All experts' outputs side by side, (..., E out), each expert called on its own.
  Var<T> one_by_one(Var<T> x, const Pass<T>& pass) const {
    Var<T>* outputs = x.tape().template scratch<Var<T>>(static_cast<Index>(experts.size()));
    for (std::size_t e = 0; e < experts.size(); ++e) {
      std::construct_at(outputs + e, experts[e](x, pass.child(e)));
      expect(outputs[e].cols() == outputs[0].cols(), "MixtureOfExperts: expert ", e, " has ", outputs[e].cols(),
             " outputs but expert 0 has ", outputs[0].cols(), "; they must be equal");
    }
    return concat(std::span<const Var<T>>(outputs, experts.size()));
  }

  /// The same for MLP experts of one size, as one op: the same bits, less memory, and caches that are used again.
  Var<T> stacked(Var<T> x) const requires std::same_as<Expert, Mlp<T>> {
    return grouped_mlp(x, detail::expert_layers("MixtureOfExperts", x.tape(), experts));
  }

  static constexpr const char* type_name = "mixture_of_experts";
  static void visit(auto& self, auto&& v) {
    v("gate", self.gate);
    v("experts", self.experts);
  }
};

}  // namespace wsym::inline WSYM_SIMD
