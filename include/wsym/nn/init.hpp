// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/random.hpp"
#include "wsym/core/tensor.hpp"

namespace wsym::inline WSYM_SIMD {

/// Entries uniform on (-bound, bound); entry i is a function of the key and i alone.
template <Real T> Tensor<T> uniform_tensor(Shape shape, double bound, const Key& key) {
  Tensor<T> tensor(shape);
  for (Index i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<T>(bound * (2 * key.uniform(i) - 1));
  return tensor;
}

/// The bound 1/sqrt(fan_in) of a linear layer's weights and biases: Kaiming uniform with a = sqrt(5), variance
/// 1/(3 fan_in). Source: He et al. 2015; spec of Chernov and Novitskij 2025, section 2.
inline double linear_bound(Index fan_in) {
  expect<ConfigError>(fan_in >= 1, "linear_bound: fan-in is ", fan_in, "; at least 1 is needed");
  return 1 / std::sqrt(static_cast<double>(fan_in));
}

}  // namespace wsym::inline WSYM_SIMD
