// SPDX-License-Identifier: MIT
#pragma once
#include "experiment/options.hpp"
#include "experiment/trainer.hpp"
#include "wsym/data/datasets.hpp"
#include "wsym/nn/mlp.hpp"

namespace wsym::experiment {

/// MLPs and W-asymmetric MLPs in float, as options and preset ask for. Member m of repetition r draws its weights and
/// batches from the seed, r and m alone, so mlp and wmlp members are pairs that differ in the frozen entries.
class EnsembleTrainer : public Trainer {
 public:
  /// Refers to the data.
  EnsembleTrainer(const Prepared<float>& data, const Options& options) : data_(data), options_(options) {}

  std::optional<MemberRecord> train(const Cell& cell, Index member, const std::string& weights,
                                    const std::atomic<bool>& stop) const override;
  CellRecord evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const override;
  Cost cost(const Cell& cell) const override;
  double time_epoch(const Cell& cell) const override;

  /// A network before training.
  Mlp<float> network(const Cell& cell, Index member) const;

 private:
  Score score(const Mlp<float>& network, const Dataset<float>& part) const;
  SizeRecord size_record(Index size, const std::vector<Mlp<float>>& networks,
                         const std::vector<Tensor<float>>& outputs) const;

  const Prepared<float>& data_;
  Options options_;
};

/// Metric and loss of outputs (rows, task outputs): rmse and mse, or accuracy and nll of logits (or of logarithms of
/// probabilities, which are logits too).
Score score_of(const Tensor<float>& outputs, const Dataset<float>& part);

/// Over all pairs of networks, the mean distance and its parts: over the entries that are frozen in either network of a
/// pair, and over the others. Undefined for fewer than two.
Distance mean_distance(const std::vector<Mlp<float>>& networks);

}  // namespace wsym::experiment
