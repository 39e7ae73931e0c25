// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/dataset.hpp"
#include "wsym/nn/module.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/ops/loss.hpp"
#include "wsym/ops/soft_cross_entropy.hpp"

namespace wsym::inline WSYM_SIMD {

/// The loss of a task for one batch: mean squared error for regression, softmax cross-entropy (nats) for
/// classification, weighted by row where there are weights. output (rows, task.outputs), or (M, rows, task.outputs) of
/// a network of M members, for which it is the mean of the members' losses; y (rows, task.outputs) or labels (rows). In
/// a classification y, in place of labels, holds probabilities, and there are no weights.
/// Throws ShapeError for other sizes.
template <Real T>
Var<T> task_loss(const Task& task, Var<T> output, std::span<const T> y, std::span<const std::int32_t> labels,
                 std::span<const T> weights) {
  expect(output.cols() == task.outputs, "task_loss: the model has ", output.cols(), " outputs but the task ",
         task.outputs);
  const bool classes = task.kind == TaskKind::classification && !labels.empty();
  const Index rows = static_cast<Index>(classes ? labels.size() : y.size()) / (classes ? 1 : task.outputs);
  detail::members_of("task_loss", output, rows);
  if (classes) return cross_entropy(output, labels, weights);
  expect(static_cast<Index>(y.size()) == rows * task.outputs, "task_loss: y has ", y.size(), " entries for ", rows,
         " rows of ", task.outputs, "; one each is needed");
  const Var<T> targets = output.tape().constant(Shape{rows, task.outputs}, y.data());
  if (task.kind == TaskKind::regression) return mse(output, targets, weights);
  expect(weights.empty(), "task_loss: ", weights.size(), " weights beside probabilities as targets; they have none");
  return soft_cross_entropy(output, targets);
}

namespace detail {
/// What evaluate gives, without a look at the data, the weights or the result.
template <class M, Real T>
double mean_loss(const M& model, const Dataset<T>& data, Workspace<T>& workspace, const Key& key) {
  double total = 0, weight = 0;
  for_each_block("evaluate", model, data.rows(), [&](Index row, Index rows) {
    const auto part = [&]<class U>(std::span<const U> list, Index width) {
      return list.empty() ? list
                          : list.subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(rows * width));
    };
    const Pass<T> pass = Pass<T>::evaluate(key, row, rows);
    const Var<T> x = workspace.tape().constant(Shape{rows, data.features()}, data.x.data() + row * data.features());
    const std::span<const T> weights = part(std::span<const T>(data.weights), 1);
    const Var<T> loss = task_loss<T>(data.task, model(x, pass), part(data.y.span(), data.y.cols()),
                                     part(std::span<const std::int32_t>(data.labels), 1), weights);
    double rows_weight = weights.empty() ? static_cast<double>(rows) : 0;
    for (const T w : weights) rows_weight += static_cast<double>(w);
    total += rows_weight * static_cast<double>(loss.item());
    weight += rows_weight;
  });
  return total / weight;
}
}  // namespace detail

/// The model's loss over a whole data set, a mean over rows (weighted where there are weights), without recording; of a
/// network of several members the mean of their losses. The sum over blocks of rows is taken in double and in order, so
/// it does not depend on threads. Blocks, groups and rows that compete are as in predict.
/// `key` is the stream of a model that draws at evaluation.
///
/// Throws ConfigError for a set without rows, ShapeError where data, task and model do not fit together, DataError and
/// ConfigError as check(Dataset), and Diverged for a weight or a loss that is not finite. Cost: one pass over data and
/// weights beside the model's own.
template <class M, Real T>
double evaluate(const M& model, const Dataset<T>& data, Workspace<T>& workspace, const Key& key = Key(0)) {
  expect<ConfigError>(data.rows() >= 1, "evaluate: the data set has no rows");
  check(data);
  const std::string wrong = first_not_finite(model);
  expect<Diverged>(wrong.empty(), "evaluate: ", wrong, " of the model is not finite");
  const double loss = detail::mean_loss(model, data, workspace, key);
  expect<Diverged>(std::isfinite(loss), "evaluate: the loss is ", loss);
  return loss;
}

/// Row weights that give every class the weight class_weights[label]; put them into Dataset::weights.
template <Real T> std::vector<T> row_weights(std::span<const std::int32_t> labels, std::span<const T> class_weights) {
  std::vector<T> weights;
  for (const std::int32_t label : labels) {
    expect<ConfigError>(label >= 0 && label < static_cast<Index>(class_weights.size()), "row_weights: label ", label,
                        " with ", class_weights.size(), " class weights; one for each class is needed");
    weights.push_back(class_weights[static_cast<std::size_t>(label)]);
  }
  return weights;
}

}  // namespace wsym::inline WSYM_SIMD
