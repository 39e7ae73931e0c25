// SPDX-License-Identifier: MIT
#include "wsym/ops/pick.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
auto op(Index width, Shape shape, std::vector<Index> rows) {
  return [=](auto& x) {
    return pick_rows(x[0], width, shape, rows);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("pick_rows: rows in any order, twice and never", T, float, double) {
  const Tensor<T> x({3, 2}, {0, 1, 2, 3, 4, 5});
  CHECK(same_bits(test::value_of<T>(op(2, {4, 2}, {2, 0, 2, 2}), {x}), Tensor<T>({4, 2}, {4, 5, 0, 1, 4, 5, 4, 5})));
  CHECK(test::value_of<T>(op(2, {0, 2}, {}), {x}).shape() == Shape{0, 2});
}

TEST_CASE_TEMPLATE("pick_rows: blocks of columns are rows of a narrower matrix", T, float, double) {
  const Tensor<T> x({2, 4}, {0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(same_bits(test::value_of<T>(op(2, {2, 2, 2}, {0, 2, 1, 3}), {x}),  // the left halves, then the right ones
                  Tensor<T>({2, 2, 2}, {0, 1, 4, 5, 2, 3, 6, 7})));
  CHECK(same_bits(test::value_of<T>(op(4, {1, 8}, {1, 0}), {x}), Tensor<T>({1, 8}, {4, 5, 6, 7, 0, 1, 2, 3})));
}

TEST_CASE("pick_rows: gradcheck, also for rows that are picked twice, never, or used before") {
  const Tensor<double> x = random_tensor<double>({5, 6}, Key(1));
  CHECK(gradcheck(op(6, {4, 6}, {4, 0, 4, 2}), {x}, Key(2)).message == "");
  CHECK(gradcheck(op(3, {2, 9}, {9, 0, 4, 4, 4, 1}), {x}, Key(2)).message == "");
  const auto twice = [](auto& v) {
    const Index rows[] = {1, 1, 0, 4, 2};
    return pick_rows(pick_rows(v[0], 6, {5, 6}, rows), 6, {5, 6}, rows);
  };
  CHECK(gradcheck(twice, {x}, Key(2)).message == "");
}

TEST_CASE("pick_rows: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op(6, {4, 6}, {4, 0, 4, 2}), {random_tensor<float>({5, 6}, Key(1))}, Key(2)) < 1e-6);
}

TEST_CASE_TEMPLATE("pick_rows: refuses rows that are not there and sizes that do not fit", T, float, double) {
  const std::vector<Tensor<T>> x(1, Tensor<T>({3, 4}));
  CHECK_THROWS_WITH_AS(test::value_of<T>(op(4, {2, 4}, {0, 3}), x), "pick_rows: row 3 of 3", ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op(4, {1, 4}, {-1}), x), ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(op(4, {2, 4}, {0}), x),
                       "pick_rows: 1 rows of 4 entries from x (3, 4) into (2, 4); the sizes need to fit", ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op(5, {1, 5}, {0}), x), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op(0, {1, 0}, {0}), x), ShapeError);
}
