// SPDX-License-Identifier: MIT
#include "wsym/data/dataset.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace wsym;

namespace {
template <Real T> Dataset<T> three_rows() {
  return {Tensor<T>({3, 2}, {1, 2, 3, 4, 5, 6}), Tensor<T>(), {0, 2, 1}, {TaskKind::classification, 3}};
}
}  // namespace

TEST_CASE_TEMPLATE("Dataset: an empty one has no rows", T, float, double) {
  CHECK(Dataset<T>().rows() == 0);
}

TEST_CASE_TEMPLATE("dataset: taking rows keeps their order, repeats included", T, float, double) {
  const std::vector<Index> rows{2, 0, 2};
  const Dataset<T> part = take(three_rows<T>(), rows);
  CHECK(same_bits(part.x, Tensor<T>({3, 2}, {5, 6, 1, 2, 5, 6})));
  CHECK(part.labels == std::vector<std::int32_t>{1, 0, 1});
  CHECK(part.task == Task{TaskKind::classification, 3});

  const Dataset<T> regression{
      Tensor<T>({2, 1}, {1, 2}), Tensor<T>({2, 2}, {3, 4, 5, 6}), {}, {TaskKind::regression, 2}};
  const Dataset<T> last = take(regression, std::vector<Index>{1});
  CHECK(same_bits(last.y, Tensor<T>({1, 2}, {5, 6})));
  CHECK(last.labels.empty());
}

TEST_CASE_TEMPLATE("dataset: taking no rows gives an empty set of the same width", T, float, double) {
  const Dataset<T> none = take(three_rows<T>(), std::vector<Index>{});
  CHECK(none.rows() == 0);
  CHECK(none.features() == 2);
}

TEST_CASE_TEMPLATE("dataset: a row that is not there is refused", T, float, double) {
  CHECK_THROWS_WITH_AS(take(three_rows<T>(), std::vector<Index>{3}), "gather: row 3 of 3", ShapeError);
  CHECK_THROWS_WITH_AS(take(three_rows<T>(), std::vector<Index>{-1}), "gather: row -1 of 3", ShapeError);
}

TEST_CASE_TEMPLATE("dataset: parts that do not fit together are named", T, float, double) {
  Dataset<T> data = three_rows<T>();
  CHECK_NOTHROW(check(data));
  data.labels = {0, 1};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: x has 3 rows but there are 2 labels; one a row is needed", ShapeError);
  data.labels = {0, 1, 3};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: label 3 of a task with 3 classes; labels are 0 .. 2", ConfigError);
  data.task.outputs = 0;
  CHECK_THROWS_WITH_AS(check(data), "Dataset: a task of 0 outputs; it needs at least 1", ConfigError);
  data.task = {TaskKind::regression, 1};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: x has 3 rows but y is (0); y needs (3, 1)", ShapeError);
}

TEST_CASE_TEMPLATE("dataset: an entry that is no finite number is named by row and column", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
  Dataset<T> data = three_rows<T>();
  data.x(1, 0) = nan;
  CHECK_THROWS_WITH_AS(check(data), "Dataset: row 1, column 0 (from 0) of x is nan; finite numbers are needed",
                       DataError);
  data.x(1, 0) = 0, data.x(2, 1) = -infinity;
  CHECK_THROWS_WITH_AS(check(data), "Dataset: row 2, column 1 (from 0) of x is -inf; finite numbers are needed",
                       DataError);
  Dataset<T> prices{
      .x = Tensor<T>({2, 1}, {1, 2}), .y = Tensor<T>({2, 2}, {3, 4, infinity, 6}), .task = {.outputs = 2}};
  CHECK_THROWS_WITH_AS(check(prices), "Dataset: row 1, column 0 (from 0) of y is inf; finite numbers are needed",
                       DataError);
}

TEST_CASE_TEMPLATE("dataset: weights that are negative, not finite, all 0 or too few are refused", T, float, double) {
  Dataset<T> data = three_rows<T>();
  data.weights = {0, 0, T(0.5)};
  CHECK_NOTHROW(check(data));
  data.weights = {0, 0, 0};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: all 3 weights are 0", ConfigError);
  data.weights = {1, -1, 1};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: row 1 (from 0) has weight -1; weights are finite and not negative",
                       ConfigError);
  data.weights = {1, 1, std::numeric_limits<T>::quiet_NaN()};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: row 2 (from 0) has weight nan; weights are finite and not negative",
                       ConfigError);
  data.weights = {1, 1};
  CHECK_THROWS_WITH_AS(check(data), "Dataset: x has 3 rows but there are 2 weights; one a row is needed, or none",
                       ShapeError);
  CHECK_THROWS_WITH_AS(take(data, std::vector<Index>{0}), "take: 3 rows but 2 weights; one a row is needed, or none",
                       ShapeError);
  data.weights = {1, 2, 3};
  CHECK(take(data, std::vector<Index>{2, 2}).weights == std::vector<T>{3, 3});
}
