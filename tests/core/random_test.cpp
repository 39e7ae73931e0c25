// SPDX-License-Identifier: MIT
#include "wsym/core/random.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "support.hpp"

using namespace wsym;

namespace {
using Block = std::array<std::uint32_t, 4>;
constexpr std::uint64_t word(std::uint32_t low, std::uint32_t high) {
  return low | std::uint64_t{high} << 32;
}

struct Moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0;
};
template <class F> Moments moments(std::uint64_t n, F draw) {
  std::vector<double> x(n);
  for (std::uint64_t i = 0; i < n; ++i) x[i] = draw(i);
  const double count = static_cast<double>(n);
  Moments m{.mean = std::accumulate(x.begin(), x.end(), 0.0) / count};
  double cubes = 0, fourths = 0;
  for (const double value : x) {
    const double d = value - m.mean;
    m.variance += d * d / count, cubes += d * d * d / count, fourths += d * d * d * d / count;
  }
  m.skewness = cubes / std::pow(m.variance, 1.5);
  m.kurtosis = fourths / (m.variance * m.variance);
  return m;
}

/// Pearson's statistic of counts that should all be equal: about its degrees of freedom, cells - 1, when they are.
double chi_square(const std::vector<Index>& counts) {
  const double expected =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), Index{0})) / static_cast<double>(counts.size());
  double total = 0;
  for (const Index count : counts) total += std::pow(static_cast<double>(count) - expected, 2) / expected;
  return total;
}

constexpr std::uint64_t draws = 40000;
}  // namespace

TEST_CASE("philox4x32: the known answers published with Random123") {
  constexpr std::uint32_t ones = 0xffffffff;
  static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  static_assert(philox4x32({ones, ones, ones, ones}, {ones, ones}) ==
                Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  static_assert(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
                Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Key: value i of a seed is the block of counter i under the seed as key") {
  CHECK(Key(0).bits(0) == word(0x6627e8d5, 0xe169c58d));
  constexpr std::uint64_t seed = 0x0123456789abcdef, i = 0x3edcba9876543210;
  constexpr Block block = philox4x32({0x76543210, 0x3edcba98, 0, 0}, {0x89abcdef, 0x01234567});
  CHECK(Key(seed).bits(i) == word(block[0], block[1]));
}

TEST_CASE("Key: a child's 128 bits are the block of its tag, in the domain of numbers or of names") {
  constexpr Block numbered = philox4x32({7, 1u << 30, 0, 0}, {5, 0}),
                  named = philox4x32({0x8601ec8c, (0xaf63dc4c & 0x3fffffff) | 2u << 30, 0, 0}, {5, 0});
  const auto first_value = [](const Block& b) {
    const Block value = philox4x32({0, 0, b[2], b[3]}, {b[0], b[1]});
    return word(value[0], value[1]);
  };
  CHECK(Key(5).child(7).bits(0) == first_value(numbered));
  CHECK(Key(5).child("a").bits(0) == first_value(named));  // af63dc4c8601ec8c is the published FNV-1a hash of "a"
}

TEST_CASE("Key: seeds that differ in their upper bits have different children") {
  CHECK(Key(0).child("a") != Key(std::uint64_t{1} << 32).child("a"));
  CHECK(Key(0).child("a") != Key(std::uint64_t{3} << 32).child(0xaf63dc4c8601ec8c));
}

TEST_CASE("Key: a name and the number it hashes to are different children") {
  CHECK(Key(1).child("a") != Key(1).child(0xaf63dc4c8601ec8c));
  CHECK(Key(1).child("1") != Key(1).child(1));
  CHECK(Key(1).child("") != Key(1));
}

TEST_CASE("Key: every value is a pure function of its names") {
  const Key key = Key(3).child("init").child(4);
  const std::uint64_t late = key.bits(99);
  CHECK(key.bits(0) != late);
  CHECK(Key(3).child("init").child(4).bits(99) == late);
  CHECK(Key(3).child(4).child("init").bits(99) != late);
  CHECK(Key(4).child("init").child(4).bits(99) != late);
}

TEST_CASE("Key: values, children, siblings and neighbouring seeds are all different") {
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (std::uint64_t i = 0; i < 100; ++i) {
      const Key key(seed);
      for (const std::uint64_t bits : {key.bits(i), key.child(i).bits(0), key.child(i).bits(1),
                                       key.child(i).child(i).bits(0), key.child(std::to_string(i)).bits(0)})
        all.push_back(bits);
    }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("Key: neighbouring siblings share half of their bits and no correlation") {
  double same = 0, product = 0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const Key a = Key(5).child(i), b = Key(5).child(i + 1);
    same += std::popcount(~(a.bits(0) ^ b.bits(0)));
    product += a.normal(0) * b.normal(0);
  }
  const double n = static_cast<double>(draws);
  CHECK(std::abs(same / (64 * n) - 0.5) < 5 * 0.5 / std::sqrt(64 * n));
  CHECK(std::abs(product / n) < 5 / std::sqrt(n));
}

TEST_CASE("uniform: the midpoint of one of 2^52 cells, so never 0 nor 1") {
  const Key key(6);
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double u = key.uniform(i);
    REQUIRE(u * 0x1p52 == static_cast<double>(key.bits(i) >> 12) + 0.5);
    REQUIRE(0 < u);
    REQUIRE(u < 1);
  }
  static_assert(0.5 * 0x1p-52 > 0 && (static_cast<double>(~std::uint64_t{0} >> 12) + 0.5) * 0x1p-52 < 1);
}

// Bounds are five standard errors of the estimate for this number of draws, from the distribution's own moments.
TEST_CASE("uniform: mean 1/2, variance 1/12, kurtosis 9/5") {
  const Moments m = moments(draws, [](std::uint64_t i) { return Key(7).uniform(i); });
  CHECK(std::abs(m.mean - 0.5) < 0.0073);
  CHECK(std::abs(m.variance - 1.0 / 12) < 0.0019);
  CHECK(std::abs(m.skewness) < 0.03);
  CHECK(std::abs(m.kurtosis - 1.8) < 0.03);
}

TEST_CASE("normal: mean 0, variance 1, no skewness, kurtosis 3, and the tails of the distribution function") {
  const auto draw = [](std::uint64_t i) {
    return Key(8).normal(i);
  };
  const Moments m = moments(draws, draw);
  CHECK(std::abs(m.mean) < 0.025);
  CHECK(std::abs(m.variance - 1) < 0.036);
  CHECK(std::abs(m.skewness) < 0.062);
  CHECK(std::abs(m.kurtosis - 3) < 0.13);
  for (const double x : {-2.0, -1.0, 0.0, 1.0, 2.0}) {
    const double below = moments(draws, [&](std::uint64_t i) { return draw(i) < x ? 1.0 : 0.0; }).mean;
    CHECK(std::abs(below - 0.5 * std::erfc(-x / std::numbers::sqrt2)) < 0.0125);
  }
}

TEST_CASE("gumbel: -ln(-ln u) of the uniform value, mean 0.5772, variance pi^2 / 6") {
  CHECK(Key(9).gumbel(3) == -std::log(-std::log(Key(9).uniform(3))));
  const Moments m = moments(draws, [](std::uint64_t i) { return Key(9).gumbel(i); });
  CHECK(std::abs(m.mean - std::numbers::egamma) < 0.033);
  CHECK(std::abs(m.variance - std::numbers::pi * std::numbers::pi / 6) < 0.087);
}

TEST_CASE("below: the leading bits for a power of two, 0 for one, and every value equally often") {
  const Key key(10);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    REQUIRE(key.below(i, 1) == 0);
    REQUIRE(key.below(i, 8) == static_cast<Index>(key.bits(i) >> 61));
    REQUIRE(key.below(i, Index{1} << 32) == static_cast<Index>(key.bits(i) >> 32));
  }
  std::vector<Index> counts(7);
  for (std::uint64_t i = 0; i < draws; ++i) ++counts.at(static_cast<std::size_t>(key.below(i, 7)));
  CHECK(chi_square(counts) < 22.5);  // the 0.999 quantile of 6 degrees of freedom
}

TEST_CASE("permutation: holds every index once, for any length") {
  for (const Index n : {0, 1, 2, 3, 17, 1000}) {
    std::vector<Index> order = Key(11).permutation(n);
    std::sort(order.begin(), order.end());
    std::vector<Index> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), Index{0});
    CHECK(order == all);
  }
}

TEST_CASE("permutation: each of the 24 orders of four comes equally often") {
  std::vector<Index> counts(24), order;
  for (std::uint64_t i = 0; i < 12000; ++i) {
    Key(12).child(i).permutation(4, order);
    std::size_t rank = 0;  // in lexicographic order: the digits of the factorial number system
    for (std::size_t a = 0; a < 4; ++a)
      rank =
          rank * (4 - a) + static_cast<std::size_t>(std::count_if(order.begin() + static_cast<Index>(a) + 1,
                                                                  order.end(), [&](Index b) { return b < order[a]; }));
    ++counts.at(rank);
  }
  CHECK(chi_square(counts) < 49.8);  // the 0.999 quantile of 23 degrees of freedom
}

TEST_CASE("permutation: writes into the memory it is given") {
  std::vector<Index> order(100);
  const Index before = test::allocations();
  Key(13).permutation(100, order);
  CHECK(test::allocations() == before);
  CHECK(order == Key(13).permutation(100));
  CHECK(order != Key(14).permutation(100));
}
