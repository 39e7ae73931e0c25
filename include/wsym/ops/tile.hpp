// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/pick.hpp"

namespace wsym {

/// Where the copies of a row lie: member after member, [X; X; ...] (tile), or next to each other (repeat).
enum class TileOrder { tile, repeat };

/// M copies of every row, one for each member of an ensemble inside one network. In the order `repeat` the rows of a
/// unit stay together: the tokens of an image.
struct Tiling {
  Index members = 1;
  TileOrder order = TileOrder::tile;
  Index unit = 1;

  /// Where member m's copy of row n lies, for `rows` rows before tiling.
  Index row(Index m, Index n, Index rows) const {
    return order == TileOrder::tile ? m * rows + n : (n / unit * members + m) * unit + n % unit;
  }
  /// The member and the row before tiling of a tiled row.
  struct Copy {
    Index member, row;
  };
  Copy copy(Index tiled_row, Index rows) const {
    if (order == TileOrder::tile) return {tiled_row / rows, tiled_row % rows};
    const Index units = tiled_row / unit;
    return {units % members, units / members * unit + tiled_row % unit};
  }
};

namespace detail {
inline void check_tiling(const char* op, const Tiling& tiling, Index rows) {
  expect<ConfigError>(tiling.members >= 1 && tiling.unit >= 1, op, ": ", tiling.members, " members and a unit of ",
                      tiling.unit, " rows; each must be at least 1");
  expect(tiling.order == TileOrder::tile || rows % tiling.unit == 0, op, ": ", rows,
         " rows do not divide into units of ", tiling.unit);
}

/// As errors call it.
inline std::string named(const Tiling& tiling) {
  const bool tile = tiling.order == TileOrder::tile;
  return message(tiling.members, tile ? " copies, tiled" : message(" copies, repeated in units of ", tiling.unit));
}

/// The rows before tiling of a tiled x.
template <Real T> Index untiled_rows(const char* op, Var<T> x, const Tiling& tiling) {
  expect<ConfigError>(tiling.members >= 1, op, ": ", tiling.members, " members; at least 1 is needed");
  expect(x.rows() % tiling.members == 0, op, ": x is ", x.shape(), ", whose ", x.rows(), " rows do not divide among ",
         tiling.members, " members");
  check_tiling(op, tiling, x.rows() / tiling.members);
  return x.rows() / tiling.members;
}

template <Real T> std::span<Index> arena_list(Tape<T>& tape, Index size) {
  return {tape.template scratch<Index>(size), static_cast<std::size_t>(size)};
}

/// The same axes with another outermost one. A list of numbers counts as one row.
inline Shape with_first(const Shape& shape, Index first) {
  switch (shape.rank()) {
    case 4:
      return {first, shape[1], shape[2], shape[3]};
    case 3:
      return {first, shape[1], shape[2]};
    default:
      return {first, shape.cols()};
  }
}
inline Shape tiled(const Shape& shape, Index members) {
  return with_first(shape, members * (shape.rank() < 2 ? 1 : shape[0]));
}
inline Shape untiled(const Shape& shape, Index members, Index rows) {
  const bool divides = shape.rank() >= 2 && shape[0] % members == 0;
  return divides ? with_first(shape, shape[0] / members) : Shape{rows, shape.cols()};
}
}  // namespace detail

/// Every row M times: (n, ...) -> (M n, ...) in the order that `tiling` says; differentiable, the gradients of the
/// copies add up in the order in which they lie. Late tiling is this function, called later.
/// Throws ShapeError where units do not divide the rows, ConfigError for a tiling without members or units.
/// Source: Allingham et al. 2022, section 4.1; their text has [X; X], their code repeats.
template <Real T> Var<T> tile_rows(Var<T> x, const Tiling& tiling) {
  const Index rows = x.rows();
  detail::check_tiling("tile_rows", tiling, rows);
  if (tiling.members == 1) return x;
  const std::span<Index> from = detail::arena_list(x.tape(), tiling.members * rows);
  for (Index m = 0; m < tiling.members; ++m)
    for (Index n = 0; n < rows; ++n) from[static_cast<std::size_t>(tiling.row(m, n, rows))] = n;
  return pick_rows(x, x.cols(), detail::tiled(x.shape(), tiling.members), from);
}

/// The sum of the members' rows: (M n, ...) -> (n, ...), added in the order of the members; differentiable.
/// Throws ShapeError where rows do not divide among members, or theirs into units; ConfigError as tile_rows.
template <Real T> Var<T> sum_members(Var<T> x, const Tiling& tiling) {
  const Index rows = detail::untiled_rows("sum_members", x, tiling);
  if (tiling.members == 1) return x;
  Var<T> y = x.tape().result(detail::untiled(x.shape(), tiling.members, rows), x);
  for (Index n = 0; n < rows; ++n) {
    y.out().row(n) = x.value().row(tiling.row(0, n, rows));
    for (Index m = 1; m < tiling.members; ++m) y.out().row(n) += x.value().row(tiling.row(m, n, rows));
  }
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index m = 0; m < tiling.members; ++m)
        for (Index n = 0; n < rows; ++n) dx.row(tiling.row(m, n, rows)) += y.grad().row(n);
    });
  });
  return y;
}

/// The same rows in another order of tiling: differentiable, and no work where the orders agree. Throws as sum_members,
/// for both orders.
template <Real T> Var<T> reorder_tiles(Var<T> x, const Tiling& from, TileOrder to) {
  const Index rows = detail::untiled_rows("reorder_tiles", x, from);
  if (from.members == 1 || from.order == to) return x;
  Tiling target = from;
  target.order = to;
  detail::check_tiling("reorder_tiles", target, rows);
  const std::span<Index> sources = detail::arena_list(x.tape(), x.rows());
  for (Index m = 0; m < from.members; ++m)
    for (Index n = 0; n < rows; ++n) sources[static_cast<std::size_t>(target.row(m, n, rows))] = from.row(m, n, rows);
  return pick_rows(x, x.cols(), x.shape(), sources);
}

/// A list with an entry for each row, tiled like the rows; it lies in the tape's arena. For labels, targets (width
/// entries a row) and weights: the loss of a tiled batch is the mean of the members' losses. Throws ShapeError for a
/// list that is no multiple of width, or as tile_rows.
template <class U, Real T>
std::span<const U> tile_entries(Tape<T>& tape, std::span<const U> list, const Tiling& tiling, Index width = 1) {
  expect(width >= 1 && static_cast<Index>(list.size()) % width == 0, "tile_entries: ", list.size(),
         " entries of width ", width, "; a whole number of rows is needed");
  const Index rows = static_cast<Index>(list.size()) / width;
  detail::check_tiling("tile_entries", tiling, rows);
  const Index size = tiling.members * rows * width;
  U* tiled = tape.template scratch<U>(size);
  for (Index m = 0; m < tiling.members; ++m)
    for (Index n = 0; n < rows; ++n)
      std::copy_n(list.data() + n * width, width, tiled + tiling.row(m, n, rows) * width);
  return {tiled, static_cast<std::size_t>(size)};
}

}  // namespace wsym
