// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/core/finite.hpp"
#include "wsym/core/on_draw.hpp"
#include "wsym/kernels/gumbel.hpp"
#include "wsym/kernels/portable.hpp"
#include "wsym/nn/linear.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/ops/experts/router_losses.hpp"
#include "wsym/ops/softmax.hpp"

namespace wsym::inline WSYM_SIMD {

enum class GateKind { softmax, gumbel };
constexpr auto names(GateKind) {
  return std::array{"softmax", "gumbel"};
}

struct GateOptions {
  GateKind kind = GateKind::softmax;
  double temperature = 2;         // Gumbel: tau, above 0
  Index samples = 10;             // Gumbel: how many are averaged at evaluation
  double dropout = 0;             // in training: the probability with which an expert is left out, in [0, 1)
  bool dropout_by_batch = false;  // the same experts are left out for all rows of a batch
  double balance = 0;             // weight of the importance loss in the training loss; not negative
};

/// The weights of experts for each row, from its raw input: s = G x + c, then
///   softmax: alpha = softmax(s);
///   Gumbel-softmax: alpha = softmax((s + g) / tau), g_e = -ln(-ln U_e) for each row and expert, soft (no
///   straight-through): one sample in training, the mean over `samples` at evaluation.
/// x (..., in) -> (..., E), each row a probability vector; differentiable. The noise of a row is a function of the
/// pass's key, the sample and the row's place. tau -> 0 picks one expert with probability softmax(s).
/// With dropout, in training alone, each expert is left out for a row (or a batch) with that probability, weight 0, and
/// the softmax runs over those that are left; where none would be, one stays, each as likely. With balance the training
/// loss gets the importance loss, CV^2 of the sums over the batch of the weights as they come out, noise and dropout
/// included: from 0, all experts carry the same, to E - 1, one carries all.
/// Source: Jang et al. 2017; Chernov 2025 (GG MoE); temperature 2 and 10 samples: Chernov and Novitskij 2025; the
/// importance loss: Shazeer et al. 2017, equation 7. The mixtures of Chernov and Novitskij have neither it nor dropout.
template <Real T> struct Gate {
  Linear<T> linear;
  GateOptions options;

  Gate() = default;
  /// Throws ConfigError for a size below 1 or an option outside its range.
  Gate(Index in, Index experts, GateOptions options_, const Key& key) : options(options_) {
    expect<ConfigError>(experts >= 1, "Gate: ", experts, " experts; at least 1 is needed");
    check();
    linear = Linear<T>(in, experts, key);
  }

  /// Throws ConfigError for an option outside its range.
  void check() const {
    expect<ConfigError>(options.temperature > 0 && options.samples >= 1, "Gate: temperature ", options.temperature,
                        " and ", options.samples, " samples; a positive temperature and at least 1 sample are needed");
    expect<ConfigError>(options.dropout >= 0 && options.dropout < 1 && options.balance >= 0, "Gate: dropout ",
                        options.dropout, " and balance ", options.balance,
                        "; dropout is from 0 to below 1, balance not negative");
    expect<ConfigError>(holds<T>(options.temperature) && holds<T>(1 / options.temperature) && holds<T>(options.balance),
                        "Gate: temperature ", options.temperature, " and balance ", options.balance,
                        "; both and 1 / temperature must fit a ", number_name<T>);
  }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Var<T> logits = left(linear(x, pass), pass), alpha = weights(logits, pass);
    if (pass.training() && options.balance > 0)
      pass.add_loss(scale(squared_variation(group_sums(alpha, alpha.rows())), static_cast<T>(options.balance)));
    return alpha;
  }

  /// Sample i of the Gumbel-softmax for logits (..., E).
  Var<T> sample(Var<T> logits, const Pass<T>& pass, Index i) const {
    const Index experts = logits.cols();
    T* noise = logits.tape().scratch(logits.size());
    const auto draw = [&](const Key& key, Index place, Index row, Index count) {
      kernels::gumbel(key, static_cast<std::uint64_t>(place * experts), noise + row * experts, count * experts);
    };
    detail::for_each_stream(pass, pass.key().child("gumbel").child(i), logits.shape(), draw);
    const Var<T> noisy = add(logits, logits.tape().constant(logits.shape(), noise));
    return softmax(scale(noisy, static_cast<T>(1 / options.temperature)));
  }

  static constexpr const char* type_name = "gate";
  static void visit(auto& self, auto&& v) {
    v("linear", self.linear);
    v("kind", self.options.kind);
    v("temperature", self.options.temperature);
    v("samples", self.options.samples);
    v("dropout", self.options.dropout);
    v("dropout_by_batch", self.options.dropout_by_batch);
    v("balance", self.options.balance);
  }

 private:
  /// The logits, -infinity for experts that are left out; the one with the largest draw always stays.
  Var<T> left(Var<T> logits, const Pass<T>& pass) const {
    if (!pass.training() || options.dropout == 0) return logits;
    const Index experts = logits.cols();
    T* out = logits.tape().scratch(logits.size());
    std::fill_n(out, logits.size(), -std::numeric_limits<T>::infinity());
    const auto draw = [&](const Key& key, Index place, Index row, Index count) {
      if (!options.dropout_by_batch) WSYM_ON_DRAW(key, place * experts, count * experts);
      for (Index n = 0; n < count; ++n) {
        const Index first = options.dropout_by_batch ? 0 : (place + n) * experts;
        double largest = -1;
        Index stays = 0;
        for (Index e = 0; e < experts; ++e) {
          const double drawn = key.uniform(static_cast<std::uint64_t>(first + e));
          if (drawn >= options.dropout) out[(row + n) * experts + e] = 0;
          if (drawn > largest) largest = drawn, stays = e;
        }
        out[(row + n) * experts + stays] = 0;
      }
    };
    detail::for_each_stream(pass, pass.key().child("dropout"), logits.shape(), draw);
    return add(logits, logits.tape().constant(logits.shape(), out));
  }

  Var<T> weights(Var<T> logits, const Pass<T>& pass) const {
    if (options.kind == GateKind::softmax) return softmax(logits);
    const Index samples = pass.training() ? 1 : options.samples;
    Var<T> total = sample(logits, pass, 0);
    for (Index i = 1; i < samples; ++i) total = add(total, sample(logits, pass, i));
    return samples == 1 ? total : scale(total, T(1) / static_cast<T>(samples));
  }
};

/// How a gate spreads rows over its experts.
struct GateUse {
  std::vector<double> mean;  // over the rows, of the weight of each expert
  double entropy = 0;        // mean over the rows of -sum_e alpha_e ln alpha_e, in nats: from 0 to ln E
};

/// Of every row of x (rows, in), at evaluation: with Gumbel gates of the mean over samples. A mixture's gate draws the
/// noise of predict(mixture, ..., key) from key.child(0). Throws ConfigError without rows.
template <Real T>
GateUse gate_use(const Gate<T>& gate, const Tensor<T>& x, Workspace<T>& workspace, const Key& key = Key(0)) {
  expect<ConfigError>(x.rows() >= 1, "gate_use: no rows; at least 1 is needed");
  Tensor<T> alpha(Shape{x.rows(), gate.linear.bias.size()});
  predict(gate, x.mat(), alpha.mat(), workspace, key);
  GateUse use{std::vector<double>(static_cast<std::size_t>(alpha.cols())), 0};
  for (Index i = 0; i < alpha.size(); ++i) {
    const auto weight = static_cast<double>(alpha[i]);
    use.mean[static_cast<std::size_t>(i % alpha.cols())] += weight / static_cast<double>(x.rows());
    if (weight > 0) use.entropy -= weight * kernels::portable::log(weight) / static_cast<double>(x.rows());
  }
  return use;
}

}  // namespace wsym::inline WSYM_SIMD
