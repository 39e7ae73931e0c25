// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/core/parallel.hpp"
#include "wsym/data/dataset.hpp"
#include "wsym/kernels/softmax.hpp"
#include "wsym/metrics/averaging.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/train/fit.hpp"

namespace wsym::inline WSYM_SIMD {

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

/// The mean over all members of all networks of what they answer to x: numbers (regression), logits, or probabilities,
/// as ensemble.average says. A network may hold several members; each weighs the same. x (rows, features) -> y (rows,
/// outputs); members are added in order, so the bits do not depend on threads; blocks, groups and rows that compete are
/// as in predict of one network. Network m draws, if it draws at evaluation, from Key(m).
/// Allocates nothing after the workspace's first call. Throws ConfigError for an ensemble without members, ShapeError
/// for sizes that do not fit.
template <class M, Real T>
void predict(const DeepEnsemble<M>& ensemble, std::type_identity_t<ConstRows<T>> x, MatMap<T> y,
             Workspace<T>& workspace) {
  expect<ConfigError>(!ensemble.members.empty(), "predict: the ensemble has no members");
  expect(x.rows() == y.rows() && y.cols() == ensemble.task.outputs, "predict: x has ", x.rows(), " rows and the task ",
         ensemble.task.outputs, " outputs, but y is (", y.rows(), ", ", y.cols(), ")");
  const bool probabilities =
      ensemble.task.kind == TaskKind::classification && ensemble.average == Average::probabilities;
  y.setZero();
  for_each_block("predict", ensemble, x.rows(), [&](Index row, Index rows) {
    MatMap<T> sum(y.data() + row * y.cols(), rows, y.cols());
    Index members = 0;
    for (std::size_t m = 0; m < ensemble.members.size(); ++m) {
      const Pass<T> pass = Pass<T>::evaluate(Key(m), row, rows);
      Tape<T>& tape = workspace.tape();
      const Var<T> out = ensemble.members[m](tape.constant(Shape{rows, x.cols()}, x.data() + row * x.cols()), pass);
      const Index own = detail::members_of("predict", out, rows);
      expect(out.cols() == y.cols(), "predict: a member has ", out.cols(), " outputs but the task ", y.cols());
      if (probabilities) kernels::softmax_rows(out.view(), out.out_view());
      for (Index i = 0; i < own; ++i) sum += out.value().middleRows(i * rows, rows);
      members += own;
    }
    sum *= T(1) / static_cast<T>(members);
  });
}

template <class M, Real T> Tensor<T> predict(const DeepEnsemble<M>& ensemble, const Tensor<T>& x) {
  Tensor<T> y(Shape{x.rows(), ensemble.task.outputs});
  Workspace<T> workspace;
  predict(ensemble, x.mat(), y.mat(), workspace);
  return y;
}

/// What each member answers to x, each (rows, outputs): numbers or logits, all members of the first network, then those
/// of the second, and so on. predict gives their mean. Throws ConfigError for an ensemble without members, ShapeError
/// as predict, and without rows.
template <class M, Real T> std::vector<Tensor<T>> predict_members(const DeepEnsemble<M>& ensemble, const Tensor<T>& x) {
  expect<ConfigError>(!ensemble.members.empty(), "predict_members: the ensemble has no members");
  std::vector<Tensor<T>> members;
  for (std::size_t m = 0; m < ensemble.members.size(); ++m) {
    detail::append_members("predict_members", ensemble.members[m], x, Pass<T>::evaluate(Key(m)), members);
    expect(members.back().cols() == ensemble.task.outputs, "predict_members: a member has ", members.back().cols(),
           " outputs but the task ", ensemble.task.outputs);
  }
  return members;
}

/// The loss of the ensemble's mean answer over a whole data set (see predict), a mean over rows, weighted where there
/// are weights: mean squared error, or cross-entropy in nats of the averaged logits or of the averaged probabilities,
/// whose logarithms do not underflow. Throws ConfigError without members or rows, ShapeError where data, task and
/// networks do not fit together, Diverged for a loss that is not finite. Cost: memory for what all members answer,
/// where probabilities are averaged.
template <class M, Real T>
double evaluate(const DeepEnsemble<M>& ensemble, const Dataset<T>& data, Workspace<T>& workspace) {
  expect<ConfigError>(data.rows() >= 1, "evaluate: the data set has no rows");
  check(data);
  expect(data.task == ensemble.task, "evaluate: the data set has ", detail::described(data.task),
         " but the ensemble's task ", detail::described(ensemble.task), "; they must be equal");
  const bool probabilities =
      ensemble.task.kind == TaskKind::classification && ensemble.average == Average::probabilities;
  const Tensor<T> y =
      probabilities ? log_mean_probabilities<T>(predict_members(ensemble, data.x)) : predict(ensemble, data.x);
  const Var<T> loss = task_loss<T>(data.task, workspace.tape().constant(y), data.y.span(), data.labels, data.weights);
  expect<Diverged>(std::isfinite(loss.item()), "evaluate: the loss is ", loss.item());
  return static_cast<double>(loss.item());
}

/// A member after training: report.diverged() says that it must not enter an average.
template <class M> struct TrainedMember {
  M model;
  FitReport report;
};

/// Trains n members, each by one thread with its own tape: train(i) -> TrainedMember<M> for i = 0 .. n-1. Member i is
/// whatever train makes of i alone, so neither the number of threads nor which other members are trained matters.
/// A member whose train throws Diverged is a default model with a report that says so: the others are kept. Throws
/// ConfigError for a negative n, and what else train throws, of the lowest member.
template <class Train> auto train_members(Index n, const Parallel& parallel, const Train& train) {
  using Trained = decltype(train(Index{0}));
  expect<ConfigError>(n >= 0, "train_members: ", n, " members; their number is not negative");
  std::vector<std::optional<Trained>> slots(static_cast<std::size_t>(n));
  parallel_for(n, parallel, [&](Index i) {
    std::optional<Trained>& slot = slots[static_cast<std::size_t>(i)];
    if constexpr (requires { Trained{}.report.reason; }) {
      try {
        slot = train(i);
      } catch (const Diverged& error) {
        slot.emplace().report.stop = Stop::diverged;
        slot->report.reason = error.what();
      }
    } else {
      slot = train(i);
    }
  });
  std::vector<Trained> members;
  for (auto& slot : slots) members.push_back(std::move(*slot));
  return members;
}

/// The ensemble of the members that did not diverge and whose weights are finite, in order; the indices of the others
/// go to `diverged`. Throws ConfigError without members, and Diverged that names the first of the others where there is
/// no list to put them in, or where there is no other kind.
template <class M>
DeepEnsemble<M> make_ensemble(std::vector<TrainedMember<M>> trained, Task task,
                              std::vector<Index>* diverged = nullptr) {
  expect<ConfigError>(!trained.empty(), "make_ensemble: no members; at least one is needed");
  DeepEnsemble<M> ensemble{{}, task};
  std::string first;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const FitReport& report = trained[i].report;
    std::string reason = report.reason;
    if (const std::string wrong = first_not_finite(trained[i].model); !report.diverged() && !wrong.empty())
      reason = wrong + " is not finite";
    if (!report.diverged() && reason.empty()) {
      ensemble.members.push_back(std::move(trained[i].model));
      continue;
    }
    if (first.empty()) first = message("member ", i, " diverged (", reason, ")");
    expect<Diverged>(diverged != nullptr, "make_ensemble: ", first, "; give a list for such members to leave them out");
    diverged->push_back(static_cast<Index>(i));
  }
  expect<Diverged>(!ensemble.members.empty(), "make_ensemble: all ", trained.size(), " members diverged; ", first);
  return ensemble;
}

}  // namespace wsym::inline WSYM_SIMD
