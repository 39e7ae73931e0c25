// SPDX-License-Identifier: MIT
#pragma once
#include <optional>

#include "wsym/core/random.hpp"
#include "wsym/ops/elementwise.hpp"

namespace wsym {

/// The sum of what layers add to the loss of a training step, of one element; empty until one does.
template <Real T> using AuxiliaryLoss = std::optional<Var<T>>;

/// What one pass through a network carries besides its input: whether it trains, the stream of its random choices, the
/// place of its first row in the whole input, so that a row draws the same whatever block of rows it comes in, and
/// where layers put losses of their own. A parent hands each child its own stream by index: what one layer draws does
/// not depend on the others.
template <Real T> class Pass {
 public:
  /// `auxiliary`, which outlives the pass, gathers the layers' own losses; without one they are dropped.
  static Pass train(Key key, AuxiliaryLoss<T>* auxiliary = nullptr) { return Pass(key, 0, true, auxiliary); }
  static Pass evaluate(Key key = Key(0), Index first_row = 0) { return Pass(key, first_row, false, nullptr); }

  bool training() const { return training_; }
  const Key& key() const { return key_; }
  Index first_row() const { return first_row_; }
  Pass child(std::uint64_t index) const { return Pass(key_.child(index), first_row_, training_, auxiliary_); }

  /// Adds a loss of one element to what the training step minimises besides its task.
  void add_loss(Var<T> loss) {
    if (auxiliary_ != nullptr) *auxiliary_ = *auxiliary_ ? add(**auxiliary_, loss) : loss;
  }

 private:
  Pass(Key key, Index first_row, bool training, AuxiliaryLoss<T>* auxiliary)
      : key_(key), first_row_(first_row), auxiliary_(auxiliary), training_(training) {}
  Key key_;
  Index first_row_;
  AuxiliaryLoss<T>* auxiliary_;
  bool training_;
};

}  // namespace wsym
