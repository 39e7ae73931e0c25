// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/mlp.hpp"
#include "wsym/ops/figlu.hpp"

namespace wsym::inline WSYM_SIMD {

/// A sigma-asymmetric MLP: the weights are free, and symmetry is broken between the layers. h = figlu(W_l h + b_l, C_l)
/// for each hidden layer, then an affine output: x (..., in) -> (..., out), with a fixed random C_l (hidden, hidden),
/// entries standard normal: exchanging two hidden units would need the same exchange of C_l's rows and columns. C_l is
/// a buffer: no optimiser sees it, it counts as no parameter, it is saved with the model, and averages of models that
/// share it keep it. Source: Lim et al. 2024, sigma-asymmetric networks.
template <Real T> struct SigmaMlp {
  std::vector<Linear<T>> layers;
  std::vector<Tensor<T>> mixing;  // C_l, one for each hidden layer

  SigmaMlp() = default;
  /// The parameters of Mlp(size, init), and C_l from sigma.child(l): share `sigma` to share them. Throws ConfigError
  /// for a size below 1.
  SigmaMlp(const MlpSize& size, const Key& sigma, const Key& init) : layers(Mlp<T>(size, init).layers) {
    for (Index l = 0; l < size.hidden_layers; ++l) {
      const Key key = sigma.child(l);
      Tensor<T>& c = mixing.emplace_back(Shape{size.hidden, size.hidden});
      for (Index i = 0; i < c.size(); ++i) c[i] = static_cast<T>(key.normal(i));
    }
  }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    for (std::size_t l = 0; l < mixing.size(); ++l) x = figlu(layers[l](x, pass), x.tape().constant(mixing[l]));
    return layers.back()(x, pass);
  }

  static constexpr const char* type_name = "sigma_mlp";
  static void visit(auto& self, auto&& v) {
    v("layers", self.layers);
    v("mixing", self.mixing);
  }
};

}  // namespace wsym::inline WSYM_SIMD
