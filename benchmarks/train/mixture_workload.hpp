// SPDX-License-Identifier: MIT
#pragma once
#include "train/workload.hpp"
#include "wsym/nn/experts/interpolated_moe.hpp"

/// The training steps of mixtures: the batches of a case of workload.hpp, experts of its width.
namespace wsym::bench {

inline constexpr Index expert_count = 16;

template <class M> struct MixtureTraining {
  M model;
  std::vector<Dataset<float>> batches;
  AdamW<float> optimizer{{.rate = rate, .decay = decay}};
  Tape<float> tape{};
  std::size_t at = 0;

  MixtureTraining(M model_, const Case& c) : model(std::move(model_)), batches(make_batches(c)) {}

  /// What fit() does with a batch.
  float step() {
    const Dataset<float>& batch = batches[at % batches.size()];
    tape.clear();
    Pass<float> pass = Pass<float>::train(Key(4).child(at++));
    const Var<float> output = model(tape.constant(batch.x), pass);
    const Var<float> loss = task_loss<float>(batch.task, output, batch.y.span(), batch.labels, {});
    tape.backward(loss);
    optimizer.step(model, tape);
    return loss.item();
  }
};

template <class M> M make_mixture(const Case& c, Index experts = expert_count, GateKind gate = GateKind::softmax) {
  return M(experts, MlpSize{c.features, c.hidden, c.task.outputs}, GateOptions{.kind = gate}, Key(1));
}

}  // namespace wsym::bench
