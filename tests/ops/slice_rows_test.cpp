// SPDX-License-Identifier: MIT
#include "wsym/ops/slice_rows.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
auto sliced(Index first, Index count) {
  return [=](auto& x) {
    return slice_rows(x[0], first, count);
  };
}
auto stacked(Index rows) {
  return [=]<class T>(std::vector<Var<T>>& x) {
    return stack_rows(std::span<const Var<T>>(x), rows);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("slice_rows, stack_rows: parts that are stacked again are the whole", T, float, double) {
  const Tensor<T> x = random_tensor<T>({7, 3}, Key(1));
  Tape<T> tape;
  std::vector<Var<T>> parts;
  for (const Index first : {0, 2, 2}) parts.push_back(slice_rows(tape.constant(x), first, first == 0 ? 2 : 5));
  CHECK(parts[0].shape() == Shape{2, 3});
  CHECK(parts[1].value() == x.mat().bottomRows(5));
  const Tensor<T> y = test::value_of<T>(
      stacked(9), {Tensor<T>({2, 3}, x.span().first(6)), Tensor<T>({0, 3}), Tensor<T>({5, 3}, x.span().subspan(6))});
  CHECK(y.shape() == Shape{9, 3});
  CHECK(y.mat().topRows(7) == x.mat());
  CHECK(y.mat().bottomRows(2).isZero(0));
}

TEST_CASE("slice_rows, stack_rows: gradcheck") {
  const Tensor<double> x = random_tensor<double>({5, 3}, Key(1)), y = random_tensor<double>({2, 3}, Key(2));
  CHECK(gradcheck(sliced(1, 3), {x}, Key(3)).message == "");
  CHECK(gradcheck(sliced(2, 0), {x}, Key(3)).message == "");
  CHECK(gradcheck(stacked(7), {x, y}, Key(3)).message == "");
  CHECK(gradcheck(stacked(10), {x, x, Tensor<double>({0, 3})}, Key(3)).message == "");
}

TEST_CASE_TEMPLATE("slice_rows, stack_rows: refuse rows that are not there", T, float, double) {
  CHECK_THROWS_WITH_AS(test::value_of<T>(sliced(3, 3), {Tensor<T>({5, 2})}),
                       "slice_rows: 3 rows from 3 on of x (5, 2); it has 5", ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(sliced(-1, 2), {Tensor<T>({5, 2})}), ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(stacked(4), {Tensor<T>({5, 2})}),
                       "stack_rows: the inputs have 5 rows for a result of 4", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(stacked(9), {Tensor<T>({5, 2}), Tensor<T>({2, 3})}),
                       "stack_rows: input 0 is (5, 2) but input 1 is (2, 3); they need the same columns", ShapeError);
  CHECK_THROWS_WITH_AS(stack_rows(std::span<const Var<T>>(), 1), "stack_rows: no inputs; at least one is needed",
                       ShapeError);
}
