// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/dataset.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/ops/loss.hpp"

namespace wsym {

/// The loss of a task for one batch of outputs: mean squared error for regression, softmax cross-entropy (nats) for
/// classification, weighted by row where there are weights. targets has one entry a row (labels) or `outputs` (y).
template <Real T>
Var<T> task_loss(const Task& task, Var<T> output, const T* y, std::span<const std::int32_t> labels,
                 std::span<const T> weights) {
  if (task.kind == TaskKind::classification) return cross_entropy(output, labels, weights);
  return mse(output, output.tape().constant(output.shape(), y), weights);
}

/// The model's loss over a whole data set, a mean over rows (weighted where there are weights), without recording.
/// The sum over blocks of rows is taken in double and in order, so it does not depend on threads.
/// `key` is the stream of a model that draws at evaluation. Throws ConfigError for a set without rows.
template <class M, Real T>
double evaluate(const M& model, const Dataset<T>& data, Workspace<T>& workspace, const Key& key = Key(0)) {
  expect<ConfigError>(data.rows() >= 1, "evaluate: the data set has no rows");
  constexpr Index block = 256;
  double total = 0, weight = 0;
  for (Index row = 0; row < data.rows(); row += block) {
    const auto rows = static_cast<std::size_t>(std::min(block, data.rows() - row)), at = static_cast<std::size_t>(row);
    Pass<T> pass = Pass<T>::evaluate(key, row);
    const auto part = [&](const auto& list) {
      return list.empty() ? std::span(list) : std::span(list).subspan(at, rows);
    };
    const Var<T> x = workspace.tape().constant(Shape{static_cast<Index>(rows), data.features()},
                                               data.x.data() + row * data.features());
    const Var<T> loss = task_loss(data.task, model(x, pass), data.y.data() + row * data.y.cols(), part(data.labels),
                                  part(data.weights));
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
