// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/init.hpp"
#include "wsym/nn/pass.hpp"
#include "wsym/ops/linear.hpp"

namespace wsym::inline WSYM_SIMD {

/// y = x Wᵀ + b: x (..., in) -> (..., out).
template <Real T> struct Linear {
  Parameter<T> weight;  // (out, in), perhaps with frozen entries
  Parameter<T> bias;    // (out)

  Linear() = default;
  /// Weights and biases uniform on +-1/sqrt(in). Throws ConfigError for a size below 1.
  Linear(Index in, Index out, const Key& key) {
    const double bound = linear_bound(in);
    expect<ConfigError>(out >= 1, "Linear: ", out, " outputs; at least 1 is needed");
    weight = Parameter<T>(uniform_tensor<T>(Shape{out, in}, bound, key.child("weight")));
    bias = Parameter<T>(uniform_tensor<T>(Shape{out}, bound, key.child("bias")));
  }

  Var<T> operator()(Var<T> x, const Pass<T>&) const { return linear(x, x.tape().use(weight), x.tape().use(bias)); }

  static constexpr const char* type_name = "linear";
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
  }
};

}  // namespace wsym::inline WSYM_SIMD
