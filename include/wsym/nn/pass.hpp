// SPDX-License-Identifier: MIT
#pragma once
#include <optional>

#include "wsym/core/random.hpp"
#include "wsym/nn/routing_stats.hpp"
#include "wsym/ops/elementwise.hpp"

namespace wsym::inline WSYM_SIMD {

/// The sum of what layers add to the loss of a training step, of one element; empty until one does.
template <Real T> using AuxiliaryLoss = std::optional<Var<T>>;

/// What one pass through a network carries besides its input: whether it trains, the stream of its random choices, the
/// examples that its rows belong to, so that a row draws the same whatever block of examples it comes in, and where
/// layers put losses of their own. A parent hands each child its own stream by index: what one layer draws does not
/// depend on the others.
///
/// The rows of a layer are members x examples x tokens. Members are the outermost axis, once a network has made it with
/// tile(); an example is a row of the network's input, and a layer may turn it into several tokens, (n, d) -> (n, 4,
/// d).
template <Real T> class Pass {
 public:
  /// `auxiliary`, which outlives the pass, gathers the layers' own losses; without one they are dropped.
  static Pass train(Key key, AuxiliaryLoss<T>* auxiliary = nullptr) { return Pass(key, true, auxiliary); }
  /// The input has `examples` rows, of which row i is example first + i of a larger whole. With 0 examples, not said,
  /// the rows of every layer are examples.
  static Pass evaluate(Key key = Key(0), Index first = 0, Index examples = 0) {
    return Pass(key, false, nullptr).with_examples(first, examples);
  }

  bool training() const { return training_; }
  const Key& key() const { return key_; }
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

  /// How many members' rows there are, one member's after the other's.
  Index members() const { return members_; }
  /// How many examples each member has; 0: not said, and every row is one.
  Index examples() const { return examples_; }
  /// Where example e of this input stands in the whole.
  Index place(Index e) const { return places_ ? places_[e] : first_ + e; }
  /// True where each example stands next to the one before it.
  bool in_sequence() const { return places_ == nullptr; }
  Pass with_members(Index members) const {
    return changed([&](Pass& pass) { pass.members_ = members; });
  }
  Pass with_examples(Index first, Index count) const {
    return changed([&](Pass& pass) { pass.first_ = first, pass.examples_ = count, pass.places_ = nullptr; });
  }
  /// For an input of other examples, such as the rows that one expert got: row e stands at places[e], and there is one
  /// member. The list outlives the pass.
  Pass with_places(std::span<const Index> places) const {
    return changed([&](Pass& pass) {
      pass.members_ = 1, pass.examples_ = static_cast<Index>(places.size()), pass.places_ = places.data();
    });
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
  Pass(Key key, bool training, AuxiliaryLoss<T>* auxiliary) : key_(key), auxiliary_(auxiliary), training_(training) {}

  template <class F> Pass changed(const F& change) const {
    Pass copy = *this;
    change(copy);
    return copy;
  }

  Key key_;
  Index members_ = 1, examples_ = 0, first_ = 0;
  const Index* places_ = nullptr;
  AuxiliaryLoss<T>* auxiliary_;
  std::vector<RoutingStats>* statistics_ = nullptr;
  std::optional<double> capacity_;
  std::optional<bool> drops_, noise_;
  bool training_;
};

namespace detail {
/// Calls f(stream, place, row, count) for the rows of a layer whose values have the shape x, in runs that draw in
/// sequence: rows row .. row + count - 1 are numbers place .. place + count - 1 of a stream. The stream is `key`, of
/// member m of several key.child(m); token t of the example that stands at p is number p * tokens + t. So the draws of
/// a row follow from its member, example and token, whatever block it comes in, and no other row has them. Throws
/// ShapeError where the outermost axis is not the members', or rows do not divide among examples.
template <Real T, class F> void for_each_stream(const Pass<T>& pass, const Key& key, const Shape& x, const F& f) {
  const Index members = pass.members();
  expect(members == 1 || (members > 1 && x.rank() >= 3 && x[0] == members), "Pass: a layer's rows are ", x,
         " but there are ", members, " members; they need an axis of their own, (members, rows, columns)");
  const Index each = x.rows() / members, examples = pass.examples() == 0 ? each : pass.examples();
  expect(each == 0 || each % examples == 0, "Pass: a layer's rows are ", x, ", of ", members, " members; ", each,
         " rows do not divide among ", examples, " examples");
  const Index tokens = each == 0 ? 0 : each / examples;
  for (Index m = 0; m < members; ++m) {
    const Key own = members == 1 ? key : key.child(m);
    if (pass.in_sequence())
      f(own, pass.place(0) * tokens, m * each, each);
    else
      for (Index e = 0; e < examples; ++e) f(own, pass.place(e) * tokens, m * each + e * tokens, tokens);
  }
}

/// A number for each of `rows` rows of a layer that no other row has, in this block or another; in the tape's arena.
template <Real T> const Index* row_numbers(const Pass<T>& pass, Index rows, Tape<T>& tape) {
  const Index members = pass.members(), each = rows / members;
  Index* number = tape.template scratch<Index>(rows);
  for_each_stream(pass, pass.key(), Shape{members, each, 1}, [&](const Key&, Index place, Index row, Index count) {
    for (Index i = 0; i < count; ++i) number[row + i] = (place + i) * members + row / each;
  });
  return number;
}
}  // namespace detail

}  // namespace wsym::inline WSYM_SIMD
