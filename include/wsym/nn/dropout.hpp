// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/pass.hpp"
#include "wsym/ops/dropout.hpp"

namespace wsym {

/// Dropout where the pass drops; otherwise x itself. Places that drop in one
/// layer need passes of their own (pass.child(i)), or they drop the same entries.
template <Real T> Var<T> dropout(Var<T> x, double rate, const Pass<T>& pass) {
  return pass.drops() ? dropout(x, rate, pass.key().child("dropout"), pass.first_row()) : x;
}

}  // namespace wsym
