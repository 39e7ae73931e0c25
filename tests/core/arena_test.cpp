// SPDX-License-Identifier: MIT
#include "wsym/core/arena.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "support.hpp"

using namespace wsym;

namespace {
using Sizes = std::vector<Index>;
constexpr std::size_t gap = detail::arena_gap;  // 0 without the address sanitizer

Sizes random_sizes(const Key& key, Index most) {
  Sizes sizes(40);
  for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = key.below(i, most);
  return sizes;
}
void serve(Arena& arena, const Sizes& sizes) {
  arena.clear();
  for (const Index size : sizes) arena.allocate<char>(size);
}
Index heap_requests(Arena& arena, const Sizes& sizes) {
  const Index before = test::allocations();
  serve(arena, sizes);
  return test::allocations() - before;
}
}  // namespace

TEST_CASE("Arena: every piece starts on a cache line and none overlaps another") {
  Arena arena;
  std::vector<std::pair<unsigned char*, Index>> pieces;
  const Key key(1);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Index size = key.below(i, 5000);
    auto* piece = arena.allocate<unsigned char>(size);
    CHECK(reinterpret_cast<std::uintptr_t>(piece) % alignment == 0);
    std::fill_n(piece, size, static_cast<unsigned char>(i));
    pieces.emplace_back(piece, size);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i)
    CHECK(std::all_of(pieces[i].first, pieces[i].first + pieces[i].second,
                      [&](unsigned char entry) { return entry == static_cast<unsigned char>(i); }));
}

TEST_CASE("Arena: a piece is sized in objects") {
  Arena arena;
  auto* first = arena.allocate<double>(9);
  auto* second = arena.allocate<double>(1);
  CHECK(static_cast<std::size_t>(second - first) == 16 + gap / 8);  // 72 bytes take two lines
  CHECK(arena.allocate<char>(1) - reinterpret_cast<char*>(second) == static_cast<Index>(64 + gap));
}

TEST_CASE("Arena: a repeated sequence, and the same one with smaller sizes, is served without the heap") {
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    const Key key = Key(2).child(trial);
    const Sizes sizes = random_sizes(key.child("sizes"), Index{1} << (8 + trial / 2));
    Arena arena;
    CHECK(heap_requests(arena, sizes) > 0);
    const std::size_t capacity = arena.capacity();
    CHECK(heap_requests(arena, sizes) == 0);
    for (std::uint64_t shrink = 0; shrink < 20; ++shrink) {
      Sizes smaller = sizes;
      for (std::size_t i = 0; i < sizes.size(); ++i)
        smaller[i] = key.child("shrink").child(shrink).below(i, sizes[i] + 1);
      CHECK(heap_requests(arena, smaller) == 0);
    }
    CHECK(arena.capacity() == capacity);
  }
}

TEST_CASE("Arena: one request larger than any block gets a block of its own") {
  Arena arena;
  arena.allocate<char>(1);
  const std::size_t first = arena.capacity();
  CHECK(first == std::size_t{1} << 16);
  char* large = arena.allocate<char>(Index{1} << 20);
  large[(Index{1} << 20) - 1] = 1;
  CHECK(arena.capacity() == first + (std::size_t{1} << 20) + gap);
}

TEST_CASE("Arena: a move takes the blocks and leaves an arena that works") {
  const Sizes sizes = random_sizes(Key(3), 10000);
  Arena a;
  serve(a, sizes);
  const std::size_t capacity = a.capacity();
  Arena b(std::move(a));
  CHECK(b.capacity() == capacity);
  CHECK(a.capacity() == 0);  // NOLINT: the state after a move is what is tested
  CHECK(heap_requests(b, sizes) == 0);
  CHECK(heap_requests(a, sizes) > 0);
  a = std::move(b);
  CHECK(heap_requests(a, sizes) == 0);
}

TEST_CASE("Arena: used counts what was handed out since clear, rounded up to cache lines") {
  Arena arena;
  CHECK(arena.used() == 0);
  arena.allocate<char>(1);
  arena.allocate<double>(9);
  CHECK(arena.used() == 64 + 128 + 2 * gap);
  arena.allocate<char>(Index{1} << 20);  // does not fit into the first block of 2^16, whose end is lost
  CHECK(arena.used() == (std::size_t{1} << 16) + (std::size_t{1} << 20) + gap);
  arena.clear();
  CHECK(arena.used() == 0);
}

#if WSYM_ASAN
TEST_CASE("Arena: the address sanitizer sees what is touched beyond a piece, before it is handed out and after clear") {
  Arena arena;
  for (const Index size : {1, 7, 63, 64, 65, 1 << 16}) {
    CAPTURE(size);
    const char* piece = arena.allocate<char>(size);
    CHECK(__asan_region_is_poisoned(const_cast<char*>(piece), static_cast<std::size_t>(size)) == nullptr);
    CHECK(__asan_address_is_poisoned(piece + size));
    const char* next = arena.allocate<char>(3);
    CHECK(__asan_address_is_poisoned(next - 1));
    CHECK(__asan_address_is_poisoned(next + 3));
    arena.clear();
    CHECK(__asan_address_is_poisoned(piece));
    CHECK(__asan_address_is_poisoned(next));
  }
}

TEST_CASE("Arena: a move keeps pieces in reach, and the heap gets its memory back as it was") {
  for (int i = 0; i < 20; ++i) {  // the allocator hands the same memory out again
    Arena a;
    char* piece = a.allocate<char>(100);
    const Arena b(std::move(a));
    CHECK(!__asan_address_is_poisoned(piece + 99));
    const std::unique_ptr<char[]> other(new char[1 << 16]);
    CHECK(__asan_region_is_poisoned(other.get(), 1 << 16) == nullptr);
  }
}
#endif
