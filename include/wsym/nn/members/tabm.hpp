// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/members/batch_ensemble.hpp"
#include "wsym/nn/mlp.hpp"

namespace wsym::inline WSYM_SIMD {

/// A linear head of its own for each of M members: (M, ..., in) -> (M, ..., out).
template <Real T> struct MemberHeads {
  Parameter<T> weight;  // (members, out, in)
  Parameter<T> bias;    // (members, out)

  MemberHeads() = default;
  /// Head m is the Linear of init.child(m). Throws ConfigError for a size below 1.
  MemberHeads(Index members, Index in, Index out, const Key& init) {
    expect<ConfigError>(members >= 1 && in >= 1 && out >= 1, "MemberHeads: ", members, " members, ", in, " inputs, ",
                        out, " outputs; each must be at least 1");
    Tensor<T> weights({members, out, in}), biases({members, out});
    for (Index m = 0; m < members; ++m) {
      const Linear<T> head(in, out, init.child(m));
      std::copy_n(head.weight.value().data(), out * in, weights.data() + m * out * in);
      std::copy_n(head.bias.value().data(), out, biases.data() + m * out);
    }
    weight = Parameter<T>(std::move(weights));
    bias = Parameter<T>(std::move(biases));
  }

  Index members() const { return weight.shape()[0]; }

  Var<T> operator()(Var<T> x, const Pass<T>&) const {
    return member_linear(x, x.tape().use(weight), x.tape().use(bias));
  }

  static constexpr const char* type_name = "member_heads";
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
  }
};

struct TabMSize {
  MlpSize mlp;
  Index members = 32;
  double dropout_rate = 0;  // after each hidden layer
};

/// M networks in one: hidden layers that are batch ensembles, heads of their own. (n, in) -> (M, n, out); the
/// loss is the mean of the members' losses, the prediction the mean of their predictions. Only the first layer's input
/// scales start apart, at random signs; all others at 1. Throws ShapeError for no rows.
/// Source: Gorishniy, Kotelnikov and Babenko 2025 (TabM); deliberate differences: GELU where they have ReLU, no dropout
/// unless asked for.
template <Real T> struct TabM {
  std::vector<BatchEnsembleLinear<T>> layers;
  MemberHeads<T> heads;
  double dropout_rate = 0;

  TabM() = default;
  /// Throws ConfigError for a size below 1.
  TabM(const TabMSize& size, const Key& init) : dropout_rate(size.dropout_rate) {
    const Mlp<T> shared(size.mlp, init.child("shared"));
    for (std::size_t l = 0; l + 1 < shared.layers.size(); ++l)
      layers.emplace_back(shared.layers[l], size.members, l == 0 ? ScaleInit::sign : ScaleInit::ones, ScaleInit::ones,
                          init.child("scales").child(l));
    heads = MemberHeads<T>(size.members, size.mlp.hidden, size.mlp.out, init.child("heads"));
  }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect(x.rows() >= 1, "TabM: x is ", x.shape(), "; it needs a row");
    x = tile(x, heads.members());
    const Pass<T> tiled = pass.with_members(heads.members());
    for (std::size_t l = 0; l < layers.size(); ++l) x = dropout(gelu(layers[l](x, pass)), dropout_rate, tiled.child(l));
    return heads(x, pass);
  }

  static constexpr const char* type_name = "tabm";
  static void visit(auto& self, auto&& v) {
    v("layers", self.layers);
    v("heads", self.heads);
    v("dropout_rate", self.dropout_rate);
  }
};

/// The smallest of its kind: one scale of the input for each member, shared hidden layers, heads of their own.
/// (n, in) -> (M, n, out). Errors, source and differences as for TabM.
template <Real T> struct TabMMini {
  Parameter<T> scale_in;  // (members, in)
  std::vector<Linear<T>> layers;
  MemberHeads<T> heads;
  double dropout_rate = 0;

  TabMMini() = default;
  /// Throws ConfigError for a size below 1.
  TabMMini(const TabMSize& size, const Key& init) : dropout_rate(size.dropout_rate) {
    layers = Mlp<T>(size.mlp, init.child("shared")).layers;
    layers.pop_back();
    scale_in = Parameter<T>(member_scales<T>(size.members, size.mlp.in, ScaleInit::sign, init.child("scales")));
    heads = MemberHeads<T>(size.members, size.mlp.hidden, size.mlp.out, init.child("heads"));
  }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect(x.rows() >= 1, "TabMMini: x is ", x.shape(), "; it needs a row");
    Tape<T>& tape = x.tape();
    x = scale_members(tile(x, heads.members()), tape.use(scale_in));
    const Pass<T> tiled = pass.with_members(heads.members());
    for (std::size_t l = 0; l < layers.size(); ++l)
      x = dropout(linear_gelu(x, tape.use(layers[l].weight), tape.use(layers[l].bias)), dropout_rate, tiled.child(l));
    return heads(x, pass);
  }

  static constexpr const char* type_name = "tabm_mini";
  static void visit(auto& self, auto&& v) {
    v("scale_in", self.scale_in);
    v("layers", self.layers);
    v("heads", self.heads);
    v("dropout_rate", self.dropout_rate);
  }
};

}  // namespace wsym::inline WSYM_SIMD
