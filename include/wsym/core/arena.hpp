// SPDX-License-Identifier: MIT
#pragma once
#include <new>
#include <vector>

#include "wsym/core/types.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WSYM_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(WSYM_ASAN)
#undef WSYM_ASAN
#define WSYM_ASAN 1
#include <sanitizer/asan_interface.h>
#else
#define WSYM_ASAN 0
#endif

namespace wsym::inline WSYM_SIMD {

namespace detail {
#if WSYM_ASAN
inline constexpr std::size_t arena_gap = alignment;  // between two pieces: what is written past one is seen
inline void forbid(const void* place, std::size_t bytes) {
  __asan_poison_memory_region(place, bytes);
}
inline void allow(const void* place, std::size_t bytes) {
  __asan_unpoison_memory_region(place, bytes);
}
#else
inline constexpr std::size_t arena_gap = 0;
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
#endif
}  // namespace detail

/// Memory that is handed out in order and taken back all at once. clear() rewinds and frees nothing, so a sequence of
/// requests that has been served once is served again without touching the heap; so is the same sequence with smaller
/// sizes (by induction its cursor never passes the first one's). Blocks double, so addresses stay valid until clear().
/// Under the address sanitizer what was not handed out since clear() must not be touched, and a gap lies between
/// pieces.
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
    for (const Block& block : blocks_) {
      detail::allow(block.data, block.size);
      ::operator delete(block.data, std::align_val_t(alignment));
    }
  }

  /// Uninitialised memory for `count` objects of a trivial type, on a 64-byte boundary.
  template <class U> U* allocate(Index count) {
    static_assert(std::is_trivially_destructible_v<U>, "an arena runs no destructors");
    const auto asked = static_cast<std::size_t>(count) * sizeof(U);
    const auto bytes = (asked + alignment - 1) / alignment * alignment + detail::arena_gap;
    while (current_ < blocks_.size() && used_ + bytes > blocks_[current_].size) ++current_, used_ = 0;
    if (current_ == blocks_.size()) grow(bytes);
    unsigned char* place = blocks_[current_].data + used_;
    used_ += bytes;
    detail::allow(place, asked);
    return reinterpret_cast<U*>(place);
  }

  void clear() {
    for (const Block& block : blocks_) detail::forbid(block.data, block.size);
    current_ = 0, used_ = 0;
  }

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
    detail::forbid(blocks_.back().data, size);
  }

  std::vector<Block> blocks_;
  std::size_t current_ = 0, used_ = 0;
};

}  // namespace wsym::inline WSYM_SIMD
