// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/dense_moe.hpp"
#include "wsym/ops/activation.hpp"
#include "wsym/ops/experts/interpolated_linear.hpp"

namespace wsym::inline WSYM_SIMD {

struct MoieOptions {
  bool relu = false;             // the authors' code has ReLU where the paper implies GELU
  bool average_outputs = false;  // Gumbel gates at evaluation: average outputs over samples, not gate vectors
};

/// A mixture of interpolated experts: for each row one MLP whose weights and biases are sum_e alpha_e(x) theta_e, with
/// the same alpha at every layer; evaluated layer by layer without building a row's weights (see interpolated_linear).
/// x (..., in) -> (..., out). With Gumbel gates, evaluation averages the gate vectors of all samples and interpolates
/// once, or, with average_outputs, interpolates for each sample and averages the outputs: `samples` times the cost.
/// Frozen entries that all experts share stay what they are in every interpolated network.
/// Throws ShapeError where gate and experts do not fit. Source: Chernov and Novitskij 2025, section on MoIE.
template <Real T> struct MixtureOfInterpolatedExperts {
  Gate<T> gate;
  std::vector<Mlp<T>> experts;
  MoieOptions options;

  MixtureOfInterpolatedExperts() = default;
  MixtureOfInterpolatedExperts(Gate<T> gate_, std::vector<Mlp<T>> experts_, MoieOptions options_ = {})
      : gate(std::move(gate_)), experts(std::move(experts_)), options(options_) {}
  /// Fresh experts, W-asymmetric with one shared mask if `asymmetry` is given. Throws ConfigError as Mlp and Gate.
  MixtureOfInterpolatedExperts(Index count, const MlpSize& size, const GateOptions& gate_options, const Key& init,
                               const WAsymmetry* asymmetry = nullptr, MoieOptions options_ = {})
      : gate(size.in, count, gate_options, init.child("gate")),
        experts(detail::make_experts<T>(count, size, asymmetry, init.child("experts"))),
        options(options_) {}

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Pass<T> gate_pass = pass.child(0);
    const bool by_sample = gate.options.kind == GateKind::gumbel && options.average_outputs && !pass.training();
    if (!by_sample) return interpolated(gate(x, gate_pass), x);
    const Var<T> logits = gate.linear(x, gate_pass);
    Var<T> total = interpolated(gate.sample(logits, gate_pass, 0), x);
    for (Index i = 1; i < gate.options.samples; ++i)
      total = add(total, interpolated(gate.sample(logits, gate_pass, i), x));
    return scale(total, T(1) / static_cast<T>(gate.options.samples));
  }

  /// The network of each row for the given weights of experts, alpha (..., E).
  Var<T> interpolated(Var<T> alpha, Var<T> h) const {
    detail::expect_gate_fits("MixtureOfInterpolatedExperts", alpha.cols(), experts);
    const std::size_t layers = detail::layers_of("MixtureOfInterpolatedExperts", experts);
    for (std::size_t l = 0; l < layers; ++l) {
      h = interpolated_linear(alpha, h, detail::expert_layer(h.tape(), experts, l));
      if (l + 1 < layers) h = options.relu ? relu(h) : gelu(h);
    }
    return h;
  }

  static constexpr const char* type_name = "mixture_of_interpolated_experts";
  static void visit(auto& self, auto&& v) {
    v("gate", self.gate);
    v("experts", self.experts);
    v("relu", self.options.relu);
    v("average_outputs", self.options.average_outputs);
  }
};

}  // namespace wsym::inline WSYM_SIMD
