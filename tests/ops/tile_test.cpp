// SPDX-License-Identifier: MIT
#include "wsym/ops/tile.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
constexpr Tiling tilings[] = {
    {1}, {2}, {3, TileOrder::tile, 2}, {2, TileOrder::repeat}, {3, TileOrder::repeat, 2}, {2, TileOrder::repeat, 6}};
auto tiled(const Tiling& tiling) {
  return [=](auto& x) {
    return tile_rows(x[0], tiling);
  };
}
auto summed(const Tiling& tiling) {
  return [=](auto& x) {
    return sum_members(x[0], tiling);
  };
}
auto reordered(const Tiling& tiling, TileOrder to) {
  return [=](auto& x) {
    return reorder_tiles(x[0], tiling, to);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("tile_rows: the paper's [X; X], the code's repeated rows, and images of two tokens", T, float,
                   double) {
  const Tensor<T> x({4, 1}, {1, 2, 3, 4});
  CHECK(same_bits(test::value_of<T>(tiled({2}), {x}), Tensor<T>({8, 1}, {1, 2, 3, 4, 1, 2, 3, 4})));
  CHECK(same_bits(test::value_of<T>(tiled({2, TileOrder::repeat}), {x}), Tensor<T>({8, 1}, {1, 1, 2, 2, 3, 3, 4, 4})));
  CHECK(
      same_bits(test::value_of<T>(tiled({2, TileOrder::repeat, 2}), {x}), Tensor<T>({8, 1}, {1, 2, 1, 2, 3, 4, 3, 4})));
}

TEST_CASE_TEMPLATE("tile_rows: the outermost axis grows, and summing the members gives M times the rows back", T, float,
                   double) {
  CHECK(test::value_of<T>(tiled({3}), {Tensor<T>({2, 5})}).shape() == Shape{6, 5});
  CHECK(test::value_of<T>(tiled({3}), {Tensor<T>({5})}).shape() == Shape{3, 5});
  CHECK(test::value_of<T>(tiled({3, TileOrder::repeat, 4}), {Tensor<T>({2, 4, 5})}).shape() == Shape{6, 4, 5});
  CHECK(test::value_of<T>(tiled({3}), {Tensor<T>({2, 2, 2, 5})}).shape() == Shape{6, 2, 2, 5});
  const Tensor<T> x = random_tensor<T>({12, 5}, Key(1));
  for (const Tiling& tiling : tilings) {
    Tensor<T> expected = x;
    expected.array() *= static_cast<T>(tiling.members);
    CHECK(test::worst_error(test::value_of<T>(summed(tiling), {test::value_of<T>(tiled(tiling), {x})}), expected) <
          test::tolerance<T>);
  }
  CHECK(test::value_of<T>(summed({3}), {Tensor<T>({6, 2, 5})}).shape() == Shape{2, 2, 5});
}

TEST_CASE_TEMPLATE("reorder_tiles: both orders hold the same rows, there and back", T, float, double) {
  const Tensor<T> x = random_tensor<T>({12, 5}, Key(1));
  for (const Tiling& tiling : tilings) {
    Tiling other = tiling;
    for (const TileOrder to : {TileOrder::tile, TileOrder::repeat}) {
      other.order = to;
      const Tensor<T> y = test::value_of<T>(tiled(tiling), {x}), z = test::value_of<T>(reordered(tiling, to), {y});
      CHECK(same_bits(z, test::value_of<T>(tiled(other), {x})));
      CHECK(same_bits(test::value_of<T>(reordered(other, tiling.order), {z}), y));
    }
  }
}

TEST_CASE("tile_rows, sum_members, reorder_tiles: gradcheck") {
  for (const Tiling& tiling : tilings) {
    CHECK(gradcheck(tiled(tiling), {random_tensor<double>({12, 2}, Key(1))}, Key(2)).message == "");
    CHECK(gradcheck(summed(tiling), {random_tensor<double>({12 * tiling.members, 2}, Key(1))}, Key(2)).message == "");
    for (const TileOrder to : {TileOrder::tile, TileOrder::repeat})
      CHECK(
          gradcheck(reordered(tiling, to), {random_tensor<double>({12 * tiling.members, 2}, Key(1))}, Key(2)).message ==
          "");
  }
}

TEST_CASE_TEMPLATE("tile_rows: the gradients of a row's copies add up, in both orders alike", T, float, double) {
  const Tensor<T> x = random_tensor<T>({12, 5}, Key(1));
  for (const Tiling& tiling : tilings) {
    const auto there = [&](auto& v) {
      return reorder_tiles(tile_rows(v[0], tiling), tiling, TileOrder::tile);
    };
    CHECK(test::gradients_of<T>(there, {x}, Key(3)) == test::gradients_of<T>(tiled({tiling.members}), {x}, Key(3)));
  }
}

TEST_CASE("tile_entries: labels and targets follow their rows") {
  Tape<float> tape;
  const std::vector<std::int32_t> labels{4, 5, 6};
  const auto list = [](auto span) {
    return std::vector<std::int32_t>(span.begin(), span.end());
  };
  CHECK(list(tile_entries(tape, std::span<const std::int32_t>(labels), {2})) ==
        std::vector<std::int32_t>{4, 5, 6, 4, 5, 6});
  CHECK(list(tile_entries(tape, std::span<const std::int32_t>(labels), {2, TileOrder::repeat})) ==
        std::vector<std::int32_t>{4, 4, 5, 5, 6, 6});
  const std::vector<std::int32_t> pairs{1, 2, 3, 4};
  CHECK(list(tile_entries(tape, std::span<const std::int32_t>(pairs), {2, TileOrder::repeat}, 2)) ==
        std::vector<std::int32_t>{1, 2, 1, 2, 3, 4, 3, 4});
}

TEST_CASE("tile_entries: a list that is no whole number of rows is refused") {
  Tape<float> tape;
  const std::vector<std::int32_t> list{4, 5, 6};
  CHECK_THROWS_WITH_AS(tile_entries(tape, std::span<const std::int32_t>(list), {2}, 2),
                       "tile_entries: 3 entries of width 2; a whole number of rows is needed", ShapeError);
  CHECK_THROWS_AS(tile_entries(tape, std::span<const std::int32_t>(list), {2}, 0), ShapeError);
}

TEST_CASE_TEMPLATE("tile_rows: what does not divide is refused", T, float, double) {
  const Tensor<T> x({5, 2});
  CHECK_THROWS_WITH_AS(test::value_of<T>(tiled({0}), {x}),
                       "tile_rows: 0 members and a unit of 1 rows; each must be at least 1", ConfigError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(tiled({2, TileOrder::repeat, 2}), {x}),
                       "tile_rows: 5 rows do not divide into units of 2", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(summed({2}), {x}),
                       "sum_members: x is (5, 2), whose 5 rows do not divide among 2 members", ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(reordered({0}, TileOrder::tile), {x}), ConfigError);
}
