// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/pass.hpp"
#include "wsym/ops/layer_norm.hpp"

namespace wsym::inline WSYM_SIMD {

/// layer_norm with a scale of 1 and a bias of 0 to start from: (..., d) -> (..., d).
template <Real T> struct LayerNorm {
  Parameter<T> scale;  // (d)
  Parameter<T> bias;   // (d)

  LayerNorm() = default;
  /// Throws ConfigError for d < 1.
  explicit LayerNorm(Index d) {
    expect<ConfigError>(d >= 1, "LayerNorm: ", d, " columns; at least 1 is needed");
    scale = Parameter<T>(Tensor<T>({d}, T(1)));
    bias = Parameter<T>(Tensor<T>({d}));
  }

  Var<T> operator()(Var<T> x, const Pass<T>&) const { return layer_norm(x, x.tape().use(scale), x.tape().use(bias)); }

  static constexpr const char* type_name = "layer_norm";
  static void visit(auto& self, auto&& v) {
    v("scale", self.scale);
    v("bias", self.bias);
  }
};

}  // namespace wsym::inline WSYM_SIMD
