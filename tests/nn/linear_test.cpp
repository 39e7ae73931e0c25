// SPDX-License-Identifier: MIT
#include "wsym/nn/linear.hpp"

#include "support.hpp"
#include "wsym/autodiff/gradcheck.hpp"
#include "wsym/nn/predict.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("linear layer: it is x Wᵀ + b", T, float, double) {
  for (const Index in : {1, 3, 16, 65}) {
    const Linear<T> layer(in, 7, Key(1));
    const Tensor<T> x = random_tensor<T>({5, in}, Key(2)), y = predict(layer, x, 7);
    for (Index n = 0; n < 5; ++n)
      for (Index o = 0; o < 7; ++o) {
        double expected = static_cast<double>(layer.bias.value()[o]);
        for (Index i = 0; i < in; ++i)
          expected += static_cast<double>(layer.weight.value()(o, i)) * static_cast<double>(x(n, i));
        CHECK(std::abs(static_cast<double>(y(n, o)) - expected) <= test::tolerance<T> * 10);
      }
  }
}

TEST_CASE_TEMPLATE("linear layer: weights and biases are uniform within 1 / sqrt(in)", T, float, double) {
  for (const Index in : {8, 64, 256, 784}) {
    CAPTURE(in);
    const Linear<T> layer(in, 128, Key(5));
    const double bound = 1 / std::sqrt(static_cast<double>(in)), n = static_cast<double>(layer.weight.size());
    double square = 0, largest_bias = 0;
    for (const T w : layer.weight.value().span()) {
      REQUIRE(std::abs(static_cast<double>(w)) <= bound);
      square += static_cast<double>(w) * static_cast<double>(w) / n;
    }
    for (const T b : layer.bias.value().span()) largest_bias = std::max(largest_bias, std::abs(static_cast<double>(b)));
    const double variance = 1 / (3.0 * static_cast<double>(in));
    CHECK(std::abs(square / variance - 1) <= 4 * std::sqrt(0.8 / n));  // four standard errors of a uniform's square
    CHECK(largest_bias <= bound);
    CHECK(largest_bias >= 0.9 * bound);  // missed by 128 draws with probability 0.9^128 = 1e-6
  }
}

TEST_CASE_TEMPLATE("linear layer: weights and biases have streams of their own", T, float, double) {
  const Linear<T> a(4, 4, Key(1)), b(4, 9, Key(1)), c(4, 4, Key(2));
  CHECK(a.weight.value()[0] != a.bias.value()[0]);
  for (Index i = 0; i < 4; ++i) CHECK(a.bias.value()[i] == b.bias.value()[i]);
  CHECK_FALSE(same_bits(a.weight.value(), c.weight.value()));
}

TEST_CASE("linear layer: the gradients of weight and bias agree with central differences") {
  Linear<double> layer(5, 3, Key(1));
  const Tensor<double> x = random_tensor<double>({4, 5}, Key(2));
  const auto report = gradcheck_model(
      layer,
      [&](Tape<double>& tape, const Linear<double>& model) {
        Pass<double> pass = Pass<double>::train(Key(0));
        return model(tape.constant(x), pass);
      },
      Key(3));
  CHECK_MESSAGE(report, report.message);
  CHECK(report.entries == 18);
}

TEST_CASE("linear layer: sizes below 1 are refused") {
  CHECK_THROWS_WITH_AS(Linear<float>(0, 3, Key(1)), "linear_bound: fan-in is 0; at least 1 is needed", ConfigError);
  CHECK_THROWS_WITH_AS(Linear<float>(3, 0, Key(1)), "Linear: 0 outputs; at least 1 is needed", ConfigError);
  CHECK_THROWS_WITH_AS(Linear<float>(3, -1, Key(1)), "Linear: -1 outputs; at least 1 is needed", ConfigError);
}
