// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/training.hpp"

namespace wsym::asymmetry {

/// Deep ensembles of MLPs and W-asymmetric MLPs in float; mlp and wmlp members are pairs that differ in the frozen
/// entries alone.
class EnsembleTrainer : public Trainer {
 public:
  /// Refers to the data.
  EnsembleTrainer(const Prepared<float>& data, const Options& options) : training_(data, options) {}

  std::optional<MemberRecord> train(const Cell& cell, Index member, const std::string& weights,
                                    const std::atomic<bool>& stop) const override;
  std::string fault(const Cell& cell, Index member, const std::string& weights) const override {
    return training_.fault(cell, member, weights);
  }
  CellRecord evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const override;
  Cost cost(const Cell& cell) const override;
  double time_epoch(const Cell& cell) const override;

  /// A network before training.
  Mlp<float> network(const Cell& cell, Index member) const;

 private:
  SizeRecord size_record(Index size, const std::vector<Mlp<float>>& networks,
                         const std::vector<Tensor<float>>& outputs) const;

  Training training_;
};

/// Over all pairs of networks, the mean distance and its parts: over the entries that are frozen in either network of a
/// pair, and over the others. Undefined for fewer than two.
Distance mean_distance(const std::vector<Mlp<float>>& networks);

}  // namespace wsym::asymmetry
