// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/random.hpp"

namespace wsym {

/// What one pass through a network carries besides its input: whether it trains, the stream of its random choices, and
/// the place of its first row in the whole input, so that a row draws the same whatever block of rows it comes in.
/// A parent hands each child its own stream by index: what one layer draws does not depend on the others.
template <Real T> class Pass {
 public:
  static Pass train(Key key) { return Pass(key, 0, true); }
  static Pass evaluate(Key key = Key(0), Index first_row = 0) { return Pass(key, first_row, false); }

  bool training() const { return training_; }
  const Key& key() const { return key_; }
  Index first_row() const { return first_row_; }
  Pass child(std::uint64_t index) const { return Pass(key_.child(index), first_row_, training_); }

 private:
  Pass(Key key, Index first_row, bool training) : key_(key), first_row_(first_row), training_(training) {}
  Key key_;
  Index first_row_;
  bool training_;
};

}  // namespace wsym
