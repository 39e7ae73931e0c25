// SPDX-License-Identifier: MIT
#include "asymmetry/moe_trainer.hpp"

#include <algorithm>

#include "asymmetry/names.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

GateRecord rounded_record(const GateUse& use) {
  constexpr int digits = 4;
  GateRecord record;
  record.entropy = significant(use.entropy, digits);
  for (const double share : use.mean) record.mean.push_back(significant(share, digits));
  const auto [least, greatest] = std::minmax_element(record.mean.begin(), record.mean.end());
  record.least = *least;
  record.greatest = *greatest;
  return record;
}

/// Follows the gate of a mixture through its training.
class GateLog {
 public:
  GateLog(const Tensor<float>& x, const Key& key) : x_(x), key_(key) {}

  void operator()(const Gate<float>& gate, const EpochReport& report) {
    last_ = rounded_record(gate_use(gate, x_, workspace_, key_.child(report.epoch)));
    if (report.epoch == report.best_epoch) best_ = last_;
    history_.epochs.push_back(last_);
    if (last_.mean.size() > GateHistory::most_vectors) history_.epochs.back().mean.clear();
  }

  GateHistory history(bool of_best) {
    history_.reported = of_best ? best_ : last_;
    return std::move(history_);
  }

 private:
  const Tensor<float>& x_;
  Key key_;
  Workspace<float> workspace_;
  GateHistory history_;
  GateRecord best_, last_;
};

}  // namespace

GateOptions MoeTrainer::gate_options(const Cell& cell) const {
  const Method how = training_.method(cell);
  GateOptions options;
  options.kind = cell.gate == "gumbel" ? GateKind::gumbel : GateKind::softmax;
  options.temperature = number_of<double>(how.temperature);
  options.samples = number_of<Index>(how.gate_samples);
  options.dropout = number_of<double>(how.expert_dropout);
  options.balance = number_of<double>(how.balance);
  return options;
}

/// The authors' code has ReLU in interpolated experts (spec D6).
MoieOptions MoeTrainer::moie_options(const Cell& cell) const {
  return {.relu = training_.code(), .average_outputs = training_.method(cell).moie_average == "outputs"};
}

MixtureOfExperts<float> MoeTrainer::mixture(const Cell& cell) const {
  const std::optional<WAsymmetry> asymmetry = training_.asymmetry(cell, 0);
  return {cell.experts, training_.size(cell), gate_options(cell), init(cell), asymmetry ? &*asymmetry : nullptr};
}

MixtureOfInterpolatedExperts<float> MoeTrainer::interpolated(const Cell& cell) const {
  const std::optional<WAsymmetry> asymmetry = training_.asymmetry(cell, 0);
  return {cell.experts,      training_.size(cell), gate_options(cell), init(cell), asymmetry ? &*asymmetry : nullptr,
          moie_options(cell)};
}

std::optional<MemberRecord> MoeTrainer::train(const Cell& cell, Index member, const std::string& weights,
                                              const std::atomic<bool>& stop) const {
  GateLog log(training_.data().train.x, training_.key("gate", cell, member));
  const auto after_epoch = [&](const auto& network, const EpochReport& report) {
    log(network.gate, report);
  };
  std::optional<MemberRecord> record =
      interpolates(cell.model) ? training_.train(interpolated(cell), cell, member, weights, stop, after_epoch)
                               : training_.train(mixture(cell), cell, member, weights, stop, after_epoch);
  if (record) record->gate = log.history(training_.method(cell).weights == "best");
  return record;
}

CellRecord MoeTrainer::evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const {
  CellRecord record;
  record.cell = cell;
  record.members = members;
  record.healthy = static_cast<Index>(weights.size());
  return record;
}

/// Counted on a mixture of one expert: all are alike.
Trainer::Cost MoeTrainer::cost(const Cell& cell) const {
  Cell one = cell;
  one.experts = 1;
  ParameterCount counts = interpolates(cell.model) ? count(interpolated(one)) : count(mixture(one));
  for (Index* number : {&counts.parameters, &counts.weights, &counts.frozen}) *number *= cell.experts;
  return training_.cost(counts);
}

double MoeTrainer::time_epoch(const Cell& cell) const {
  return interpolates(cell.model) ? training_.time_epoch(interpolated(cell), cell)
                                  : training_.time_epoch(mixture(cell), cell);
}

}  // namespace wsym::asymmetry
