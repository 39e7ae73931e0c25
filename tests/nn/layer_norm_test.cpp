// SPDX-License-Identifier: MIT
#include "wsym/nn/layer_norm.hpp"

#include "ops/evaluate.hpp"
#include "wsym/nn/module.hpp"

using namespace wsym;

TEST_CASE_TEMPLATE("LayerNorm: starts as plain standardisation, and has a scale and a bias for each column", T, float,
                   double) {
  const LayerNorm<T> norm(7);
  const Tensor<T> x = test::random_tensor<T>({3, 7}, Key(1));
  Tape<T> tape(false);
  Pass<T> pass = Pass<T>::evaluate();
  const Tensor<T> y = test::copy_of<T>(norm(tape.constant(x), pass));
  const auto plain = [](auto& v) {
    return layer_norm(v[0], v[1], v[2]);
  };
  CHECK(same_bits(y, test::value_of<T>(plain, {x, Tensor<T>({7}, T(1)), Tensor<T>({7})})));
  CHECK(count(norm).parameters == 14);
  CHECK(count(norm).weights == 0);
}

TEST_CASE_TEMPLATE("LayerNorm: needs a column", T, float, double) {
  CHECK_THROWS_WITH_AS(LayerNorm<T>(0), "LayerNorm: 0 columns; at least 1 is needed", ConfigError);
}
