// SPDX-License-Identifier: MIT
#pragma once
#include <functional>

#include "wsym/data/batches.hpp"
#include "wsym/data/mixup.hpp"
#include "wsym/optim/clip.hpp"
#include "wsym/optim/schedule.hpp"
#include "wsym/train/evaluate.hpp"
#include "wsym/train/run_state.hpp"

namespace wsym {

/// Layers with groups of rows (SparseMoeOptions::group, SoftMoe::group): a group must divide batch_size and the rows of
/// the training set, and 256, which evaluate takes at once, and the rows of the validation set.
struct FitOptions {
  Index epochs = 1000;       // at most
  Index patience = 16;       // epochs without a strictly lower validation loss before stopping; 0: never stop early
  Index batch_size = 256;    // rows a step; the last, partial batch of an epoch is kept
  bool restore_best = true;  // give back the weights of the best epoch, else those of the last
  double clip_norm = 0;      // largest global gradient norm; 0: no clipping
  double clip_value = 0;     // largest gradient entry; 0: no clipping
  double mixup = 0;          // alpha of mixup, one share a batch (see mixup_share); 0: rows are not mixed
  Schedule schedule = {};    // multiplier of the rate by step; empty: 1
  Parallel parallel = {};    // threads for the products of one large network; many small ones take a thread each
};

/// What an observer sees after each epoch.
struct EpochReport {
  Index epoch = 0, best_epoch = 0;  // counted from 1
  double train_loss = 0;            // mean over the epoch's batches, each weighing the same
  double valid_loss = 0;            // mean over the rows of the validation set
  double best_loss = 0;
};

/// Called after each epoch; returning false stops the run.
using Observer = std::function<bool(const EpochReport&)>;

enum class Stop { epochs, patience, observer, diverged };

/// How a run ended. A diverged run met a loss that is not finite in its last epoch, and its model is not to be used.
struct FitReport {
  Index epochs_run = 0, best_epoch = 0;
  double best_loss = 0, train_loss = 0, valid_loss = 0;  // validation loss at its best; losses of the last epoch
  Stop stop = Stop::epochs;
  bool diverged() const { return stop == Stop::diverged; }
};

namespace detail {
inline void check(const FitOptions& o) {
  expect<ConfigError>(
      o.epochs >= 0 && o.patience >= 0 && o.batch_size >= 1 && o.clip_norm >= 0 && o.clip_value >= 0 && o.mixup >= 0,
      "fit: epochs ", o.epochs, ", patience ", o.patience, ", batch size ", o.batch_size, ", clip norm ", o.clip_norm,
      ", clip value ", o.clip_value, ", mixup ", o.mixup, "; none is negative, and a batch has at least 1 row");
}

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
  if (alpha > 0 && data.task.kind == TaskKind::classification) return soft_members_loss<T>(output, batch.y);
  return members_loss<T>(data.task, output, n, batch.y.data(), batch.labels, batch.weights);
}

/// One epoch over shuffled batches; returns the mean of the batch losses, or at once a loss that is not finite. What
/// layers add to the loss (Pass::add_loss) is minimised with it and not reported.
template <class M, class Optimizer, Real T>
double run_epoch(M& model, Optimizer& optimizer, const Dataset<T>& data, const Batches& batches, Index epoch,
                 const FitOptions& options, const Key& noise, Tape<T>& tape) {
  double total = 0;
  for (Index batch = 0; batch < batches.count(); ++batch) {
    tape.clear();
    AuxiliaryLoss<T> auxiliary;
    const Pass<T> pass = Pass<T>::train(noise.child(batch), &auxiliary);
    const Var<T> loss = batch_loss(model, data, batches[batch], options.mixup, tape, pass);
    if (!std::isfinite(loss.item())) return static_cast<double>(loss.item());
    total += static_cast<double>(loss.item());
    tape.backward(auxiliary ? add(loss, *auxiliary) : loss);
    if (options.clip_norm > 0) clip_by_norm(model, tape, options.clip_norm);
    if (options.clip_value > 0) clip_by_value(model, tape, options.clip_value);
    const Index step = (epoch - 1) * batches.count() + batch;
    optimizer.step(model, tape, options.schedule ? options.schedule(step) : 1.0);
  }
  return total / static_cast<double>(batches.count());
}
}  // namespace detail

/// Trains state.model from where the state stands, until the epochs are done, the validation loss has not been strictly
/// below its best for `patience` epochs, the observer says stop, or the loss is no longer finite. state.model is then
/// the last one, and state.best the best one if restore_best asks for it. Without validation rows nothing stops it
/// early, the last epoch counts as the best, and the training loss stands for the validation loss. The batches of epoch
/// e are a function of (key, e): the result does not depend on threads or on stopping and resuming. One thread and,
/// after the first epoch, no allocation in a step. Throws ConfigError and ShapeError for unusable input. Source:
/// Chernov and Novitskij 2025, training set-up; deliberate difference: a diverged run stops at once.
template <class M, class Optimizer, Real T>
FitReport fit(RunState<M, Optimizer>& state, const Dataset<T>& train, const Dataset<T>& valid,
              const FitOptions& options, const Key& key, const Observer& observer = {}) {
  detail::check(options);
  check(train);
  expect<ConfigError>(train.rows() >= 1, "fit: the training set has no rows");
  expect<ConfigError>(options.mixup == 0 || train.weights.empty(), "fit: mixup of rows that have weights of their own");
  const bool validates = valid.rows() > 0;
  if (validates) check(valid);
  Tape<T> tape(true, options.parallel);
  Workspace<T> workspace;
  Batches batches(train.rows(), options.batch_size);
  FitReport report;
  while (static_cast<Index>(state.epoch()) < options.epochs) {
    const double waited = state.epoch() - state.best_epoch();
    if (validates && options.patience > 0 && waited >= static_cast<double>(options.patience)) {
      report.stop = Stop::patience;
      break;
    }
    const Index epoch = static_cast<Index>(state.epoch() += 1);
    batches.shuffle(key.child("order"), epoch);
    state.train_loss() = detail::run_epoch(state.model, state.optimizer, train, batches, epoch, options,
                                           key.child("pass").child(epoch), tape);
    state.valid_loss() =
        validates ? evaluate(state.model, valid, workspace, key.child("validation").child(epoch)) : state.train_loss();
    if (!std::isfinite(state.train_loss()) || !std::isfinite(state.valid_loss())) {
      report.stop = Stop::diverged;
      break;
    }
    if (!validates || state.valid_loss() < state.best_loss()) {
      state.best_loss() = state.valid_loss();
      state.best_epoch() = state.epoch();
      if (options.restore_best && validates) state.best = state.model;
    }
    if (observer && !observer({epoch, static_cast<Index>(state.best_epoch()), state.train_loss(), state.valid_loss(),
                               state.best_loss()})) {
      report.stop = Stop::observer;
      break;
    }
  }
  report.epochs_run = static_cast<Index>(state.epoch());
  report.best_epoch = static_cast<Index>(state.best_epoch());
  report.best_loss = state.best_loss();
  report.train_loss = state.train_loss();
  report.valid_loss = state.valid_loss();
  return report;
}

/// The same from the start, on a model in place: it becomes the best or the last one, as restore_best says. Where
/// something is thrown the model is as before.
template <class M, class Optimizer, Real T>
FitReport fit(M& model, Optimizer optimizer, const Dataset<T>& train, const Dataset<T>& valid,
              const FitOptions& options, const Key& key, const Observer& observer = {}) {
  RunState<M, Optimizer> state(model, std::move(optimizer));
  const FitReport report = fit(state, train, valid, options, key, observer);
  const bool best = options.restore_best && valid.rows() > 0 && report.best_epoch > 0;
  model = std::move(best ? state.best : state.model);
  return report;
}

}  // namespace wsym
