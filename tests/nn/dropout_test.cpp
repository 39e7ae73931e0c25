// SPDX-License-Identifier: MIT
#include "wsym/nn/dropout.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;

namespace {
template <Real T> Tensor<T> dropped(const Tensor<T>& x, double rate, const Pass<T>& pass) {
  Tape<T> tape(false);
  return test::copy_of<T>(dropout(tape.constant(x), rate, pass));
}
}  // namespace

TEST_CASE_TEMPLATE("dropout: acts where the pass drops, with the pass's own mask", T, float, double) {
  const Tensor<T> x = test::random_tensor<T>({6, 5}, Key(1));
  const auto masked = [](auto& v) {
    return dropout(v[0], 0.5, Key(3).child("dropout"));
  };
  CHECK(same_bits(dropped(x, 0.5, Pass<T>::train(Key(3))), test::value_of<T>(masked, {x})));
  CHECK(same_bits(dropped(x, 0.5, Pass<T>::evaluate(Key(3)).with_dropout(true)), test::value_of<T>(masked, {x})));
  CHECK(same_bits(dropped(x, 0.5, Pass<T>::evaluate(Key(3))), x));
  CHECK(same_bits(dropped(x, 0.5, Pass<T>::train(Key(3)).with_dropout(false)), x));
  CHECK_FALSE(same_bits(dropped(x, 0.5, Pass<T>::train(Key(3)).child(1)), dropped(x, 0.5, Pass<T>::train(Key(3)))));
}

TEST_CASE_TEMPLATE("dropout: rows that the pass's copies do not divide are refused", T, float, double) {
  const auto in_copies = [](const Tiling& tiling) {
    return dropped(Tensor<T>({8, 2}), 0.5, Pass<T>::train(Key(3)).with_copies(tiling));
  };
  CHECK(in_copies({2, TileOrder::repeat, 4}).rows() == 8);
  CHECK_THROWS_WITH_AS(in_copies({3}),
                       "Pass: 8 rows do not divide among 3 copies; a layer whose rows are not those that were tiled "
                       "needs a pass without "
                       "copies",
                       ShapeError);
  CHECK_THROWS_AS(in_copies({0}), ShapeError);
  CHECK_THROWS_WITH_AS(in_copies({2, TileOrder::repeat, 17}), "Pass: 4 rows do not divide into units of 17",
                       ShapeError);
  CHECK_THROWS_AS(in_copies({2, TileOrder::repeat, 0}), ConfigError);
}
