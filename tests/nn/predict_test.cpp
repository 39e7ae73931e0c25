// SPDX-License-Identifier: MIT
#include "wsym/nn/predict.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/core/parallel.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("predict: a row alone has the bits that it has in any batch", T, float, double) {
  const Mlp<T> model = test::w_asymmetric<T>({13, 40, 3});
  const Tensor<T> x = random_tensor<T>({600, 13}, Key(1)), all = predict(model, x, 3);  // three blocks, the last short
  Workspace<T> workspace;
  for (const Index rows : {1, 2, 3, 7, 8, 16, 17, 63, 65, 256, 257}) {
    CAPTURE(rows);
    Tensor<T> y({rows, 3});
    for (const Index first : {Index{0}, Index{5}, 600 - rows}) {
      predict(model, ConstMatMap<T>(x.data() + first * 13, rows, 13), y.mat(), workspace);
      CHECK((y.mat().array() == all.mat().middleRows(first, rows).array()).all());
    }
  }
}

TEST_CASE_TEMPLATE("predict: no rows give no rows", T, float, double) {
  CHECK(predict(Mlp<T>({3, 5, 2}, Key(1)), Tensor<T>({0, 3}), 2).shape() == Shape{0, 2});
}

TEST_CASE_TEMPLATE("predict: after the first call nothing is allocated", T, float, double) {
  const Mlp<T> model({13, 40, 3}, Key(1));
  const Tensor<T> x = random_tensor<T>({300, 13}, Key(1));
  Tensor<T> y({300, 3});
  Workspace<T> workspace;
  predict(model, x.mat(), y.mat(), workspace);
  const Index before = test::allocations();
  predict(model, x.mat(), y.mat(), workspace);
  predict(model, ConstMatMap<T>(x.data(), 17, 13), MatMap<T>(y.data(), 17, 3), workspace);
  CHECK(test::allocations() == before);
}

TEST_CASE_TEMPLATE("predict: threads share a model, each with a workspace of its own", T, float, double) {
  const Mlp<T> model = test::w_asymmetric<T>({8, 32, 2});
  const Tensor<T> x = random_tensor<T>({100, 8}, Key(1)), alone = predict(model, x, 2);
  std::vector<Tensor<T>> results(8);
  parallel_for(8, {4, Executor::std_threads},
               [&](Index i) { results[static_cast<std::size_t>(i)] = predict(model, x, 2); });
  for (const Tensor<T>& y : results) CHECK(same_bits(y, alone));
}

TEST_CASE_TEMPLATE("predict: sizes that do not fit are refused", T, float, double) {
  const Mlp<T> model({3, 5, 2}, Key(1));
  const Tensor<T> x({4, 3});
  CHECK_THROWS_WITH_AS(predict(model, x, 3), "predict: the model has 2 outputs but y has 3 columns", ShapeError);
  Tensor<T> y({5, 2});
  Workspace<T> workspace;
  CHECK_THROWS_WITH_AS(predict(model, x.mat(), y.mat(), workspace), "predict: x has 4 rows but y has 5", ShapeError);
}
