// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/training.hpp"
#include "wsym/nn/experts/interpolated_moe.hpp"

namespace wsym::asymmetry {

/// Mixtures of experts (mlp, wmlp) and of interpolated experts (imlp, iwmlp) in float: one network a cell. Expert e of
/// a repetition starts from the same weights in every mixture, whatever its size and gate.
class MoeTrainer : public Trainer {
 public:
  /// Refers to the data.
  MoeTrainer(const Prepared<float>& data, const Options& options) : training_(data, options) {}

  std::optional<MemberRecord> train(const Cell& cell, Index member, const std::string& weights,
                                    const std::atomic<bool>& stop) const override;
  /// Nothing is left to measure of a cell of one network.
  std::string fault(const Cell& cell, Index member, const std::string& weights) const override {
    return training_.fault(cell, member, weights);
  }
  CellRecord evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const override;
  Cost cost(const Cell& cell) const override;
  double time_epoch(const Cell& cell) const override;

  /// A mixture before training.
  MixtureOfExperts<float> mixture(const Cell& cell) const;
  MixtureOfInterpolatedExperts<float> interpolated(const Cell& cell) const;

 private:
  GateOptions gate_options(const Cell& cell) const;
  MoieOptions moie_options(const Cell& cell) const;
  Key init(const Cell& cell) const { return training_.key("init", cell, 0); }

  Training training_;
};

}  // namespace wsym::asymmetry
