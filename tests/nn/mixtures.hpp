// SPDX-License-Identifier: MIT
#pragma once
#include "nn/networks.hpp"
#include "ops/experts.hpp"
#include "reference/mixtures.hpp"
#include "wsym/nn/experts/interpolated_moe.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/ops/members/members.hpp"

/// What the tests of both kinds of mixture share.
namespace wsym::test {

template <class M> using RealOf = std::remove_cvref_t<decltype(std::declval<M>().gate.linear.bias.value()[0])>;

/// The gate answers with these logits whatever comes.
template <Real T> void answer_always(Gate<T>& gate, const std::vector<double>& logits) {
  Tensor<T> bias(gate.linear.bias.shape());
  for (Index e = 0; e < bias.size(); ++e) bias[e] = static_cast<T>(logits[static_cast<std::size_t>(e)]);
  gate.linear.weight = Parameter<T>(Tensor<T>(gate.linear.weight.shape()));
  gate.linear.bias = Parameter<T>(std::move(bias));
}

template <class M, Real T> Tensor<T> output_of(const M& model, const Tensor<T>& x, Pass<T> pass) {
  Tape<T> tape(false);
  return copy_of<T>(model(tape.constant(x), pass));
}

/// The spec's scalar experts x -> 1 -> 1 under weights (0.3, 0.7).
template <class M> M two_scalar_experts() {
  using T = RealOf<M>;
  M model(2, {1, 1, 1, 1}, {}, Key(1));
  answer_always(model.gate, {std::log(0.3), std::log(0.7)});
  const double w[2][2] = {{1, 2}, {-2, -1}}, b[2][2] = {{0.5, 0.1}, {0.25, -0.3}};  // [expert][layer]
  for (std::size_t e = 0; e < 2; ++e)
    for (std::size_t l = 0; l < 2; ++l) {
      model.experts[e].layers[l].weight = Parameter<T>(Tensor<T>({1, 1}, {static_cast<T>(w[e][l])}));
      model.experts[e].layers[l].bias = Parameter<T>(Tensor<T>({1}, {static_cast<T>(b[e][l])}));
    }
  return model;
}

/// M copies of x, (M, rows, cols); x itself for one.
template <Real T> Tensor<T> tiled(const Tensor<T>& x, Index members) {
  return value_of<T>([=](auto& v) { return tile(v[0], members); }, {x});
}

/// The rows of each of M members, without their axis.
template <Real T> std::vector<Tensor<T>> split(const Tensor<T>& y, Index members) {
  const Index rows = y.rows() / members;
  std::vector<Tensor<T>> parts;
  for (Index m = 0; m < members; ++m)
    parts.emplace_back(Shape{rows, y.cols()}).mat() = y.mat().middleRows(m * rows, rows);
  return parts;
}

/// The gradient of <c, model(x)> in every parameter, in visit order, for a Gaussian c.
template <class M, Real T> std::vector<T> parameter_gradients(const M& model, const Tensor<T>& x, Pass<T> pass) {
  Tape<T> tape;
  const Var<T> y = model(tape.constant(x), pass);
  tape.backward(y, random_tensor<T>(y.shape(), Key(99)).span());
  std::vector<T> all;
  for_each_parameter(model, [&](const Parameter<T>& p) {
    const std::span<const T> g = tape.gradient(p);
    all.insert(all.end(), g.begin(), g.end());
  });
  return all;
}

/// Whether a step (output, and gradients in the input and all parameters) has the same bits on 1, 2 and 4 threads. A
/// product needs 2^25 operations to be split among four: 512 rows through (64, 512).
template <class M, Real T> bool same_on_threads(const M& model, const Tensor<T>& x, const Pass<T>& pass) {
  const auto step = [&](int threads) {
    Tape<T> tape(true, {.threads = threads});
    const Parameter<T> input(x);
    Pass<T> own = pass;
    const Var<T> y = model(tape.use(input), own);
    tape.backward(y, random_tensor<T>(y.shape(), Key(99)).span());
    std::vector<T> all(y.data(), y.data() + y.size());
    const auto append = [&](const Parameter<T>& p) {
      all.insert(all.end(), tape.gradient(p).begin(), tape.gradient(p).end());
    };
    append(input);
    for_each_parameter(model, append);
    return all;
  };
  const std::vector<T> one = step(1);
  return step(2) == one && step(4) == one;
}

/// The allocations of a number of training steps on one tape, of which each draws anew, after a first one; their loss
/// is the output's sum with the model's own losses.
template <class M, Real T>
Index allocations_after_first_step(const M& model, const Tensor<T>& x, std::uint64_t more_steps) {
  Tape<T> tape;
  const auto run = [&](std::uint64_t seed) {
    tape.clear();
    AuxiliaryLoss<T> auxiliary;
    Pass<T> pass = Pass<T>::train(Key(seed), &auxiliary);
    const Var<T> loss = sum(model(tape.constant(x), pass));
    tape.backward(auxiliary ? add(loss, *auxiliary) : loss);
  };
  run(0);
  const Index before = allocations();
  for (std::uint64_t step = 1; step <= more_steps; ++step) run(step);
  return allocations() - before;
}

}  // namespace wsym::test
