// SPDX-License-Identifier: MIT
#pragma once
#include "support.hpp"
#include "wsym/data/dataset.hpp"
#include "wsym/nn/mlp.hpp"
#include "wsym/nn/module.hpp"
#include "wsym/nn/symmetry/w_asymmetry.hpp"

/// Networks and data that the tests of nn, train and ensemble share.
namespace wsym::test {

/// The W-asymmetric network of the paper's rule, with mask and weights from one seed.
template <Real T> Mlp<T> w_asymmetric(const MlpSize& size, std::uint64_t seed = 1) {
  return Mlp<T>(size, WAsymmetry{.mask = Key(seed).child("mask")}, Key(seed).child("init"));
}

/// The same function: unit i of hidden layer `layer` is unit order[i] of the model, and nothing is frozen any more.
template <Real T> Mlp<T> permuted(const Mlp<T>& model, std::size_t layer, const std::vector<Index>& order) {
  Tensor<T> in = model.layers[layer].weight.value(), bias = model.layers[layer].bias.value(),
            out = model.layers[layer + 1].weight.value();
  for (Index i = 0; i < in.rows(); ++i) {
    const Index from = order[static_cast<std::size_t>(i)];
    in.mat().row(i) = model.layers[layer].weight.value().mat().row(from);
    bias[i] = model.layers[layer].bias.value()[from];
    out.mat().col(i) = model.layers[layer + 1].weight.value().mat().col(from);
  }
  Mlp<T> twin = model;
  twin.layers[layer].weight = Parameter<T>(in);
  twin.layers[layer].bias = Parameter<T>(bias);
  twin.layers[layer + 1].weight = Parameter<T>(out);
  return twin;
}

/// The model with the frozen entries of another put back into place.
template <Real T> Mlp<T> with_frozen_of(const Mlp<T>& other, Mlp<T> model) {
  for (std::size_t l = 0; l < model.layers.size(); ++l)
    model.layers[l].weight = Parameter<T>(model.layers[l].weight.value(), other.layers[l].weight.frozen());
  return model;
}

template <class M> bool same_parameters(const M& a, const M& b) {
  bool same = true;
  const M* models[] = {&a, &b};
  detail::for_each_together<M>("same_parameters", models, [&](const std::string&, const auto& members) {
    same = same && same_bits(detail::tensor_of(*members[0]), detail::tensor_of(*members[1]));
  });
  return same;
}

/// y = (sin 2 x_0, x_1 x_2), x standard normal in three columns.
template <Real T> Dataset<T> waves(Index rows, const Key& key) {
  Dataset<T> data{random_tensor<T>({rows, 3}, key), Tensor<T>({rows, 2}), {}, {TaskKind::regression, 2}};
  for (Index i = 0; i < rows; ++i) {
    data.y(i, 0) = std::sin(2 * data.x(i, 0));
    data.y(i, 1) = data.x(i, 1) * data.x(i, 2);
  }
  return data;
}

/// Three classes: inside the circle of radius 1, and outside of it left or right; x is standard normal
/// in four columns, of which the last two do not matter.
template <Real T> Dataset<T> circle(Index rows, const Key& key) {
  Dataset<T> data{random_tensor<T>({rows, 4}, key), Tensor<T>(), {}, {TaskKind::classification, 3}};
  for (Index i = 0; i < rows; ++i) {
    const T a = data.x(i, 0), b = data.x(i, 1);
    data.labels.push_back(a * a + b * b < 1 ? 0 : a < 0 ? 1 : 2);
  }
  return data;
}

}  // namespace wsym::test
