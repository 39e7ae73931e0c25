// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/linear.hpp"

namespace wsym::inline WSYM_SIMD {

struct WAsymmetry;

struct MlpSize {
  Index in, hidden, out;
  Index hidden_layers = 3;  // affine layers: one more
};

/// h = gelu(W_l h + b_l) for each hidden layer, then an affine output: x (..., in) -> (..., out).
/// The W-asymmetric MLP is the same network with frozen entries in its weights.
/// Source: Chernov and Novitskij 2025, section 3 (four affine layers, exact GELU, no normalisation).
template <Real T> struct Mlp {
  std::vector<Linear<T>> layers;

  Mlp() = default;
  /// Freshly drawn; layer l draws from init.child(l). Throws ConfigError for a size below 1.
  Mlp(const MlpSize& size, const Key& init) {
    expect<ConfigError>(size.in >= 1 && size.hidden >= 1 && size.out >= 1 && size.hidden_layers >= 1, "Mlp: in ",
                        size.in, ", hidden ", size.hidden, ", out ", size.out, ", hidden layers ", size.hidden_layers,
                        "; each must be at least 1");
    for (Index l = 0; l <= size.hidden_layers; ++l)
      layers.emplace_back(l == 0 ? size.in : size.hidden, l == size.hidden_layers ? size.out : size.hidden,
                          init.child(l));
  }
  /// W-asymmetric (defined in nn/symmetry/w_asymmetry.hpp): the free entries are those that Mlp(size, init) draws;
  /// layer l's frozen ones come from mask.child(l) and take their place; with n_fix 0 in every layer nothing does.
  /// Throws ConfigError for an n_fix that is negative or not below the layer's fan-in, or for lists that do not have
  /// one entry a layer.
  Mlp(const MlpSize& size, const WAsymmetry& asymmetry, const Key& init);

  /// Throws ConfigError without layers, ShapeError unless every weight is (out, in), with a bias of out entries, and
  /// every layer takes what the one before gives.
  void check() const {
    expect_layers();
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Shape &weight = layers[l].weight.shape(), &bias = layers[l].bias.shape();
      expect(weight.rank() == 2 && bias.size() == weight[0], "Mlp: layer ", l, " has weight ", weight, " and bias ",
             bias, "; it needs (out, in) and (out)");
      if (l == 0) continue;
      const Index before = layers[l - 1].weight.shape()[0];
      expect(weight[1] == before, "Mlp: layer ", l, " has weight ", weight, " but layer ", l - 1, " gives ", before,
             " outputs; it needs as many columns");
    }
  }

  /// Throws ConfigError without layers: a default network, or one that was moved from.
  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect_layers();
    Tape<T>& tape = x.tape();
    for (std::size_t l = 0; l + 1 < layers.size(); ++l)
      x = linear_gelu(x, tape.use(layers[l].weight), tape.use(layers[l].bias));
    return layers.back()(x, pass);
  }

  static constexpr const char* type_name = "mlp";
  static void visit(auto& self, auto&& v) { v("layers", self.layers); }

 private:
  void expect_layers() const {
    expect<ConfigError>(!layers.empty(),
                        "Mlp: it has no layers; a default network or one that was moved from is empty");
  }
};

}  // namespace wsym::inline WSYM_SIMD
