// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/dataset.hpp"
#include "wsym/nn/module.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/ops/loss.hpp"
#include "wsym/ops/soft_cross_entropy.hpp"
#include "wsym/ops/tile.hpp"

namespace wsym {

/// The loss of a task for one batch of outputs: mean squared error for regression, softmax cross-entropy (nats) for
/// classification, weighted by row where there are weights. output (rows, task.outputs), y (rows, task.outputs) or
/// labels (rows). Throws ShapeError for other sizes.
template <Real T>
Var<T> task_loss(const Task& task, Var<T> output, std::span<const T> y, std::span<const std::int32_t> labels,
                 std::span<const T> weights) {
  expect(output.cols() == task.outputs, "task_loss: the model has ", output.cols(), " outputs but the task ",
         task.outputs);
  if (task.kind == TaskKind::classification) return cross_entropy(output, labels, weights);
  expect(static_cast<Index>(y.size()) == output.size(), "task_loss: the output is ", output.shape(), " but y has ",
         y.size(), " entries; one each is needed");
  return mse(output, output.tape().constant(output.shape(), y.data()), weights);
}

/// The same for `rows` rows and a network that may hold several members: of an output (M rows, outputs), member by
/// member, it is the mean of the members' losses. Throws ShapeError unless the output's rows are a multiple of `rows`.
template <Real T>
Var<T> members_loss(const Task& task, Var<T> output, Index rows, std::span<const T> y,
                    std::span<const std::int32_t> labels, std::span<const T> weights) {
  if (output.rows() == rows) return task_loss(task, output, y, labels, weights);
  const Tiling tiling{.members = detail::members_of("members_loss", output, rows)};
  Tape<T>& tape = output.tape();
  if (task.kind == TaskKind::regression) y = tile_entries(tape, y, tiling, task.outputs);
  return task_loss(task, output, y, labels.empty() ? labels : tile_entries(tape, labels, tiling),
                   weights.empty() ? weights : tile_entries(tape, weights, tiling));
}

/// The same for a classification whose targets, (rows, task.outputs), are probabilities.
template <Real T> Var<T> soft_members_loss(const Task& task, Var<T> output, Index rows, std::span<const T> targets) {
  expect(output.cols() == task.outputs && static_cast<Index>(targets.size()) == rows * task.outputs,
         "soft_members_loss: the model has ", output.cols(), " outputs and ", rows, " rows ", targets.size(),
         " targets, but the task ", task.outputs, " classes");
  const Tiling tiling{.members = detail::members_of("soft_members_loss", output, rows)};
  Tape<T>& tape = output.tape();
  return soft_cross_entropy(output,
                            tape.constant(output.shape(), tile_entries(tape, targets, tiling, output.cols()).data()));
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
    const Pass<T> pass = Pass<T>::evaluate(key, row);
    const Var<T> x = workspace.tape().constant(Shape{rows, data.features()}, data.x.data() + row * data.features());
    const std::span<const T> weights = part(std::span<const T>(data.weights), 1);
    const Var<T> loss = members_loss<T>(data.task, model(x, pass), rows, part(data.y.span(), data.y.cols()),
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
/// ConfigError as check(Dataset), and Diverged for a weight or a loss that is not finite. Cost: one pass over data and weights beside the model's own.
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

}  // namespace wsym
