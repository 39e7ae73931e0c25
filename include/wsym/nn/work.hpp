// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/module.hpp"
#include "wsym/nn/pass.hpp"

namespace wsym {

enum class WorkMode { forward, train };

/// What a model costs on a batch.
struct Work {
  Index parameters = 0;
  Index flops = 0;        // executed in products, 2 a multiply-add: forward, or forward and backward
  std::size_t bytes = 0;  // of activations, gradients and scratch on the tape, parameters not counted
};

/// Runs the model once on x (rows, in) and reports: in mode forward as at evaluation, in mode train with the backward
/// pass of an arbitrary loss. The input takes no gradient, so a first layer counts twice its forward FLOPs in training,
/// not three times. Sparse layers count the rows that they sent to experts ("actual"), not their buffers. FLOPs of a
/// batch grow with its rows: divide for those of one.
template <class M, Real T> Work work_of(const M& model, const Tensor<T>& x, WorkMode mode, const Key& key = Key(0)) {
  Tape<T> tape(mode == WorkMode::train);
  Pass<T> pass = mode == WorkMode::train ? Pass<T>::train(key) : Pass<T>::evaluate(key);
  const Var<T> y = model(tape.constant(x), pass);
  if (mode == WorkMode::train) tape.backward(y, std::vector<T>(static_cast<std::size_t>(y.size()), T(1)));
  return {count(model).parameters, tape.work(), tape.used()};
}

}  // namespace wsym
