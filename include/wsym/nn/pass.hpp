// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/random.hpp"

namespace wsym {

/// What one pass through a network carries besides its input: whether it trains, and the stream of its random choices.
/// A parent hands each child its own stream by index, so that what one layer draws does not depend on the others.
template <Real T> class Pass {
 public:
  static Pass train(Key key) { return Pass(key, true); }
  static Pass evaluate(Key key = Key(0)) { return Pass(key, false); }

  bool training() const { return training_; }
  const Key& key() const { return key_; }
  Pass child(std::uint64_t index) const { return Pass(key_.child(index), training_); }

 private:
  Pass(Key key, bool training) : key_(key), training_(training) {}
  Key key_;
  bool training_;
};

}  // namespace wsym
