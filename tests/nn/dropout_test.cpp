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

TEST_CASE_TEMPLATE("dropout: the mask of a token follows from its member, example and place in the example", T, float,
                   double) {
  const Tensor<T> x({2, 6, 5}, T(1));  // two members, two examples of three tokens
  const Pass<T> pass = Pass<T>::evaluate(Key(3), 7, 2).with_dropout(true).with_members(2);
  const Tensor<T> y = dropped(x, 0.5, pass);
  for (Index m = 0; m < 2; ++m)
    for (Index e = 0; e < 2; ++e)
      for (Index t = 0; t < 3; ++t) {
        const auto token = [&](auto& v) {
          return dropout(v[0], 0.5, Key(3).child("dropout").child(m), (7 + e) * 3 + t);
        };
        const Tensor<T> expected = test::value_of<T>(token, {Tensor<T>({1, 5}, T(1))});
        CHECK(y.mat().row((m * 2 + e) * 3 + t) == expected.mat());
      }
}

TEST_CASE_TEMPLATE("dropout: rows that are not those of the pass's members and examples are refused", T, float,
                   double) {
  const auto given = [](const Shape& x, Index members, Index examples) {
    return dropped(Tensor<T>(x), 0.5, Pass<T>::train(Key(3)).with_members(members).with_examples(0, examples));
  };
  CHECK(given({2, 4, 3}, 2, 4).rows() == 8);
  CHECK(given({2, 4, 3}, 2, 0).rows() == 8);
  CHECK(given({2, 4, 3}, 1, 2).rows() == 8);
  CHECK_THROWS_WITH_AS(given({8, 3}, 2, 4),
                       "Pass: a layer's rows are (8, 3) but there are 2 members; they need an axis of their own, "
                       "(members, rows, columns)",
                       ShapeError);
  CHECK_THROWS_AS(given({3, 4, 3}, 2, 4), ShapeError);
  CHECK_THROWS_AS(given({2, 4, 3}, 0, 4), ShapeError);
  CHECK_THROWS_WITH_AS(given({2, 4, 3}, 2, 3),
                       "Pass: a layer's rows are (2, 4, 3), of 2 members; 4 rows do not divide among 3 examples",
                       ShapeError);
}
