// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/parameter.hpp"
#include "wsym/core/random.hpp"

namespace wsym {

/// How the weights of a W-asymmetric network are frozen: in every row of every layer a few random entries keep random
/// values for ever, so that no two hidden units can trade places. Source: Lim et al. 2024; Chernov and Novitskij 2025.
struct WAsymmetry {
  Key mask;                   // which entries, and their values: share it to share the mask
  std::vector<Index> n_fix;   // frozen entries a row, for each layer; empty: n_fix_rule()
  std::vector<double> kappa;  // scale of the frozen values, for each layer; empty: 1 everywhere
};

/// The paper's number of frozen entries per row: 2 in the first layer, then the nearest integer to hidden^(1/4)
/// (3 for 64 and 128, 4 for 256), the output layer included.
inline std::vector<Index> n_fix_rule(Index layers, Index hidden) {
  std::vector<Index> n_fix(static_cast<std::size_t>(layers),
                           static_cast<Index>(std::lround(std::pow(static_cast<double>(hidden), 0.25))));
  if (!n_fix.empty()) n_fix[0] = 2;
  return n_fix;
}

/// The frozen entries of one (rows, cols) weight: in each row n_fix columns chosen uniformly without replacement,
/// each with the value kappa z, z standard normal. Row i's positions depend on (key, i) and values on (key, i, column)
/// alone. n_fix = 0 freezes nothing. Throws ConfigError unless 0 <= n_fix < cols.
template <Real T> Frozen<T> w_asymmetric_entries(Index rows, Index cols, Index n_fix, double kappa, const Key& key) {
  expect<ConfigError>(n_fix >= 0 && n_fix < cols, "n_fix is ", n_fix, " but the fan-in is ", cols,
                      "; it must be from 0 to ", cols - 1);
  Frozen<T> frozen;
  std::vector<Index> columns(static_cast<std::size_t>(cols));
  for (Index row = 0; row < rows; ++row) {
    const Key positions = key.child("position").child(static_cast<std::uint64_t>(row));
    const Key values = key.child("value").child(static_cast<std::uint64_t>(row));
    for (Index c = 0; c < cols; ++c) columns[static_cast<std::size_t>(c)] = c;
    for (Index i = 0; i < n_fix; ++i)  // partial Fisher-Yates
      std::swap(columns[static_cast<std::size_t>(i)],
                columns[static_cast<std::size_t>(i + positions.below(static_cast<std::uint64_t>(i), cols - i))]);
    std::sort(columns.begin(), columns.begin() + n_fix);
    for (Index i = 0; i < n_fix; ++i) {
      const Index column = columns[static_cast<std::size_t>(i)];
      frozen.index.push_back(row * cols + column);
      frozen.value.push_back(static_cast<T>(kappa * values.normal(static_cast<std::uint64_t>(column))));
    }
  }
  return frozen;
}

}  // namespace wsym
