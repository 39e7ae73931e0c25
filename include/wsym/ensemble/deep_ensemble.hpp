// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/core/parallel.hpp"
#include "wsym/data/dataset.hpp"
#include "wsym/kernels/softmax.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/train/fit.hpp"

namespace wsym {

/// What a classifying ensemble averages. The mean of logits is the renormalised geometric mean of the members'
/// probabilities; the two can name different classes. Regression averages outputs.
enum class Average { logits, probabilities };
constexpr auto names(Average) {
  return std::array{"logits", "probabilities"};
}

/// Trained networks whose predictions are averaged.
template <class M> struct DeepEnsemble {
  std::vector<M> members;
  Task task;
  Average average = Average::logits;

  static constexpr const char* type_name = "deep_ensemble";
  static void visit(auto& self, auto&& v) {
    v("members", self.members);
    v("task", self.task.kind);
    v("outputs", self.task.outputs);
    v("average", self.average);
  }
};

/// The average over members of their outputs on x: numbers (regression), logits, or probabilities, as ensemble.average
/// says. x (rows, features) -> y (rows, outputs); members are added in order, so the bits do not depend on threads;
/// what predict says of a model's rows holds here too. A member that draws at evaluation has a stream of its own.
/// Allocates nothing after the workspace's first call. Throws ConfigError for an ensemble without members, ShapeError
/// for sizes that do not fit.
template <class M, Real T>
void predict(const DeepEnsemble<M>& ensemble, ConstMatMap<T> x, MatMap<T> y, Workspace<T>& workspace) {
  constexpr Index block = 256;
  expect<ConfigError>(!ensemble.members.empty(), "predict: the ensemble has no members");
  expect(x.rows() == y.rows() && y.cols() == ensemble.task.outputs, "predict: x has ", x.rows(), " rows and the task ",
         ensemble.task.outputs, " outputs, but y is (", y.rows(), ", ", y.cols(), ")");
  const bool probabilities =
      ensemble.task.kind == TaskKind::classification && ensemble.average == Average::probabilities;
  y.setZero();
  for (Index row = 0; row < x.rows(); row += block) {
    const Index rows = std::min(block, x.rows() - row);
    MatMap<T> sum(y.data() + row * y.cols(), rows, y.cols());
    for (std::size_t m = 0; m < ensemble.members.size(); ++m) {
      const M& member = ensemble.members[m];
      const Pass<T> pass = Pass<T>::evaluate(Key(m), row);
      Tape<T>& tape = workspace.tape();
      const Var<T> out = member(tape.constant(Shape{rows, x.cols()}, x.data() + row * x.cols()), pass);
      expect(out.cols() == y.cols(), "predict: a member has ", out.cols(), " outputs but the task ", y.cols());
      if (probabilities) kernels::softmax_rows(out.view(), out.out_view());
      sum += out.value();
    }
    sum *= T(1) / static_cast<T>(ensemble.members.size());
  }
}

template <class M, Real T> Tensor<T> predict(const DeepEnsemble<M>& ensemble, const Tensor<T>& x) {
  Tensor<T> y(Shape{x.rows(), ensemble.task.outputs});
  Workspace<T> workspace;
  predict(ensemble, x.mat(), y.mat(), workspace);
  return y;
}

/// A member after training: report.diverged() says that it must not enter an average.
template <class M> struct TrainedMember {
  M model;
  FitReport report;
};

/// Trains n members, each by one thread with its own tape: train(i) -> TrainedMember<M> for i = 0 .. n-1. Member i is
/// whatever train makes of i alone, so neither the number of threads nor which other members are trained matters.
template <class Train> auto train_members(Index n, const Parallel& parallel, const Train& train) {
  using Trained = decltype(train(Index{0}));
  std::vector<std::optional<Trained>> slots(static_cast<std::size_t>(n));
  parallel_for(n, parallel, [&](Index i) { slots[static_cast<std::size_t>(i)] = train(i); });
  std::vector<Trained> members;
  for (auto& slot : slots) members.push_back(std::move(*slot));
  return members;
}

/// The ensemble of the members that did not diverge, in order; the indices of the others go to `diverged`. Throws
/// Diverged that names the first of them when there is no list to put them in.
template <class M>
DeepEnsemble<M> make_ensemble(std::vector<TrainedMember<M>> trained, Task task,
                              std::vector<Index>* diverged = nullptr) {
  DeepEnsemble<M> ensemble{{}, task};
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const FitReport& report = trained[i].report;
    if (!report.diverged()) {
      ensemble.members.push_back(std::move(trained[i].model));
      continue;
    }
    expect<Diverged>(diverged != nullptr, "make_ensemble: member ", i, " diverged in epoch ", report.epochs_run,
                     "; give a list for such members to leave them out");
    diverged->push_back(static_cast<Index>(i));
  }
  return ensemble;
}

}  // namespace wsym
