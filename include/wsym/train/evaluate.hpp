// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/dataset.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/ops/loss.hpp"
#include "wsym/ops/soft_cross_entropy.hpp"
#include "wsym/ops/tile.hpp"

namespace wsym {

/// The loss of a task for one batch of outputs: mean squared error for regression, softmax cross-entropy (nats) for
/// classification, weighted by row where there are weights. targets has one entry a row (labels) or `outputs` (y).
template <Real T>
Var<T> task_loss(const Task& task, Var<T> output, const T* y, std::span<const std::int32_t> labels,
                 std::span<const T> weights) {
  if (task.kind == TaskKind::classification) return cross_entropy(output, labels, weights);
  return mse(output, output.tape().constant(output.shape(), y), weights);
}

/// The same for `rows` rows and a network that may hold several members: of an output (M rows, outputs), member by
/// member, it is the mean of the members' losses. Throws ShapeError unless the output's rows are a multiple of `rows`.
template <Real T>
Var<T> members_loss(const Task& task, Var<T> output, Index rows, const T* y, std::span<const std::int32_t> labels,
                    std::span<const T> weights) {
  if (output.rows() == rows) return task_loss(task, output, y, labels, weights);
  expect(rows >= 1 && output.rows() % rows == 0, "members_loss: the output is ", output.shape(), " for ", rows,
         " rows; it needs as many for each member");
  const Tiling tiling{.members = output.rows() / rows};
  Tape<T>& tape = output.tape();
  if (task.kind == TaskKind::regression)
    y = tile_entries(tape, std::span(y, static_cast<std::size_t>(rows * task.outputs)), tiling, task.outputs).data();
  return task_loss(task, output, y, labels.empty() ? labels : tile_entries(tape, labels, tiling),
                   weights.empty() ? weights : tile_entries(tape, weights, tiling));
}

/// The same for a classification whose targets, (rows, classes), are probabilities.
template <Real T> Var<T> soft_members_loss(Var<T> output, std::span<const T> targets) {
  Tape<T>& tape = output.tape();
  const Index size = static_cast<Index>(targets.size());
  expect(size >= 1 && output.size() % size == 0, "soft_members_loss: the output is ", output.shape(), " for ", size,
         " targets; it needs as many for each member");
  const Tiling tiling{.members = output.size() / size};
  return soft_cross_entropy(output,
                            tape.constant(output.shape(), tile_entries(tape, targets, tiling, output.cols()).data()));
}

/// The model's loss over a whole data set, a mean over rows (weighted where there are weights), without recording.
/// The sum over blocks of 256 rows is taken in double and in order, so it does not depend on threads. What predict says
/// of layers that mix rows, and of their groups, holds here too.
/// `key` is the stream of a model that draws at evaluation. Throws ConfigError for a set without rows.
template <class M, Real T>
double evaluate(const M& model, const Dataset<T>& data, Workspace<T>& workspace, const Key& key = Key(0)) {
  expect<ConfigError>(data.rows() >= 1, "evaluate: the data set has no rows");
  constexpr Index block = 256;
  double total = 0, weight = 0;
  for (Index row = 0; row < data.rows(); row += block) {
    const auto rows = static_cast<std::size_t>(std::min(block, data.rows() - row)), at = static_cast<std::size_t>(row);
    const Pass<T> pass = Pass<T>::evaluate(key, row);
    const auto part = [&](const auto& list) {
      return list.empty() ? std::span(list) : std::span(list).subspan(at, rows);
    };
    const Var<T> x = workspace.tape().constant(Shape{static_cast<Index>(rows), data.features()},
                                               data.x.data() + row * data.features());
    const Var<T> loss = members_loss(data.task, model(x, pass), static_cast<Index>(rows),
                                     data.y.data() + row * data.y.cols(), part(data.labels), part(data.weights));
    double rows_weight = static_cast<double>(rows);
    if (!data.weights.empty()) {
      rows_weight = 0;
      for (const T w : part(data.weights)) rows_weight += static_cast<double>(w);
    }
    total += rows_weight * static_cast<double>(loss.item());
    weight += rows_weight;
  }
  return total / weight;
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
