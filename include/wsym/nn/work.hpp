// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/module.hpp"
#include "wsym/nn/pass.hpp"

namespace wsym::inline WSYM_SIMD {

enum class WorkMode { forward, train };

/// What sparse layers count: the rows that they sent to experts, or, as hardware that pads computes them, all slots of
/// their experts' buffers (without a capacity: the rows that they sent).
enum class WorkCounting { actual, buffers };

/// What a model costs on a batch.
struct Work {
  Index parameters = 0;
  Index flops = 0;        // executed in products, 2 a multiply-add: forward, or forward and backward
  std::size_t bytes = 0;  // of activations, gradients and scratch on the tape, parameters not counted
};

/// Runs the model once on x (rows, in) and reports: in mode forward as at evaluation, in mode train with the backward
/// pass of an arbitrary loss. The input takes no gradient, so a first layer counts twice its forward FLOPs in training,
/// not three times; an empty slot counts three times wherever it is. FLOPs of a batch grow with its rows: divide for
/// those of one.
/// Source: Allingham et al. 2022, whose FLOPs are of compiled programs that pad (buffers).
template <class M, Real T>
Work work_of(const M& model, const Tensor<T>& x, WorkMode mode, const Key& key = Key(0),
             WorkCounting counting = WorkCounting::actual) {
  const bool trains = mode == WorkMode::train;
  Tape<T> tape(trains);
  std::vector<RoutingStats> layers;
  const Pass<T> pass = (trains ? Pass<T>::train(key) : Pass<T>::evaluate(key)).with_statistics(&layers);
  const Var<T> y = model(tape.constant(x), pass);
  if (trains) tape.backward(y, std::vector<T>(static_cast<std::size_t>(y.size()), T(1)));
  Work work{count(model).parameters, tape.work(), tape.used()};
  if (counting == WorkCounting::buffers)
    for (const RoutingStats& layer : layers) work.flops += (trains ? 3 : 1) * layer.empty_slots * layer.expert_flops;
  return work;
}

}  // namespace wsym::inline WSYM_SIMD
