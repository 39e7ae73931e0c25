// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/ensemble_trainer.hpp"
#include "asymmetry/moe_trainer.hpp"

namespace wsym::asymmetry {

/// Gives each cell to the trainer of its kind.
class Trainers : public Trainer {
 public:
  /// Refers to the data.
  Trainers(const Prepared<float>& data, const Options& options) : ensembles_(data, options), mixtures_(data, options) {}

  std::optional<MemberRecord> train(const Cell& cell, Index member, const std::string& weights,
                                    const std::atomic<bool>& stop) const override {
    return of(cell).train(cell, member, weights, stop);
  }
  std::string fault(const Cell& cell, Index member, const std::string& weights) const override {
    return of(cell).fault(cell, member, weights);
  }
  CellRecord evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const override {
    return of(cell).evaluate(cell, members, weights);
  }
  Cost cost(const Cell& cell) const override { return of(cell).cost(cell); }
  double time_epoch(const Cell& cell) const override { return of(cell).time_epoch(cell); }

 private:
  const Trainer& of(const Cell& cell) const {
    return cell.mixture() ? static_cast<const Trainer&>(mixtures_) : ensembles_;
  }

  EnsembleTrainer ensembles_;
  MoeTrainer mixtures_;
};

}  // namespace wsym::asymmetry
