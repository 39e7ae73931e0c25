// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/linear.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/softmax.hpp"

namespace wsym {

enum class GateKind { softmax, gumbel };

struct GateOptions {
  GateKind kind = GateKind::softmax;
  double temperature = 2;  // Gumbel: tau, above 0
  Index samples = 10;      // Gumbel: how many are averaged at evaluation
};

/// The weights of experts for each row, from its raw input: s = G x + c, then
///   softmax: alpha = softmax(s);
///   Gumbel-softmax: alpha = softmax((s + g) / tau), g_e = -ln(-ln U_e) for each row and expert, soft (no
///   straight-through): one sample in training, the mean over `samples` at evaluation.
/// x (..., in) -> (..., E), each row a probability vector; differentiable. The noise of a row is a function of the
/// pass's key, the sample and the row's place. tau -> 0 picks one expert with probability softmax(s).
/// Source: Jang et al. 2017; Chernov 2025 (GG MoE); temperature 2 and 10 samples: Chernov and Novitskij 2025.
template <Real T> struct Gate {
  Linear<T> linear;
  GateOptions options;

  Gate() = default;
  /// Throws ConfigError for a size below 1, a temperature that is not positive, or fewer than one sample.
  Gate(Index in, Index experts, GateOptions options_, const Key& key) : options(options_) {
    expect<ConfigError>(experts >= 1, "Gate: ", experts, " experts; at least 1 is needed");
    expect<ConfigError>(options.temperature > 0 && options.samples >= 1, "Gate: temperature ", options.temperature,
                        " and ", options.samples, " samples; a positive temperature and at least 1 sample are needed");
    linear = Linear<T>(in, experts, key);
  }

  Var<T> operator()(Var<T> x, Pass<T>& pass) const {
    const Var<T> logits = linear(x, pass);
    if (options.kind == GateKind::softmax) return softmax(logits);
    const Index samples = pass.training() ? 1 : options.samples;
    Var<T> total = sample(logits, pass, 0);
    for (Index i = 1; i < samples; ++i) total = add(total, sample(logits, pass, i));
    return samples == 1 ? total : scale(total, T(1) / static_cast<T>(samples));
  }

  /// Sample i of the Gumbel-softmax for logits (..., E).
  Var<T> sample(Var<T> logits, const Pass<T>& pass, Index i) const {
    const Key key = pass.key().child("gumbel").child(static_cast<std::uint64_t>(i));
    const std::uint64_t first = static_cast<std::uint64_t>(pass.first_row() * logits.cols());
    T* noise = logits.tape().scratch(logits.size());
    for (Index n = 0; n < logits.size(); ++n)
      noise[n] = static_cast<T>(key.gumbel(first + static_cast<std::uint64_t>(n)));
    const Var<T> noisy = add(logits, logits.tape().constant(logits.shape(), noise));
    return softmax(scale(noisy, static_cast<T>(1 / options.temperature)));
  }

  static void visit(auto& self, auto&& v) { v("linear", self.linear); }
};

}  // namespace wsym
