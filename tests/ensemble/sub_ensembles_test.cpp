// SPDX-License-Identifier: MIT
#include "wsym/ensemble/sub_ensembles.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"

using namespace wsym;

namespace {
constexpr MlpSize california{8, 64, 1};

enum class Mask { none, shared, own };

template <Real T> Mlp<T> drawn(Mask mask, std::uint64_t member) {
  if (mask == Mask::none) return Mlp<T>(california, Key(1).child(member));
  const Key key = mask == Mask::shared ? Key(2) : Key(2).child(member);
  return Mlp<T>(california, {.mask = key}, Key(1).child(member));
}

/// The expected squared distance of two freshly drawn networks. Free entries have variance v = 1 / (3 in); a pair of
/// them differs by 2 v, a pair of frozen ones by 2, a mixed pair by 1 + v.
double expected_square(Mask mask) {
  const Index in[] = {8, 64, 64, 64}, out[] = {64, 64, 64, 1}, n_fix[] = {2, 3, 3, 3};
  double total = 0;
  for (std::size_t l = 0; l < 4; ++l) {
    const double v = 1 / (3.0 * static_cast<double>(in[l])), entries = static_cast<double>(in[l] * out[l]);
    const double frozen = mask == Mask::none ? 0 : static_cast<double>(n_fix[l] * out[l]);
    const double both = frozen * frozen / entries;  // frozen in both, for masks of their own
    total += 2 * v * static_cast<double>(out[l]);
    if (mask == Mask::own)
      total += 2 * both + 2 * (frozen - both) * (1 + v) + 2 * v * (entries - 2 * frozen + both);
    else
      total += 2 * v * (entries - frozen);
  }
  return total;
}
}  // namespace

TEST_CASE_TEMPLATE("interpolate: freshly drawn networks are as far apart as the closed form says", T, float, double) {
  for (const auto& expected : {std::pair{Mask::none, 11.6337}, {Mask::shared, 10.9839}, {Mask::own, 33.9212}}) {
    const Mask mask = expected.first;
    const double oracle = expected.second;
    CAPTURE(oracle);
    CHECK(std::sqrt(expected_square(mask)) == doctest::Approx(oracle).epsilon(5e-6));
    const int pairs = 60;
    double mean = 0, square = 0;  // of the squared distance
    for (std::uint64_t i = 0; i < pairs; ++i) {
      const double d = distance(drawn<T>(mask, 2 * i), drawn<T>(mask, 2 * i + 1));
      mean += d * d / pairs;
      square += d * d * d * d / pairs;
    }
    const double error = std::sqrt((square - mean * mean) / (pairs - 1));
    CHECK(std::abs(mean - expected_square(mask)) < 4 * error);
    CHECK(error < 0.01 * mean);  // so the check above can tell the three apart
  }
}

TEST_CASE_TEMPLATE("interpolate: the mean pairwise distance runs over all pairs", T, float, double) {
  std::vector<Mlp<T>> members;
  CHECK(mean_pairwise_distance<Mlp<T>>(members) == 0);
  for (std::uint64_t i = 0; i < 3; ++i) members.push_back(drawn<T>(Mask::none, i));
  CHECK(mean_pairwise_distance<Mlp<T>>(std::span(members).first(1)) == 0);
  CHECK(
      mean_pairwise_distance<Mlp<T>>(members) ==
      doctest::Approx(
          (distance(members[0], members[1]) + distance(members[0], members[2]) + distance(members[1], members[2])) / 3)
          .epsilon(1e-14));
}

TEST_CASE("interpolate: a group is the first k members, or every k consecutive ones that are complete") {
  CHECK(group_starts(64, 4, Groups::first) == std::vector<Index>{0});
  CHECK(group_starts(64, 16, Groups::disjoint) == std::vector<Index>{0, 16, 32, 48});
  CHECK(group_starts(7, 3, Groups::disjoint) == std::vector<Index>{0, 3});
  CHECK(group_starts(7, 4, Groups::disjoint) == std::vector<Index>{0});
  CHECK(group_starts(3, 1, Groups::disjoint) == std::vector<Index>{0, 1, 2});
  CHECK(group_starts(3, 3, Groups::disjoint) == std::vector<Index>{0});
}

TEST_CASE("interpolate: a group of none or of more than there are is refused") {
  CHECK_THROWS_WITH_AS(group_starts(8, 16, Groups::first),
                       "group_starts: an ensemble of 16 out of 8 members; 1 to 8 are possible", ConfigError);
  CHECK_THROWS_AS(group_starts(8, 0, Groups::disjoint), ConfigError);
}
