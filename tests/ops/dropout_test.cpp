// SPDX-License-Identifier: MIT
#include "wsym/ops/dropout.hpp"

#include "ops/experts.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
auto op(double rate, const Key& key, Index first_row = 0) {
  return [=](auto& x) {
    return dropout(x[0], rate, key, first_row);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("dropout: every entry is 0 or divided by 1 - rate, as often as the rate says", T, float, double) {
  const Index n = 40000;
  for (const double rate : {0.125, 0.25, 0.5, 0.875}) {
    const Tensor<T> y = test::value_of<T>(op(rate, Key(1)), {Tensor<T>({n / 8, 8}, T(3))});
    Index dropped = 0;
    for (const T value : y.span()) {
      if (value == T(0)) ++dropped;
      REQUIRE((value == T(0) || value == T(3) * static_cast<T>(1 / (1 - rate))));
    }
    const double size = static_cast<double>(n);  // five standard deviations
    CHECK(std::abs(static_cast<double>(dropped) - rate * size) < 5 * std::sqrt(rate * (1 - rate) * size));
  }
}

TEST_CASE_TEMPLATE("dropout: a rate is rounded to a multiple of 2^-16, and the scale with it", T, float, double) {
  const auto scale_of = [](double rate) {
    return test::value_of<T>(op(rate, Key(1)), {Tensor<T>({400, 8}, T(1))}).array().maxCoeff();
  };
  CHECK(scale_of(0.1) == static_cast<T>(65536.0 / (65536 - 6554)));
  CHECK(scale_of(1e-6) == T(1));
  CHECK(test::value_of<T>(op(0.999999, Key(1)), {Tensor<T>({40, 8}, T(1))}).array().maxCoeff() <= T(65536));
}

TEST_CASE_TEMPLATE("dropout: neighbours in rows and columns are dropped independently", T, float, double) {
  const Index rows = 4000, cols = 5;
  const Tensor<T> y = test::value_of<T>(op(0.5, Key(1)), {Tensor<T>({rows, cols}, T(1))});
  const auto together = [&](Index row_step, Index col_step) {
    Index both = 0, pairs = 0;
    for (Index i = 0; i + row_step < rows; ++i)
      for (Index j = 0; j + col_step < cols; ++j, ++pairs)
        both += y(i, j) == T(0) && y(i + row_step, j + col_step) == T(0);
    return static_cast<double>(both) / static_cast<double>(pairs);
  };
  for (const auto& [row, col] : {std::pair{0, 1}, {1, 0}, {0, 2}, {1, 1}})  // 5 standard deviations of 16000 pairs
    CHECK(std::abs(together(row, col) - 0.25) < 5 * std::sqrt(0.25 * 0.75 / 16000));
}

TEST_CASE_TEMPLATE("dropout: an entry's fate follows from the key and its place in the whole", T, float, double) {
  for (const Index cols : {1, 3, 4}) {
    const Tensor<T> x({20, cols}, T(1)), all = test::value_of<T>(op(0.5, Key(2)), {x});
    CHECK(same_bits(test::value_of<T>(op(0.5, Key(2)), {x}), all));
    CHECK_FALSE(same_bits(test::value_of<T>(op(0.5, Key(3)), {x}), all));
    for (Index n = 0; n < 20; ++n)
      CHECK(same_bits(test::value_of<T>(op(0.5, Key(2), n), {test::row_of(x, n)}), test::row_of(all, n)));
  }
}

TEST_CASE_TEMPLATE("dropout: rate 0 is the input itself", T, float, double) {
  const Tensor<T> x = random_tensor<T>({3, 4}, Key(1));
  Tape<T> tape;
  const Var<T> v = tape.constant(x);
  CHECK(dropout(v, 0, Key(1)).data() == v.data());
}

TEST_CASE("dropout: gradcheck through a fixed mask, and float as double") {
  for (const Shape& shape : {Shape{7}, Shape{3, 17}, Shape{2, 3, 4}})
    CHECK(gradcheck(op(0.4, Key(1)), {random_tensor<double>(shape, Key(2))}, Key(3)).message == "");
  CHECK(test::float_gradient_error(op(0.4, Key(1)), {random_tensor<float>({5, 17}, Key(2))}, Key(3)) < 1e-6);
}

TEST_CASE_TEMPLATE("dropout: refuses a rate outside [0, 1)", T, float, double) {
  const std::vector<Tensor<T>> x(1, Tensor<T>({2, 2}));
  CHECK_THROWS_WITH_AS(test::value_of<T>(op(1, Key(1)), x), "dropout: rate 1; it lies in [0, 1)", ConfigError);
  CHECK_THROWS_AS(test::value_of<T>(op(-0.1, Key(1)), x), ConfigError);
  CHECK_THROWS_AS(test::value_of<T>(op(std::nan(""), Key(1)), x), ConfigError);
}
