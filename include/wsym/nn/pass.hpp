// SPDX-License-Identifier: MIT
#pragma once
#include <optional>

#include "wsym/core/random.hpp"
#include "wsym/nn/routing_stats.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/tile.hpp"

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
  Pass child(std::integral auto index) const {
    return changed([&](Pass& pass) { pass.key_ = key_.child(index); });
  }

  /// Dropout and the noise of sparse routers: on in training, off at evaluation, or as the switch says.
  bool drops() const { return drops_.value_or(training_); }
  bool routes_with_noise() const { return noise_.value_or(training_); }
  Pass with_dropout(bool on) const {
    return changed([&](Pass& pass) { pass.drops_ = on; });
  }
  Pass with_router_noise(bool on) const {
    return changed([&](Pass& pass) { pass.noise_ = on; });
  }
  /// The capacity ratio of sparse layers, where it is not to be what their options say.
  std::optional<double> capacity() const { return capacity_; }
  Pass with_capacity(double ratio) const {
    return changed([&](Pass& pass) { pass.capacity_ = ratio; });
  }

  /// How the rows were tiled for members. The copies of a row draw apart: member m's from the m-th child of a key, as
  /// row first_row() + n of it, whatever block the row comes in. Layers that draw throw ShapeError for rows that do not
  /// divide so.
  const Tiling& copies() const { return copies_; }
  Pass with_copies(const Tiling& tiling) const {
    return changed([&](Pass& pass) { pass.copies_ = tiling; });
  }

  /// Adds a loss of one element to what the training step minimises besides its task.
  void add_loss(Var<T> loss) const {
    if (auxiliary_ != nullptr) *auxiliary_ = *auxiliary_ ? add(**auxiliary_, loss) : loss;
  }
  bool gathers_losses() const { return auxiliary_ != nullptr; }

  /// Where sparse layers append what they did, in the order in which they run; null if nobody asks. The list outlives
  /// the pass.
  std::vector<RoutingStats>* statistics() const { return statistics_; }
  Pass with_statistics(std::vector<RoutingStats>* list) const {
    return changed([&](Pass& pass) { pass.statistics_ = list; });
  }

 private:
  Pass(Key key, Index first_row, bool training, AuxiliaryLoss<T>* auxiliary)
      : key_(key), first_row_(first_row), auxiliary_(auxiliary), training_(training) {}

  template <class F> Pass changed(const F& change) const {
    Pass copy = *this;
    change(copy);
    return copy;
  }

  Key key_;
  Index first_row_;
  Tiling copies_;
  AuxiliaryLoss<T>* auxiliary_;
  std::vector<RoutingStats>* statistics_ = nullptr;
  std::optional<double> capacity_;
  std::optional<bool> drops_, noise_;
  bool training_;
};

namespace detail {
/// f(own key, place, first, count) for rows that draw in sequence: `count` of them from `first` on, as the rows from
/// `place` on of a stream. Throws ShapeError where rows do not divide among the pass's copies, or theirs into units;
/// ConfigError for a unit below 1.
template <Real T, class F> void for_each_stream(const Pass<T>& pass, const Key& key, Index rows, const F& f) {
  const Tiling& copies = pass.copies();
  if (copies.members == 1) return f(key, pass.first_row(), Index{0}, rows);
  expect(copies.members >= 1 && rows % copies.members == 0, "Pass: ", rows, " rows do not divide among ",
         copies.members, " copies; a layer whose rows are not those that were tiled needs a pass without copies");
  const Index each = rows / copies.members, unit = copies.order == TileOrder::tile ? each : copies.unit;
  check_tiling("Pass", copies, each);
  for (Index m = 0; m < copies.members; ++m) {
    const Key own = key.child(m);
    for (Index n = 0; n < each; n += unit) f(own, pass.first_row() + n, copies.row(m, n, each), unit);
  }
}
}  // namespace detail

}  // namespace wsym
