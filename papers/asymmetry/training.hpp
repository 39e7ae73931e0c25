// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/cells.hpp"
#include "asymmetry/names.hpp"
#include "asymmetry/trainer.hpp"
#include "datasets/datasets.hpp"
#include "lab/progress.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/nn/mlp.hpp"
#include "wsym/nn/module.hpp"
#include "wsym/nn/symmetry/w_asymmetry.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/fit.hpp"

namespace wsym::asymmetry {

/// Metric and loss of outputs (rows, task outputs): rmse and mse, or accuracy and nll of logits (or of logarithms of
/// probabilities, which are logits too).
Score score_of(const Tensor<float>& outputs, const Dataset<float>& part);

/// How any network of an experiment is made, trained and scored, as options, preset and the cell's variant ask for.
/// Member m of repetition r draws from the seed, r and m alone, so that models of all kinds are pairs.
class Training {
 public:
  /// Refers to the data.
  Training(const Prepared<float>& data, const Options& options) : data_(data), options_(options) {}

  const Prepared<float>& data() const { return data_; }
  Method method(const Cell& cell) const { return method_of(options_, cell); }
  /// Preset code.
  bool code() const { return options_.preset == "code"; }

  /// The stream of one purpose: init, fit or score.
  Key key(const char* purpose, const Cell& cell, Index member) const;

  /// Of a network, or of each expert.
  MlpSize size(const Cell& cell) const;
  /// How the weights of the network, or of all experts, are frozen; empty for models that freeze none.
  std::optional<WAsymmetry> asymmetry(const Cell& cell, Index member) const;

  template <class M> Tensor<float> outputs(const M& network, const Dataset<float>& part, const Key& key) const {
    Tensor<float> y(Shape{part.rows(), part.task.outputs});
    Workspace<float> workspace;
    predict(network, part.x.mat(), y.mat(), workspace, key);
    return y;
  }

  /// Trains, scores and saves a network; after_epoch(network, report) sees it after each epoch. Empty if `stop` became
  /// true meanwhile.
  template <class M, class AfterEpoch>
  std::optional<MemberRecord> train(M network, const Cell& cell, Index member, const std::string& weights,
                                    const std::atomic<bool>& stop, AfterEpoch after_epoch) const {
    const Stopwatch watch;
    const FitOptions how = fit_options(cell);
    RunState<M, AdamW<float>> state(std::move(network), optimiser(cell));
    const FitReport report = fit(state, data_.train, data_.valid, how, key("fit", cell, member),
                                 [&](const EpochReport& epoch) { return after_epoch(state.model, epoch), !stop; });
    if (report.stop == Stop::observer) return std::nullopt;
    const M& trained = how.restore_best && report.best_epoch > 0 ? state.best : state.model;
    MemberRecord record = record_of(cell, member, report, count(trained));
    if (!record.diverged) {
      const Key noise = key("score", cell, member);
      record.train = score_of(outputs(trained, data_.train, noise.child("train")), data_.train);
      record.validation = score_of(outputs(trained, data_.valid, noise.child("validation")), data_.valid);
      record.test = score_of(outputs(trained, data_.test, noise.child("test")), data_.test);
      save(trained, weights, marks(cell, member, weights_of(trained)));
    }
    record.seconds = watch.seconds();
    return record;
  }

  /// What is wrong with a file at the place of a network's weights: it cannot be read, is of another network or run, or
  /// was changed since it was written. Empty if nothing is.
  std::string fault(const Cell& cell, Index member, const std::string& weights) const;

  /// Of a network of that many parameters.
  Trainer::Cost cost(const ParameterCount& counts) const;

  template <class M> double time_epoch(M network, const Cell& cell) const {
    FitOptions one = fit_options(cell);
    one.epochs = 1;
    const Stopwatch watch;
    fit(network, optimiser(cell), data_.train, data_.valid, one, key("fit", cell, 0));
    return watch.seconds();
  }

 private:
  /// What the metadata of a network's weights say: for people the network; its journal line's key, the run's identity,
  /// and a checksum of the tensors. fault() looks at the last three.
  safetensors::Metadata marks(const Cell& cell, Index member, const safetensors::Content& weights) const;
  FitOptions fit_options(const Cell& cell) const;
  AdamW<float> optimiser(const Cell& cell) const;
  MemberRecord record_of(const Cell& cell, Index member, const FitReport& report, const ParameterCount& counts) const;

  const Prepared<float>& data_;
  Options options_;
};

}  // namespace wsym::asymmetry
