// SPDX-License-Identifier: MIT
#include "wsym/core/arena.hpp"

#include <algorithm>
#include <cstdint>

#include "support.hpp"

using namespace wsym;

namespace {
using Sizes = std::vector<Index>;

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
  CHECK(second - first == 16);  // 72 bytes take two lines
  CHECK(reinterpret_cast<unsigned char*>(arena.allocate<char>(1)) - reinterpret_cast<unsigned char*>(second) == 64);
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
  CHECK(arena.capacity() == first + (std::size_t{1} << 20));
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
  CHECK(arena.used() == 64 + 128);
  arena.allocate<char>(Index{1} << 20);  // does not fit into the first block of 2^16, whose end is lost
  CHECK(arena.used() == (std::size_t{1} << 16) + (std::size_t{1} << 20));
  arena.clear();
  CHECK(arena.used() == 0);
}
