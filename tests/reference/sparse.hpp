// SPDX-License-Identifier: MIT
// Plain loops in double, written from the formulas: the oracles of the sparse experts' tests.
#pragma once
#include <numeric>

#include "reference/mixtures.hpp"

namespace reference {

using Position = std::ptrdiff_t;

/// The k columns of the largest entries of row n; of equal ones the lower column.
inline std::vector<Position> largest(const Matrix& x, Position n, Position k) {
  std::vector<Position> order(static_cast<std::size_t>(x.cols));
  std::iota(order.begin(), order.end(), Position{0});
  std::stable_sort(order.begin(), order.end(), [&](Position a, Position b) { return x(n, a) > x(n, b); });
  order.resize(static_cast<std::size_t>(k));
  return order;
}

/// What becomes of each choice: the expert, its slot, and whether that was below the capacity.
struct Claimed {
  Position expert = 0, slot = 0;
  bool kept = false;
};
using Claims = std::vector<std::vector<Claimed>>;  // [row][choice]

/// Rows in `members` blocks; groups of `size` rows of every block. In each group all first choices are served, then all
/// second ones, and so on; rows by their place and, within it, by member, or by falling weight of the first choice.
inline Claims dispatch(const std::vector<std::vector<Position>>& chosen, const Vector& first_weight, Position experts,
                       Position slots, Position size, Position members, bool by_weight) {
  const Position rows = static_cast<Position>(chosen.size()), block = rows / members;
  Claims claims(chosen.size(), std::vector<Claimed>(chosen[0].size()));
  for (Position group = 0; group < block / size; ++group) {
    std::vector<std::size_t> turns;
    for (Position n = group * size; n < (group + 1) * size; ++n)
      for (Position m = 0; m < members; ++m) turns.push_back(static_cast<std::size_t>(m * block + n));
    if (by_weight)
      std::stable_sort(turns.begin(), turns.end(),
                       [&](std::size_t a, std::size_t b) { return first_weight[a] > first_weight[b]; });
    std::vector<Position> asked(static_cast<std::size_t>(experts));
    for (std::size_t j = 0; j < chosen[0].size(); ++j)
      for (const std::size_t row : turns) {
        const Position expert = chosen[row][j], slot = asked[static_cast<std::size_t>(expert)]++;
        claims[row][j] = {expert, slot, slot < slots};
      }
  }
  return claims;
}

/// (standard deviation / mean)^2 of a list, with the population's standard deviation.
inline double squared_variation(const Vector& v) {
  double mean = 0, variance = 0;
  for (const double x : v) mean += x / static_cast<double>(v.size());
  for (const double x : v) variance += (x - mean) * (x - mean) / static_cast<double>(v.size());
  return variance / (mean * mean);
}

inline double importance_loss(const Matrix& logits) {
  const Matrix gates = softmax(logits);
  Vector sums(static_cast<std::size_t>(gates.cols));
  for (Position n = 0; n < gates.rows; ++n)
    for (Position e = 0; e < gates.cols; ++e) sums[static_cast<std::size_t>(e)] += gates(n, e);
  return squared_variation(sums);
}

inline double load_loss(const Matrix& logits, const Matrix& noisy, Position k, double sigma) {
  Vector load(static_cast<std::size_t>(logits.cols));
  for (Position n = 0; n < logits.rows; ++n) {
    const double threshold = noisy(n, largest(noisy, n, k).back());
    for (Position e = 0; e < logits.cols; ++e)
      load[static_cast<std::size_t>(e)] += 1 - normal_cdf((threshold - logits(n, e)) / sigma);
  }
  return squared_variation(load);
}

}  // namespace reference
