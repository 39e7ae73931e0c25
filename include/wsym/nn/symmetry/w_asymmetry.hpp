// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/finite.hpp"
#include "wsym/core/parameter.hpp"
#include "wsym/core/random.hpp"
#include "wsym/nn/mlp.hpp"

namespace wsym::inline WSYM_SIMD {

/// How the weights of a W-asymmetric network are frozen: in every row of every layer a few random entries keep random
/// values for ever, so that no two hidden units can trade places. Source: Lim et al. 2024; Chernov and Novitskij 2025.
struct WAsymmetry {
  /// The W-asymmetric network, and controls that each keep a part of what freezing does.
  enum class Kind {
    frozen,      // n_fix entries in each row, see w_asymmetric_entries()
    same_rows,   // as many, in the same columns with the same values in every row: see same_row_entries()
    whole_rows,  // about as many, in whole rows: see whole_row_entries()
    trainable    // nothing is frozen: the entries of `frozen` are where training starts from
  };

  Key mask;                        // which entries, and their values: share it to share the mask
  std::vector<Index> n_fix = {};   // frozen entries a row, for each layer; empty: n_fix_rule()
  std::vector<double> kappa = {};  // scale of the frozen values, for each layer; empty: 1 everywhere
  Kind kind = Kind::frozen;
};

/// The kappa that makes frozen values as large as free ones: 1/sqrt(3 in), the standard deviation of a weight of fan-in
/// `in` before training. Throws ConfigError for a fan-in below 1.
inline double kappa_free(Index in) {
  expect<ConfigError>(in >= 1, "kappa_free: fan-in is ", in, "; at least 1 is needed");
  return 1 / std::sqrt(3 * static_cast<double>(in));
}

/// The paper's number of frozen entries per row: 2 in the first layer, then the nearest integer to hidden^(1/4)
/// (3 for 64 and 128, 4 for 256), the output layer included.
inline std::vector<Index> n_fix_rule(Index layers, Index hidden) {
  std::vector<Index> n_fix(static_cast<std::size_t>(layers),
                           static_cast<Index>(std::lround(std::pow(static_cast<double>(hidden), 0.25))));
  if (!n_fix.empty()) n_fix[0] = 2;
  return n_fix;
}

namespace detail {
inline void expect_n_fix(Index n_fix, Index cols) {
  expect<ConfigError>(n_fix >= 0 && n_fix < cols, "n_fix is ", n_fix, " but the fan-in is ", cols,
                      "; it must be from 0 to ", cols - 1);
}

/// Throws ConfigError for a kappa whose products with standard normal numbers, all below 9, T might not hold.
template <Real T> void expect_kappa(double kappa) {
  expect<ConfigError>(std::isfinite(static_cast<T>(9 * kappa)), "w_asymmetry: kappa ", kappa, "; 9 kappa must fit a ",
                      number_name<T>);
}
}  // namespace detail

/// The frozen entries of one (rows, cols) weight: in each row n_fix columns chosen uniformly without replacement,
/// each with the value kappa z, z standard normal. Row i's positions depend on (key, i) and values on (key, i, column)
/// alone. n_fix = 0 freezes nothing. Throws ConfigError unless 0 <= n_fix < cols and T can hold 9 kappa.
template <Real T> Frozen<T> w_asymmetric_entries(Index rows, Index cols, Index n_fix, double kappa, const Key& key) {
  detail::expect_n_fix(n_fix, cols);
  detail::expect_kappa<T>(kappa);
  Frozen<T> frozen;
  std::vector<Index> columns(static_cast<std::size_t>(cols));
  for (Index row = 0; row < rows; ++row) {
    const Key positions = key.child("position").child(row);
    const Key values = key.child("value").child(row);
    for (Index c = 0; c < cols; ++c) columns[static_cast<std::size_t>(c)] = c;
    for (Index i = 0; i < n_fix; ++i)  // partial Fisher-Yates
      std::swap(columns[static_cast<std::size_t>(i)],
                columns[static_cast<std::size_t>(i + positions.below(i, cols - i))]);
    std::sort(columns.begin(), columns.begin() + n_fix);
    for (Index i = 0; i < n_fix; ++i) {
      const Index column = columns[static_cast<std::size_t>(i)];
      frozen.index.push_back(row * cols + column);
      frozen.value.push_back(static_cast<T>(kappa * values.normal(column)));
    }
  }
  return frozen;
}

/// The entries of row 0 of w_asymmetric_entries(), frozen in every row: as many and as large, but all units of the
/// layer below can still trade places, save the n_fix whose outgoing weights they are. Throws ConfigError as
/// w_asymmetric_entries().
template <Real T> Frozen<T> same_row_entries(Index rows, Index cols, Index n_fix, double kappa, const Key& key) {
  const Frozen<T> first = w_asymmetric_entries<T>(1, cols, n_fix, kappa, key);
  Frozen<T> frozen;
  for (Index row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < first.index.size(); ++i) {
      frozen.index.push_back(row * cols + first.index[i]);
      frozen.value.push_back(first.value[i]);
    }
  return frozen;
}

/// Whole rows, the nearest integer to rows n_fix / cols of them (perhaps none), chosen uniformly: about as many
/// entries, but all units of the layer can still trade places, save those of the frozen rows. What a row keeps depends
/// on what its columns are:
///   inputs: kappa z_j, z_j standard normal, a value for each column;
///   hidden units, which only a row of one value does not tell apart: kappa z / sqrt(cols) in every column.
/// So the mean square of the layer's pre-activations that frozen entries cause is n_fix kappa^2 E[h^2] over inputs, as
/// with w_asymmetric_entries(), and n_fix kappa^2 E[h]^2 over hidden units. Throws ConfigError likewise.
template <Real T>
Frozen<T> whole_row_entries(Index rows, Index cols, Index n_fix, double kappa, bool hidden_units, const Key& key) {
  detail::expect_n_fix(n_fix, cols);
  detail::expect_kappa<T>(kappa);
  std::vector<Index> chosen = key.child("position").permutation(rows);
  chosen.resize(static_cast<std::size_t>((2 * rows * n_fix + cols) / (2 * cols)));
  std::sort(chosen.begin(), chosen.end());
  const double scale = hidden_units ? kappa / std::sqrt(static_cast<double>(cols)) : kappa;
  Frozen<T> frozen;
  for (const Index row : chosen) {
    const Key values = key.child("value").child(row);
    for (Index column = 0; column < cols; ++column) {
      const std::uint64_t draw = hidden_units ? 0 : static_cast<std::uint64_t>(column);
      frozen.index.push_back(row * cols + column);
      frozen.value.push_back(static_cast<T>(scale * values.normal(draw)));
    }
  }
  return frozen;
}

/// The weight of layer `layer` after the entries of the asymmetry have taken their places in it.
template <Real T>
Parameter<T> asymmetric_weight(const Tensor<T>& weight, std::size_t layer, Index n_fix, double kappa,
                               const WAsymmetry& asymmetry) {
  using Kind = WAsymmetry::Kind;
  const Key key = asymmetry.mask.child(layer);
  const Index rows = weight.rows(), cols = weight.cols();
  Parameter<T> result(weight, asymmetry.kind == Kind::same_rows ? same_row_entries<T>(rows, cols, n_fix, kappa, key)
                              : asymmetry.kind == Kind::whole_rows
                                  ? whole_row_entries<T>(rows, cols, n_fix, kappa, layer > 0, key)
                                  : w_asymmetric_entries<T>(rows, cols, n_fix, kappa, key));
  return asymmetry.kind == Kind::trainable ? Parameter<T>(result.value()) : result;
}

template <Real T> Mlp<T>::Mlp(const MlpSize& size, const WAsymmetry& asymmetry, const Key& init) : Mlp(size, init) {
  const std::vector<Index> n_fix =
      asymmetry.n_fix.empty() ? n_fix_rule(static_cast<Index>(layers.size()), size.hidden) : asymmetry.n_fix;
  const std::vector<double> kappa = asymmetry.kappa.empty() ? std::vector<double>(layers.size(), 1.0) : asymmetry.kappa;
  expect<ConfigError>(n_fix.size() == layers.size() && kappa.size() == layers.size(), "Mlp: ", n_fix.size(),
                      " values of n_fix and ", kappa.size(), " of kappa; each of the ", layers.size(),
                      " layers needs one");
  for (std::size_t l = 0; l < layers.size(); ++l)
    layers[l].weight = asymmetric_weight(layers[l].weight.value(), l, n_fix[l], kappa[l], asymmetry);
}

}  // namespace wsym::inline WSYM_SIMD
