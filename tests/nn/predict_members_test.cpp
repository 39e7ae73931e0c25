// SPDX-License-Identifier: MIT
#include "wsym/nn/predict_members.hpp"

#include "nn/members.hpp"
#include "wsym/metrics/diversity.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("predict_members: the members' rows, whatever the number of blocks", T, float, double) {
  const TabM<T> model({.mlp = {.in = 3, .hidden = 8, .out = 2}, .members = 4}, Key(1));
  for (const Index rows : {1, 255, 256, 257, 600}) {
    const Tensor<T> x = random_tensor<T>({rows, 3}, Key(2));
    const std::vector<Tensor<T>> members = predict_members(model, x);
    const std::vector<Tensor<T>> expected = test::split(test::output_of(model, x, Pass<T>::evaluate()), 4);
    REQUIRE(members.size() == 4);
    for (std::size_t m = 0; m < 4; ++m) CHECK(same_bits(members[m], expected[m]));
  }
}

TEST_CASE_TEMPLATE("predict_members: a network of one member gives what predict gives", T, float, double) {
  const Mlp<T> model({3, 8, 2}, Key(1));
  const Tensor<T> x = random_tensor<T>({300, 3}, Key(2));
  const std::vector<Tensor<T>> members = predict_members(model, x);
  REQUIRE(members.size() == 1);
  CHECK(same_bits(members[0], predict(model, x, 2)));
}

TEST_CASE_TEMPLATE("predict_members: takes any function of rows and pass, such as the features before a head", T, float,
                   double) {
  const ResidualMlp<T> model({.in = 3, .out = 2, .width = 8, .hidden = 12}, Key(1));
  const auto features = [&](Var<T> x, const Pass<T>& pass) {
    return model.features(x, pass);
  };
  const Tensor<T> x = random_tensor<T>({300, 3}, Key(2)), found = predict_members(features, x)[0];
  REQUIRE(found.shape() == Shape{300, 8});
  CHECK(same_bits(test::output_of(model.head, found, Pass<T>::evaluate()), predict(model, x, 2)));
}

TEST_CASE_TEMPLATE("predict_members: needs rows", T, float, double) {
  CHECK_THROWS_WITH_AS(predict_members(Mlp<T>({3, 8, 2}, Key(1)), Tensor<T>({0, 3})),
                       "predict_members: x is (0, 3); at least one row is needed", ShapeError);
}

TEST_CASE_TEMPLATE("predict_mc_dropout: samples differ, and follow from the key and a row's place", T, float, double) {
  const ResidualMlp<T> model({.in = 3, .out = 2, .width = 8, .hidden = 12}, Key(1), 0.2);
  const Tensor<T> x = random_tensor<T>({300, 3}, Key(2));
  const std::vector<Tensor<T>> samples = predict_mc_dropout(model, x, 3, Key(3));
  REQUIRE(samples.size() == 3);
  CHECK(mean_kl<T>(samples) > 0);
  CHECK_FALSE(same_bits(samples[0], samples[1]));
  CHECK(same_bits(predict_mc_dropout(model, x, 2, Key(3))[1], samples[1]));
  CHECK_FALSE(same_bits(predict_mc_dropout(model, x, 1, Key(4))[0], samples[0]));
  for (const Index row : {0, 255, 256, 299}) {
    const Pass<T> pass = Pass<T>::evaluate(Key(3).child(1), row).with_dropout(true);
    CHECK(same_bits(test::output_of(model, test::row_of(x, row), pass), test::row_of(samples[1], row)));
  }
}

TEST_CASE_TEMPLATE("predict_mc_dropout: at rate 0 all samples are the network, and their divergence is 0", T, float,
                   double) {
  const ResidualMlp<T> model({.in = 3, .out = 2, .width = 8, .hidden = 12}, Key(1));
  const Tensor<T> x = random_tensor<T>({20, 3}, Key(2));
  const std::vector<Tensor<T>> samples = predict_mc_dropout(model, x, 3, Key(3));
  for (const Tensor<T>& sample : samples) CHECK(same_bits(sample, predict(model, x, 2)));
  CHECK(mean_kl<T>(samples) == 0);
}

TEST_CASE("predict_mc_dropout: the mean over many samples of a linear layer is the layer without dropout") {
  struct Dropped {
    Linear<double> layer;
    Var<double> operator()(Var<double> x, const Pass<double>& pass) const { return layer(dropout(x, 0.3, pass), pass); }
  };
  const Dropped model{Linear<double>(6, 2, Key(1))};
  const Tensor<double> x = random_tensor<double>({4, 6}, Key(2));
  const Index count = 4000;
  const std::vector<Tensor<double>> samples = predict_mc_dropout(model, x, count, Key(3));
  const Tensor<double> mean = mean_outputs<double>(samples),
                       plain = test::output_of(model, x, Pass<double>::evaluate());
  for (Index i = 0; i < mean.size(); ++i) {
    double variance = 0;
    for (const Tensor<double>& sample : samples)
      variance += std::pow(sample[i] - mean[i], 2) / static_cast<double>(count);
    CHECK(std::abs(mean[i] - plain[i]) < 5 * std::sqrt(variance / static_cast<double>(count)));
  }
}

TEST_CASE_TEMPLATE("predict_mc_dropout: needs a sample", T, float, double) {
  CHECK_THROWS_WITH_AS(predict_mc_dropout(Mlp<T>({3, 8, 2}, Key(1)), Tensor<T>({1, 3}), 0, Key(1)),
                       "predict_mc_dropout: 0 samples; at least 1 is needed", ConfigError);
}
