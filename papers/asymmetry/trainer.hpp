// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "asymmetry/record.hpp"

namespace wsym::asymmetry {

/// What the runner needs to know about networks. All calls are const and may come from several threads at once; results
/// are functions of the arguments alone.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// Trains one network and then writes its weights to `weights`, whole or not at all (a diverged one has none).
  /// Empty if `stop` became true meanwhile.
  virtual std::optional<MemberRecord> train(const Cell& cell, Index member, const std::string& weights,
                                            const std::atomic<bool>& stop) const = 0;

  /// What is wrong with a file at the place of the network's weights: empty if it is what train() wrote for it.
  virtual std::string fault(const Cell& cell, Index member, const std::string& weights) const = 0;

  /// The ensemble metrics of a cell of `members` networks, from the weights of those that did not diverge, in order.
  virtual CellRecord evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const = 0;

  /// What a network of the cell costs: bytes of its weights file, and FLOPs of an epoch (at most). Throws ConfigError
  /// for a cell that cannot be built.
  struct Cost {
    double weight_bytes = 0, epoch_flops = 0;
    Index epochs = 0;
  };
  virtual Cost cost(const Cell& cell) const = 0;

  /// Seconds that one epoch of one network took, by trying it.
  virtual double time_epoch(const Cell& cell) const = 0;
};

}  // namespace wsym::asymmetry
