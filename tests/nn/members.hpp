// SPDX-License-Identifier: MIT
#pragma once
#include "nn/mixtures.hpp"
#include "wsym/nn/members/batch_ensemble.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/residual_mlp.hpp"

/// What the tests of networks with members share.
namespace wsym::test {

/// The layer that member m has: weight w_ji s_mj r_mi and its bias.
template <Real T> Linear<T> member_layer(const BatchEnsembleLinear<T>& layer, Index m) {
  Tensor<T> w = layer.weight.value(), b({w.rows()});
  for (Index j = 0; j < w.rows(); ++j) {
    for (Index i = 0; i < w.cols(); ++i) w(j, i) *= layer.scale_out.value()(m, j) * layer.scale_in.value()(m, i);
    b[j] = layer.bias.value()(m, j);
  }
  Linear<T> own;
  own.weight = Parameter<T>(std::move(w));
  own.bias = Parameter<T>(std::move(b));
  return own;
}

/// Head m.
template <Real T> Linear<T> member_layer(const MemberHeads<T>& heads, Index m) {
  const Index out = heads.weight.shape()[1], in = heads.weight.shape()[2];
  Linear<T> own;
  own.weight = Parameter<T>(
      Tensor<T>({out, in}, {heads.weight.value().data() + m * out * in, static_cast<std::size_t>(out * in)}));
  own.bias = Parameter<T>(Tensor<T>({out}, {heads.bias.value().data() + m * out, static_cast<std::size_t>(out)}));
  return own;
}

}  // namespace wsym::test
