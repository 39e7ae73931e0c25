// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <vector>

#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// The Philox4x32-10 block function: ten rounds that mix a 128-bit counter under a 64-bit key.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0], b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// A named stream of random numbers: Key(seed).child("init").child(member).child(layer), then value i of that stream.
/// Every call is a pure function of the names, the seed and i, so no result depends on the order of calls, on threads,
/// or on what else was drawn. 128 bits identify a stream; children by number and by name never meet, nor do they meet
/// the stream's own values (each has its own part of the counter).
class Key {
 public:
  explicit constexpr Key(std::uint64_t seed) : key_(seed), stream_(0) {}

  constexpr Key child(std::integral auto tag) const { return derive(static_cast<std::uint64_t>(tag), by_number); }
  constexpr Key child(std::string_view name) const {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return derive(hash, by_name);
  }

  /// 64 uniform bits; i < 2^62.
  constexpr std::uint64_t bits(std::integral auto i) const {
    const auto block = philox(static_cast<std::uint64_t>(i), values);
    return block[0] | std::uint64_t{block[1]} << 32;
  }
  /// Uniform on the open interval (0, 1): the midpoints of 2^52 equal cells, so neither 0 nor 1.
  constexpr double uniform(std::integral auto i) const { return unit(bits(i)); }
  /// Standard normal (Box-Muller on the two halves of one block).
  double normal(std::integral auto i) const {
    const auto block = philox(static_cast<std::uint64_t>(i), values);
    const double u = unit(block[0] | std::uint64_t{block[1]} << 32), v = unit(block[2] | std::uint64_t{block[3]} << 32);
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }
  /// Standard Gumbel, -ln(-ln U).
  double gumbel(std::integral auto i) const { return -std::log(-std::log(uniform(i))); }
  /// Uniform on 0 .. n-1 by multiplication; the bias is below n / 2^32 of a 2^-32 cell. n <= 2^32.
  constexpr Index below(std::integral auto i, Index n) const {
    const std::uint64_t word = bits(i), size = static_cast<std::uint64_t>(n);
    return static_cast<Index>(((word >> 32) * size + ((word & 0xffffffff) * size >> 32)) >> 32);
  }
  /// Writes 0 .. n-1 in a uniformly random order (Fisher-Yates) into `order`, which keeps its memory.
  void permutation(Index n, std::vector<Index>& order) const {
    order.resize(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
    for (Index i = n - 1; i > 0; --i)
      std::swap(order[static_cast<std::size_t>(i)],
                order[static_cast<std::size_t>(below(static_cast<std::uint64_t>(i), i + 1))]);
  }
  std::vector<Index> permutation(Index n) const {
    std::vector<Index> order;
    permutation(n, order);
    return order;
  }

  friend constexpr bool operator==(const Key&, const Key&) = default;

 private:
  enum Domain : std::uint32_t { values = 0, by_number = 1, by_name = 2 };

  constexpr Key(std::uint64_t key, std::uint64_t stream) : key_(key), stream_(stream) {}

  /// counter = (domain and the low 62 bits of i, stream): values and the two kinds of children never meet.
  constexpr std::array<std::uint32_t, 4> philox(std::uint64_t i, Domain domain) const {
    return philox4x32({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32 & 0x3fffffff) | domain << 30,
                       static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                      {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)});
  }
  constexpr Key derive(std::uint64_t tag, Domain domain) const {
    const auto block = philox(tag, domain);
    return Key(block[0] | std::uint64_t{block[1]} << 32, block[2] | std::uint64_t{block[3]} << 32);
  }
  static constexpr double unit(std::uint64_t bits) { return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52; }

  std::uint64_t key_, stream_;
};

}  // namespace wsym::inline WSYM_SIMD
