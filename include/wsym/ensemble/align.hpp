// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/nn/mlp.hpp"
#include "wsym/nn/module.hpp"

namespace wsym::inline WSYM_SIMD {

/// The cheapest way to give every row a column of its own: the column of each row, such that the sum of
/// cost(row, column) is least. cost (n, n), finite. Throws ShapeError for another shape, ConfigError for an entry that
/// is not finite. Cost O(n^3). Source: Jonker and Volgenant 1987 (shortest augmenting paths, without their starts).
template <Real T> std::vector<Index> linear_assignment(const Tensor<T>& cost) {
  using Numbers = Eigen::Array<std::common_type_t<T, double>, Eigen::Dynamic, 1>;
  using Indices = Eigen::Array<typename Numbers::Index, Eigen::Dynamic, 1>;
  const Index n = cost.rows();
  expect(cost.cols() == n, "linear_assignment: cost is ", cost.shape(), "; it needs as many columns as rows");
  expect<ConfigError>(cost.array().isFinite().all(), "linear_assignment: a cost is not finite");
  // cost(i, j) >= u_i + v_j for the rows that have a column, with equality where row_of_j = i; free columns have -1
  Numbers u = Numbers::Zero(n), v = Numbers::Zero(n), length(n);
  Indices row_of = Indices::Constant(n, -1), before(n), reached(n);
  for (Index start = 0; start < n; ++start) {
    // Dijkstra: the shortest path from this row to a free column, its length to each column, and the column before
    length.setConstant(std::numeric_limits<double>::infinity());
    reached.setZero();
    Index end = -1;
    for (Index row = start; row >= 0; row = row_of(end)) {
      const Index last = end;
      const double reach = last < 0 ? 0 : length(last);
      end = -1;
      for (Index j = 0; j < n; ++j) {
        if (reached(j)) continue;
        const double through = reach + static_cast<double>(cost(row, j)) - u(row) - v(j);
        if (through < length(j)) length(j) = through, before(j) = last;
        if (end < 0 || length(j) < length(end)) end = j;
      }
      reached(end) = 1;
    }
    u(start) += length(end);
    for (Index j = 0; j < n; ++j)
      if (reached(j) && j != end) v(j) += length(j) - length(end), u(row_of(j)) += length(end) - length(j);
    for (Index j = end; j >= 0; j = before(j)) row_of(j) = before(j) < 0 ? start : row_of(before(j));
  }
  std::vector<Index> column(static_cast<std::size_t>(n));
  for (Index j = 0; j < n; ++j) column[static_cast<std::size_t>(row_of(j))] = j;
  return column;
}

/// New orders of the units of an MLP's hidden layers: unit i of hidden layer l becomes what unit [l][i] was.
using UnitOrders = std::vector<std::vector<Index>>;

namespace detail {
inline std::vector<Index> in_order(Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  return order;
}

/// Entry (i, j) is entry (rows[i], cols[j]) of p, and frozen where that is.
template <Real T>
Parameter<T> reordered(const Parameter<T>& p, const std::vector<Index>& rows, const std::vector<Index>& cols) {
  std::vector<char> is_frozen(static_cast<std::size_t>(p.size()), 0);
  for (const Index i : p.frozen().index) is_frozen[static_cast<std::size_t>(i)] = 1;
  Tensor<T> value(p.shape());
  Frozen<T> frozen;
  Index to = 0;
  for (const Index row : rows)
    for (const Index col : cols) {
      const Index from = row * value.cols() + col;
      value[to] = p.value()[from];
      if (is_frozen[static_cast<std::size_t>(from)]) {
        frozen.index.push_back(to);
        frozen.value.push_back(value[to]);
      }
      ++to;
    }
  return Parameter<T>(std::move(value), std::move(frozen));
}

template <Real T> void expect_orders(const Mlp<T>& model, const UnitOrders& orders) {
  model.check();
  expect<ConfigError>(orders.size() + 1 == model.layers.size(), "apply_permutation: ", orders.size(), " orders for ",
                      model.layers.size(), " layers; each hidden layer needs one");
  for (std::size_t l = 0; l < orders.size(); ++l) {
    std::vector<Index> sorted = orders[l];
    std::sort(sorted.begin(), sorted.end());
    expect<ConfigError>(sorted == in_order(model.layers[l].bias.size()), "apply_permutation: order ", l,
                        " does not hold each of 0 .. ", model.layers[l].bias.size() - 1, " once");
  }
}

/// s(i, j): the inner product of everything that unit i of hidden layer l in a and unit j in b are tied to: their
/// incoming weights and bias, and with `outgoing` the weights of the layer above.
template <Real T> Tensor<double> unit_similarity(const Mlp<T>& a, const Mlp<T>& b, std::size_t l, bool outgoing) {
  const auto wide = [](const Parameter<T>& p) {
    Tensor<double> copy(p.shape());
    copy.array() = p.value().array().template cast<double>();
    return copy;
  };
  const auto view = [](auto& t) {
    return kernels::view<double>(t.mat());
  };
  const Tensor<double> in_a = wide(a.layers[l].weight), in_b = wide(b.layers[l].weight),
                       bias_a = wide(a.layers[l].bias), bias_b = wide(b.layers[l].bias);
  Tensor<double> s({in_a.rows(), in_a.rows()});
  kernels::gemm<double>(view(s), view(in_a), view(in_b).transposed());
  kernels::gemm<double>(view(s), view(bias_a).transposed(), view(bias_b), true);
  if (!outgoing) return s;
  const Tensor<double> out_a = wide(a.layers[l + 1].weight), out_b = wide(b.layers[l + 1].weight);
  kernels::gemm<double>(view(s), view(out_a).transposed(), view(out_b), true);
  return s;
}

/// Takes the order of the units that makes the similarity (units of a, units of b) largest on the diagonal; false, and
/// the order as it was, where that gains nothing beyond rounding.
template <Real T> bool improve_order(Tensor<T> similarity, std::vector<Index>& order) {
  similarity.array() *= -1;
  const std::vector<Index> partner = linear_assignment(similarity);
  std::vector<Index> next;
  double gain = 0, size = 0;
  for (Index i = 0; i < similarity.rows(); ++i) {
    const Index j = partner[static_cast<std::size_t>(i)];
    gain += similarity(i, i) - similarity(i, j);
    size += std::abs(similarity(i, i)) + std::abs(similarity(i, j));
    next.push_back(order[static_cast<std::size_t>(j)]);
  }
  if (gain <= 1e-12 * size) return false;
  order = std::move(next);
  return true;
}
}  // namespace detail

/// The same function with its hidden units in other orders. Frozen entries move with their units: a W-asymmetric
/// network leaves its family, so same_frozen() of it and the original is false and their mean freezes nothing. Throws
/// ConfigError unless there is one permutation for each hidden layer, ShapeError for layers that do not fit each other.
template <Real T> Mlp<T> apply_permutation(const Mlp<T>& model, const UnitOrders& orders) {
  detail::expect_orders(model, orders);
  Mlp<T> result = model;
  std::vector<Index> below = detail::in_order(model.layers[0].weight.value().cols());
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const Linear<T>& layer = model.layers[l];
    const std::vector<Index> order = l < orders.size() ? orders[l] : detail::in_order(layer.bias.size());
    result.layers[l].weight = detail::reordered(layer.weight, order, below);
    result.layers[l].bias = detail::reordered(layer.bias, {0}, order);
    below = order;
  }
  return result;
}

/// The orders that bring b's hidden units next to those of a that they resemble: apply_permutation(b, orders) is what
/// to interpolate with a. At first each layer, from the lowest up, is matched by its incoming weights and bias alone;
/// then one layer after the other, in an order drawn from `key` for each sweep, takes the permutation P of its units
/// that is best while the other layers stand, by linear assignment on
///   <P, W_l^A (W_l^B)ᵀ + b_l^A (b_l^B)ᵀ + (W_{l+1}^A)ᵀ W_{l+1}^B>,  B with the orders so far,
/// until a sweep gains nothing (1e-12 of the terms is nothing): a local optimum of <theta_a, theta_b>. Throws
/// ShapeError for unlike networks. Cost: O(width^3) a layer and sweep. Source: Ainsworth et al. 2023, "Git Re-Basin",
/// algorithm 1; deliberate difference: the first, upward sweep, which finds a permuted copy whatever its weights, where
/// a start from the identity can end in another optimum.
template <Real T> UnitOrders weight_matching(const Mlp<T>& a, const Mlp<T>& b, const Key& key) {
  const Mlp<T>* const models[] = {&a, &b};
  detail::for_each_together<Mlp<T>>("weight_matching", models, [](const std::string&, const auto&) {});
  b.check();
  UnitOrders orders;
  for (std::size_t l = 0; l + 1 < b.layers.size(); ++l) orders.push_back(detail::in_order(b.layers[l].bias.size()));
  Mlp<T> matched = b;
  const auto improve = [&](std::size_t l, bool outgoing) {
    const bool changed = detail::improve_order(detail::unit_similarity(a, matched, l, outgoing), orders[l]);
    if (changed) matched = apply_permutation(b, orders);
    return changed;
  };
  for (std::size_t l = 0; l < orders.size(); ++l) improve(l, false);
  bool changed = !orders.empty();
  for (std::uint64_t sweep = 0; std::exchange(changed, false); ++sweep)
    for (const Index l : key.child(sweep).permutation(static_cast<Index>(orders.size())))
      changed = improve(static_cast<std::size_t>(l), true) || changed;
  return orders;
}

}  // namespace wsym::inline WSYM_SIMD
