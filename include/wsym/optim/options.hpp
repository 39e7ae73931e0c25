// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <string>

#include "wsym/core/shape.hpp"

namespace wsym::inline WSYM_SIMD {

/// Chooses parameters by name and shape: all that an optimiser may know of a model.
using ParameterPredicate = std::function<bool(const std::string& name, const Shape& shape)>;

/// A factor for parameters by name and shape, for instance of the learning rate.
using ParameterFactor = std::function<double(const std::string& name, const Shape& shape)>;

/// Kernels alone: every parameter of rank 2 or more, no biases. The usual choice where not everything is decayed.
inline ParameterPredicate weights_only() {
  return [](const std::string&, const Shape& shape) {
    return shape.rank() >= 2;
  };
}

/// The same by name: what is called "weight" and has rank 2 or more. The scales and biases of members, (members, d),
/// are no kernels.
inline ParameterPredicate kernels_only() {
  return [](const std::string& name, const Shape& shape) {
    return shape.rank() >= 2 && (name == "weight" || name.ends_with(".weight"));
  };
}

}  // namespace wsym::inline WSYM_SIMD
