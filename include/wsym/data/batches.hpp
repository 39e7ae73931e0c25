// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/random.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// Mini-batches of rows 0 .. rows - 1, in a new random order each epoch; the last one holds what is left over.
/// Rows are copied by `gather`. The order of an epoch is a function of key and epoch alone, so a run that resumes at
/// epoch 7 sees the batches of one that never stopped.
class Batches {
 public:
  /// Throws ConfigError unless there are rows and batch_size >= 1.
  Batches(Index rows, Index batch_size) : rows_(rows), batch_size_(batch_size) {
    expect<ConfigError>(rows >= 1 && batch_size >= 1, "Batches: ", rows, " rows in batches of ", batch_size,
                        "; both are at least 1");
  }

  /// Draws the order of an epoch. Allocates at the first call only.
  void shuffle(const Key& key, Index epoch) { key.child(epoch).permutation(rows_, order_); }

  Index count() const { return rows_ / batch_size_ + (rows_ % batch_size_ > 0 ? 1 : 0); }
  /// The rows of batch b = 0 .. count() - 1. Throws ConfigError before the first shuffle and for another b.
  std::span<const Index> operator[](Index b) const {
    expect<ConfigError>(!order_.empty(), "Batches: shuffle() comes before the first batch");
    expect<ConfigError>(b >= 0 && b < count(), "Batches: batch ", b, " of ", count());
    const Index first = b * batch_size_;
    return {order_.data() + first, static_cast<std::size_t>(std::min(batch_size_, rows_ - first))};
  }

 private:
  Index rows_, batch_size_;
  std::vector<Index> order_;
};

}  // namespace wsym::inline WSYM_SIMD
