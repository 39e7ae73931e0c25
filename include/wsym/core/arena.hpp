// SPDX-License-Identifier: MIT
#pragma once
#include <new>
#include <vector>

#include "wsym/core/types.hpp"

namespace wsym {

/// Memory that is handed out in order and taken back all at once. clear() rewinds and frees nothing, so a sequence of
/// requests that has been served once is served again without touching the heap; so is the same sequence with smaller
/// sizes (by induction its cursor never passes the first one's). Blocks double, so addresses stay valid until clear().
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept : blocks_(std::move(other.blocks_)) { other.clear(), other.blocks_.clear(); }
  Arena& operator=(Arena&& other) noexcept {
    std::swap(blocks_, other.blocks_);
    clear(), other.clear();
    return *this;
  }
  ~Arena() {
    for (const Block& block : blocks_) ::operator delete(block.data, std::align_val_t(alignment));
  }

  /// Uninitialised memory for `count` objects of a trivial type, on a 64-byte boundary.
  template <class U> U* allocate(Index count) {
    static_assert(std::is_trivially_destructible_v<U>, "an arena runs no destructors");
    const auto bytes = (static_cast<std::size_t>(count) * sizeof(U) + alignment - 1) / alignment * alignment;
    while (current_ < blocks_.size() && used_ + bytes > blocks_[current_].size) ++current_, used_ = 0;
    if (current_ == blocks_.size()) grow(bytes);
    unsigned char* place = blocks_[current_].data + used_;
    used_ += bytes;
    return reinterpret_cast<U*>(place);
  }

  void clear() { current_ = 0, used_ = 0; }

  /// Bytes handed out since clear(), with the ends of blocks into which a request did not fit.
  std::size_t used() const {
    std::size_t total = used_;
    for (std::size_t i = 0; i < current_; ++i) total += blocks_[i].size;
    return total;
  }

  /// Bytes held from the heap.
  std::size_t capacity() const {
    std::size_t total = 0;
    for (const Block& block : blocks_) total += block.size;
    return total;
  }

 private:
  struct Block {
    unsigned char* data;
    std::size_t size;
  };

  void grow(std::size_t bytes) {
    constexpr std::size_t first = std::size_t{1} << 16;
    blocks_.reserve(blocks_.size() + 1);  // so that nothing throws between the two steps below
    const std::size_t size = std::max(bytes, blocks_.empty() ? first : 2 * blocks_.back().size);
    blocks_.push_back({static_cast<unsigned char*>(::operator new(size, std::align_val_t(alignment))), size});
  }

  std::vector<Block> blocks_;
  std::size_t current_ = 0, used_ = 0;
};

}  // namespace wsym
