// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/core/visit.hpp"

namespace wsym::inline WSYM_SIMD {

/// The Euclidean norm of all gradients of a model together, summed in double; frozen entries count 0.
template <class M, Real T> double gradient_norm(const M& model, Tape<T>& tape) {
  double total = 0;
  for_each_parameter(model, [&](const Parameter<T>& p) {
    const std::span<const T> g = tape.gradient(p);
    total += ConstArrayMap<T>(g.data(), static_cast<Index>(g.size())).template cast<double>().square().sum();
  });
  return std::sqrt(total);
}

/// Scales all gradients by min(1, largest / norm), norm = gradient_norm(), and returns the norm as it was.
/// Throws ConfigError unless largest > 0. A norm that is not finite changes nothing: the loss will tell.
template <class M, Real T> double clip_by_norm(const M& model, Tape<T>& tape, double largest) {
  expect<ConfigError>(largest > 0, "clip_by_norm: ", largest, "; the largest norm must be positive");
  const double norm = gradient_norm(model, tape);
  if (norm > largest && std::isfinite(norm))
    for_each_parameter(model, [&](const Parameter<T>& p) {
      for (T& g : tape.gradient(p)) g *= static_cast<T>(largest / norm);
    });
  return norm;
}

/// Puts every entry of every gradient into [-largest, largest]. Throws ConfigError unless largest > 0.
template <class M, Real T> void clip_by_value(const M& model, Tape<T>& tape, double largest) {
  expect<ConfigError>(largest > 0, "clip_by_value: ", largest, "; the largest value must be positive");
  const T bound = static_cast<T>(largest);
  for_each_parameter(model, [&](const Parameter<T>& p) {
    for (T& g : tape.gradient(p)) g = g > bound ? bound : g < -bound ? -bound : g;  // NaN stays NaN
  });
}

}  // namespace wsym::inline WSYM_SIMD
