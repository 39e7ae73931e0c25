// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <span>
#include <type_traits>

#include "wsym/kernels/simd.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

/// The scalars of one AdamW step, as adamw() multiplies by them.
template <Real T> struct AdamwStep {
  T rate;        // lr / (1 - beta1^t)
  T shrink;      // lr * decay
  T take1;       // 1 - beta1
  T take2;       // 1 - beta2
  T root_scale;  // 1 / sqrt(1 - beta2^t)
  T epsilon;
};

/// The scalars of step t = 1, 2, ..., computed in double whatever T is: in float, 1 - beta2 would lose four digits.
template <Real T>
AdamwStep<T> adamw_step(double lr, double decay, double beta1, double beta2, double epsilon, std::int64_t t) {
  const auto steps = static_cast<double>(t);
  return {.rate = static_cast<T>(lr / (1 - std::pow(beta1, steps))),
          .shrink = static_cast<T>(lr * decay),
          .take1 = static_cast<T>(1 - beta1),
          .take2 = static_cast<T>(1 - beta2),
          .root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta2, steps))),
          .epsilon = static_cast<T>(epsilon)};
}

/// One AdamW step in one pass over the parameters, their gradients g and their moments m and v, all of one size:
///   theta *= 1 - lr decay;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
///   theta -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
/// The means are computed as m += (1 - beta1) (g - m), so a gradient of 0 leaves moments of 0 exactly 0.
/// Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019, algorithm 2.
template <Real T>
void adamw(std::span<T> theta, std::type_identity_t<std::span<const T>> g, std::type_identity_t<std::span<T>> m,
           std::type_identity_t<std::span<T>> v, const AdamwStep<T>& step) {
  const AdamwStep<T> s = step;
  for_each_vector<T>(static_cast<Index>(theta.size()), [=](Index i, auto count) {
    const Vec<T> old = load<T>(theta.data() + i, count), slope = load(g.data() + i, count);
    const Vec<T> mean_before = load<T>(m.data() + i, count), square_before = load<T>(v.data() + i, count);
    const Vec<T> mean = multiply_add<T>(slope - mean_before, broadcast(s.take1), mean_before);
    const Vec<T> growth = multiply_add<T>(slope, slope, -square_before);
    const Vec<T> square = multiply_add<T>(growth, broadcast(s.take2), square_before);
    const Vec<T> divisor = multiply_add<T>(square_root<T>(square), broadcast(s.root_scale), broadcast(s.epsilon));
    const Vec<T> decayed = multiply_add<T>(old, broadcast(-s.shrink), old);
    store<T>(theta.data() + i, multiply_add<T>(mean / divisor, broadcast(-s.rate), decayed), count);
    store<T>(m.data() + i, mean, count);
    store<T>(v.data() + i, square, count);
  });
}

}  // namespace wsym::inline WSYM_SIMD::kernels
