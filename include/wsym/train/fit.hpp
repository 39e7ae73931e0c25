// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <limits>
#include <string>

#include "wsym/data/batches.hpp"
#include "wsym/optim/clip.hpp"
#include "wsym/optim/schedule.hpp"
#include "wsym/train/batch.hpp"
#include "wsym/train/run_state.hpp"

namespace wsym::inline WSYM_SIMD {

/// How fit trains. A model that takes rows in groups (rows_together) needs a group that divides batch_size and the rows
/// of both sets.
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

/// How a run ended. A diverged run met a loss, a weight or a router's logit that is not finite in its last epoch, and
/// its model is not to be used. Losses that were not reached are NaN.
struct FitReport {
  Index epochs_run = 0, best_epoch = 0;
  double best_loss = 0, train_loss = 0, valid_loss = 0;  // validation loss at its best; losses of the last epoch
  Stop stop = Stop::epochs;
  std::string reason = {};  // of divergence: the epoch, and what was not finite; empty for other stops
  bool diverged() const { return stop == Stop::diverged; }
};

namespace detail {
inline void check(const FitOptions& o) {
  expect<ConfigError>(
      o.epochs >= 0 && o.patience >= 0 && o.batch_size >= 1 && o.clip_norm >= 0 && o.clip_value >= 0 && o.mixup >= 0,
      "fit: epochs ", o.epochs, ", patience ", o.patience, ", batch size ", o.batch_size, ", clip norm ", o.clip_norm,
      ", clip value ", o.clip_value, ", mixup ", o.mixup, "; none is negative, and a batch has at least 1 row");
}

/// What one of fit's sets is to predict, in words.
inline std::string described(const Task& task) {
  return message(task.outputs, task.kind == TaskKind::regression ? " targets" : " classes");
}

template <class M, Real T>
void check(const M& model, const Dataset<T>& train, const Dataset<T>& valid, const FitOptions& options) {
  check(options);
  check(train);
  expect<ConfigError>(train.rows() >= 1, "fit: the training set has no rows");
  expect<ConfigError>(options.mixup == 0 || train.weights.empty(), "fit: mixup of rows that have weights of their own");
  if (const Index group = rows_together(model); group > 1)
    expect(options.batch_size % group == 0 && train.rows() % group == 0 && valid.rows() % group == 0,
           "fit: batches of ", options.batch_size, " rows of ", train.rows(), ", and ", valid.rows(),
           " for validation, but the model takes groups of ", group, " rows; each must be a multiple of it");
  if (valid.rows() == 0) return;
  check(valid);
  expect(train.task == valid.task, "fit: the training set has ", described(train.task), " but the validation set ",
         described(valid.task), "; they must be equal");
  expect(train.features() == valid.features(), "fit: the training set has ", train.features(),
         " features but the validation set ", valid.features(), "; they must be equal");
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
    const std::span<const Index> rows = batches[batch];
    const Pass<T> pass =
        Pass<T>::train(noise.child(batch), &auxiliary).with_examples(0, static_cast<Index>(rows.size()));
    const Var<T> loss = batch_loss(model, data, rows, options.mixup, tape, pass);
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

/// One more epoch: training, then validation, and the state's losses. Says why the epoch diverged; empty if it did not.
template <class M, class Optimizer, Real T>
std::string next_epoch(RunState<M, Optimizer>& state, const Dataset<T>& train, const Dataset<T>& valid,
                       Batches& batches, const FitOptions& options, const Key& key, Tape<T>& tape,
                       Workspace<T>& workspace) {
  const Index epoch = state.epoch + 1;
  double train_loss = std::numeric_limits<double>::quiet_NaN(), valid_loss = train_loss;
  std::string reason;
  try {
    batches.shuffle(key.child("order"), epoch);
    train_loss =
        run_epoch(state.model, state.optimizer, train, batches, epoch, options, key.child("pass").child(epoch), tape);
    expect<Diverged>(std::isfinite(train_loss), "the training loss is ", train_loss);
    valid_loss =
        valid.rows() > 0 ? mean_loss(state.model, valid, workspace, key.child("validation").child(epoch)) : train_loss;
    expect<Diverged>(std::isfinite(valid_loss), "the validation loss is ", valid_loss);
  } catch (const Diverged& error) {
    reason = message("epoch ", epoch, ": ", error.what());
  }
  state.epoch = epoch;
  state.train_loss = train_loss;
  state.valid_loss = valid_loss;
  return reason;
}

/// What a state holds that is not finite, in words; empty where there is nothing.
template <class M, class Optimizer> std::string not_finite(RunState<M, Optimizer>& state) {
  const Index epoch = state.epoch;
  if (!std::isfinite(state.train_loss)) return message("epoch ", epoch, ": the training loss is ", state.train_loss);
  if (!std::isfinite(state.valid_loss)) return message("epoch ", epoch, ": the validation loss is ", state.valid_loss);
  for (const M* model : {&state.model, &state.best})
    if (const std::string wrong = first_not_finite(*model); !wrong.empty())
      return message("epoch ", model == &state.model ? epoch : state.best_epoch, ": ", wrong, " is not finite");
  return {};
}

/// The same, and the loss on the rows of the last batch after its step, which no validation has looked at.
template <class M, class Optimizer, Real T>
std::string not_finite(RunState<M, Optimizer>& state, const Dataset<T>& train, std::span<const Index> last_batch,
                       const Key& key, Tape<T>& tape) {
  std::string reason = not_finite(state);
  if (!reason.empty()) return reason;
  tape.clear();
  try {
    const Key noise = key.child("validation").child(state.epoch);
    const Pass<T> pass = Pass<T>::evaluate(noise, 0, static_cast<Index>(last_batch.size()));
    const T loss = batch_loss(state.model, train, last_batch, 0, tape, pass).item();
    expect<Diverged>(std::isfinite(loss), "the training loss is ", loss);
  } catch (const Diverged& error) {
    reason = message("epoch ", state.epoch, ": after the last step: ", error.what());
  }
  return reason;
}
}  // namespace detail

/// Trains state.model from where the state stands, until the epochs are done, the validation loss has not been strictly
/// below its best for `patience` epochs, the observer says stop, or the run diverges. state.model is then the last one,
/// and state.best the best one if restore_best asks for it. Without validation rows nothing stops it early, the last
/// epoch counts as the best, and the training loss stands for the validation loss.
///
/// A run diverges, and stops at once, where a loss is not finite or a layer throws Diverged, in training or validation;
/// and where at the end a weight of state.model or state.best is not finite, or, without validation rows, the loss on
/// the last batch, which is computed once more. The report says so: nothing is thrown.
///
/// The batches of epoch e are a function of (key, e): the result does not depend on threads or on stopping and
/// resuming. One thread and, after the first epoch, no allocation in a step.
///
/// Throws ConfigError and ShapeError for unusable input, before the first step: options out of range, no rows, unequal
/// tasks, outputs that are not the task's, groups that do not divide batches and sets; DataError as check(Dataset).
/// Source: Chernov and Novitskij 2025, training set-up; deliberate difference: a diverged run stops at once.
template <class M, class Optimizer, Real T>
FitReport fit(RunState<M, Optimizer>& state, const Dataset<T>& train, const Dataset<T>& valid,
              const FitOptions& options, const Key& key, const Observer& observer = {}) {
  detail::check(state.model, train, valid, options);
  const bool validates = valid.rows() > 0;
  const Index first = state.epoch;
  Tape<T> tape(true, options.parallel);
  Workspace<T> workspace;
  Batches batches(train.rows(), options.batch_size);
  FitReport report;
  while (state.epoch < options.epochs) {
    const Index waited = state.epoch - state.best_epoch;
    if (validates && options.patience > 0 && waited >= options.patience) {
      report.stop = Stop::patience;
      break;
    }
    report.reason = detail::next_epoch(state, train, valid, batches, options, key, tape, workspace);
    if (!report.reason.empty()) break;
    if (!validates || state.valid_loss < state.best_loss) {
      state.best_loss = state.valid_loss;
      state.best_epoch = state.epoch;
      if (options.restore_best && validates) state.best = state.model;
    }
    if (observer && !observer({state.epoch, state.best_epoch, state.train_loss, state.valid_loss, state.best_loss})) {
      report.stop = Stop::observer;
      break;
    }
  }
  if (report.reason.empty())
    report.reason = validates || state.epoch == first
                        ? detail::not_finite(state)
                        : detail::not_finite(state, train, batches[batches.count() - 1], key, tape);
  if (!report.reason.empty()) report.stop = Stop::diverged;
  report.epochs_run = state.epoch;
  report.best_epoch = state.best_epoch;
  report.best_loss = state.best_loss;
  report.train_loss = state.train_loss;
  report.valid_loss = state.valid_loss;
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

}  // namespace wsym::inline WSYM_SIMD
