// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/dropout.hpp"
#include "wsym/nn/linear.hpp"
#include "wsym/ops/activation.hpp"
#include "wsym/ops/members/batch_ensemble.hpp"

namespace wsym::inline WSYM_SIMD {

/// How the scales of members start: all 1, a random sign, or N(1, 0.5^2).
enum class ScaleInit { ones, sign, gaussian };

/// Scales (members, d): a row for each member. Throws ConfigError for a size below 1.
template <Real T> Tensor<T> member_scales(Index members, Index d, ScaleInit init, const Key& key) {
  expect<ConfigError>(members >= 1 && d >= 1, "member_scales: ", members, " members of ", d,
                      " columns; at least one of each is needed");
  Tensor<T> scales({members, d}, T(1));
  if (init == ScaleInit::ones) return scales;
  for (Index i = 0; i < scales.size(); ++i) {
    const auto place = static_cast<std::uint64_t>(i);
    scales[i] =
        static_cast<T>(init == ScaleInit::sign ? (key.below(place, 2) == 0 ? -1.0 : 1.0) : 1 + 0.5 * key.normal(place));
  }
  return scales;
}

/// One value of a tensor (d) for every member: (members, d).
template <Real T> Tensor<T> for_each_member_of(const Tensor<T>& value, Index members) {
  Tensor<T> copies({members, value.size()});
  for (Index m = 0; m < members; ++m) std::copy_n(value.data(), value.size(), copies.data() + m * value.size());
  return copies;
}

/// A linear layer of M members that share `weight` and have scales and biases of their own:
/// y_m = ((x_m r_m) Wᵀ) s_m + b_m, x (M, ..., in) -> (M, ..., out). Batches are replicated by tile(), not split: every
/// member sees every row. M (in + 2 out) numbers beside the weight. Throws ShapeError for no rows or an x without the
/// members' axis. Source: Wen et al. 2020; Allingham et al. 2022 (scales of a random sign or N(1, 0.5), where 0.5 is
/// the deviation).
template <Real T> struct BatchEnsembleLinear {
  Parameter<T> weight;     // W (out, in)
  Parameter<T> scale_in;   // r (members, in)
  Parameter<T> scale_out;  // s (members, out)
  Parameter<T> bias;       // b (members, out)

  BatchEnsembleLinear() = default;
  /// From a trained or fresh layer: its weight, and its bias for every member. Throws ConfigError for members < 1.
  BatchEnsembleLinear(const Linear<T>& dense, Index members, ScaleInit in, ScaleInit out, const Key& key)
      : weight(dense.weight),
        scale_in(member_scales<T>(members, dense.weight.shape()[1], in, key.child("scale_in"))),
        scale_out(member_scales<T>(members, dense.weight.shape()[0], out, key.child("scale_out"))),
        bias(for_each_member_of(dense.bias.value(), members)) {}

  Index members() const { return scale_in.shape()[0]; }

  Var<T> operator()(Var<T> x, const Pass<T>&) const {
    Tape<T>& tape = x.tape();
    return batch_ensemble_linear(x, tape.use(weight), tape.use(scale_in), tape.use(scale_out), tape.use(bias));
  }

  static constexpr const char* type_name = "batch_ensemble_linear";
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("scale_in", self.scale_in);
    v("scale_out", self.scale_out);
    v("bias", self.bias);
  }
};

/// FeedForward of M members: (M, ..., d) -> (M, ..., d), for the special blocks of a ResidualMlp. Throws ShapeError as
/// its layers.
template <Real T> struct BatchEnsembleFeedForward {
  BatchEnsembleLinear<T> up, down;
  double dropout_rate = 0;

  BatchEnsembleFeedForward() = default;
  /// Fresh layers. Throws ConfigError for a size or members below 1.
  BatchEnsembleFeedForward(Index d, Index hidden, Index members, ScaleInit scales, const Key& init,
                           double dropout_rate_ = 0)
      : up(Linear<T>(d, hidden, init.child("up")), members, scales, scales, init.child("up")),
        down(Linear<T>(hidden, d, init.child("down")), members, scales, scales, init.child("down")),
        dropout_rate(dropout_rate_) {}

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Pass<T> own = pass.with_members(up.members());
    const Var<T> h = gelu(up(x, own));
    return dropout(down(dropout(h, dropout_rate, own.child(0)), own), dropout_rate, own.child(1));
  }

  static constexpr const char* type_name = "batch_ensemble_feed_forward";
  static void visit(auto& self, auto&& v) {
    v("up", self.up);
    v("down", self.down);
    v("dropout_rate", self.dropout_rate);
  }
};

}  // namespace wsym::inline WSYM_SIMD
