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
