// SPDX-License-Identifier: MIT
#pragma once
#include "support.hpp"
#include "wsym/autodiff/gradcheck.hpp"

/// Ops run outside a network. An op is given as f(std::vector<Var<T>>) -> Var<T>, for both precisions.
namespace wsym::test {

/// What breaks vectors and tiles: whole ones, one more, one less.
inline constexpr Index hard_sizes[] = {1, 3, 7, 16, 17, 63, 65};

/// Rank 0 to 4, with one row, one column, and the hard sizes as columns.
inline std::vector<Shape> hard_shapes() {
  std::vector<Shape> shapes{{}, {2, 3, 7}, {2, 1, 3, 5}, {1, 1, 1, 1}};
  for (const Index n : hard_sizes) shapes.insert(shapes.end(), {{n}, {1, n}, {n, 1}, {3, n}, {2, 2, n}});
  return shapes;
}

template <Real T> Tensor<T> copy_of(Var<T> y) {
  return Tensor<T>(y.shape(), {y.data(), static_cast<std::size_t>(y.size())});
}

/// f of constants.
template <Real T, class F> Tensor<T> value_of(F f, const std::vector<Tensor<T>>& inputs) {
  Tape<T> tape(false);
  std::vector<Var<T>> x;
  for (const Tensor<T>& input : inputs) x.push_back(tape.constant(input));
  return copy_of<T>(f(x));
}

/// The gradients of <c, f> in all inputs, one after the other, for a Gaussian cotangent c drawn from `key`.
template <Real T, class F> std::vector<T> gradients_of(F f, const std::vector<Tensor<T>>& inputs, const Key& key) {
  const std::vector<Parameter<T>> parameters(inputs.begin(), inputs.end());
  Tape<T> tape;
  std::vector<Var<T>> x;
  for (const Parameter<T>& parameter : parameters) x.push_back(tape.use(parameter));
  const Var<T> y = f(x);
  tape.backward(y, random_tensor<T>(y.shape(), key).span());
  std::vector<T> all;
  for (const Parameter<T>& parameter : parameters)
    all.insert(all.end(), tape.gradient(parameter).begin(), tape.gradient(parameter).end());
  return all;
}

/// How far the gradients in float are from those in double at the same inputs.
template <class F> double float_gradient_error(F f, const std::vector<Tensor<float>>& inputs, const Key& key) {
  std::vector<Tensor<double>> wide;
  for (const Tensor<float>& input : inputs) {
    wide.emplace_back(input.shape());
    std::copy_n(input.data(), input.size(), wide.back().data());
  }
  return worst_error(gradients_of<float>(f, inputs, key), gradients_of<double>(f, wide, key));
}

}  // namespace wsym::test
