// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/mixup.hpp"
#include "wsym/train/evaluate.hpp"

/// What fit does with the rows of one batch.
namespace wsym::inline WSYM_SIMD::detail {

/// A batch in the tape's arena. Of y and labels one is empty; weights may be.
template <Real T> struct BatchRows {
  std::span<T> x, y, weights;
  std::span<std::int32_t> labels;
};

template <Real T> BatchRows<T> gather_batch(const Dataset<T>& data, std::span<const Index> rows, Tape<T>& tape) {
  const auto room = [&]<class U>(Index cols, U) {
    const std::size_t size = rows.size() * static_cast<std::size_t>(cols);
    return std::span<U>(tape.template scratch<U>(static_cast<Index>(size)), size);
  };
  const BatchRows<T> batch{room(data.features(), T()), room(data.y.cols(), T()),
                           room(data.weights.empty() ? 0 : 1, T()), room(data.labels.empty() ? 0 : 1, std::int32_t())};
  gather(data.x, rows, batch.x);
  if (data.labels.empty()) gather(data.y, rows, batch.y);
  if (!data.labels.empty()) gather(data.labels, rows, batch.labels);
  for (std::size_t i = 0; i < batch.weights.size(); ++i)
    batch.weights[i] = data.weights[static_cast<std::size_t>(rows[i])];
  return batch;
}

/// The batch with its rows mixed; y, (rows, outputs), is mixed alike and stands for labels as one-hot rows.
template <Real T>
BatchRows<T> mix_rows(BatchRows<T> batch, Index n, const Task& task, double alpha, Tape<T>& tape, const Key& key) {
  const auto room = [&](Index size) {
    return std::span<T>(tape.scratch(size), static_cast<std::size_t>(size));
  };
  const auto outputs = static_cast<std::size_t>(task.outputs);
  const std::span<T> shares = room(n), x = room(static_cast<Index>(batch.x.size())), y = room(n * task.outputs);
  mixup_shares(alpha, false, key, shares);
  mixup<T>(batch.x, static_cast<Index>(batch.x.size()) / n, shares, x);
  if (!batch.labels.empty()) {
    batch.y = room(n * task.outputs);
    std::fill(batch.y.begin(), batch.y.end(), T(0));
    for (std::size_t i = 0; i < batch.labels.size(); ++i)
      batch.y[i * outputs + static_cast<std::size_t>(batch.labels[i])] = T(1);
  }
  mixup<T>(batch.y, task.outputs, shares, y);
  return {x, y, batch.weights, batch.labels};
}

/// The loss of a batch under the model, its rows mixed if alpha is not 0.
template <class M, Real T>
Var<T> batch_loss(const M& model, const Dataset<T>& data, std::span<const Index> rows, double alpha, Tape<T>& tape,
                  const Pass<T>& pass) {
  const Index n = static_cast<Index>(rows.size());
  BatchRows<T> batch = gather_batch(data, rows, tape);
  if (alpha > 0) batch = mix_rows(batch, n, data.task, alpha, tape, pass.key().child("mixup"));
  const Var<T> output = model(tape.constant(Shape{n, data.features()}, batch.x.data()), pass);
  if (alpha > 0) batch.labels = {};  // y stands for them
  return task_loss<T>(data.task, output, batch.y, batch.labels, batch.weights);
}

}  // namespace wsym::inline WSYM_SIMD::detail
