// SPDX-License-Identifier: MIT
#include "wsym/nn/module.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"

using namespace wsym;

namespace {
/// A parameter with frozen entries, one without, and a buffer.
template <Real T> struct Small {
  Parameter<T> weight, bias;
  Tensor<T> buffer;

  Small(std::initializer_list<T> w, std::initializer_list<T> b, T buffer_, Frozen<T> frozen = {})
      : weight(Tensor<T>({2, 2}, w), std::move(frozen)), bias(Tensor<T>({2}, b)), buffer(Shape{1}, buffer_) {}

  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("buffer", self.buffer);
  }
};

template <Real T> std::vector<Small<T>> two(Frozen<T> a, Frozen<T> b) {
  return {Small<T>({1, 2, 3, 4}, {5, 6}, 7, std::move(a)), Small<T>({11, 22, 33, 44}, {55, 66}, 77, std::move(b))};
}
}  // namespace

TEST_CASE_TEMPLATE("module: counting tells weights, biases and frozen entries apart, and leaves out buffers", T, float,
                   double) {
  const ParameterCount n = count(Small<T>({1, 2, 3, 4}, {5, 6}, 7, {{1, 2}, {8, 9}}));
  CHECK(n.parameters == 6);
  CHECK(n.weights == 4);
  CHECK(n.frozen == 2);
  CHECK(n.trainable() == 4);
}

TEST_CASE_TEMPLATE("module: combine adds parameters and buffers with their coefficients", T, float, double) {
  const std::vector<Small<T>> models = two<T>({}, {});
  const Small<T>* list[] = {&models[0], &models[1]};
  const double coefficients[] = {2, -1};
  const Small<T> sum = combine<Small<T>>(list, coefficients);
  CHECK(same_bits(sum.weight.value(), Tensor<T>({2, 2}, {-9, -18, -27, -36})));
  CHECK(same_bits(sum.bias.value(), Tensor<T>({2}, {-45, -54})));
  CHECK(sum.buffer[0] == -63);
}

TEST_CASE_TEMPLATE("module: an affine combination keeps equal frozen entries bit for bit", T, float, double) {
  const T odd = T(1) / T(3);
  const std::vector<Small<T>> models = two<T>({{0, 3}, {odd, -odd}}, {{0, 3}, {odd, -odd}});
  CHECK(same_frozen<Small<T>>(models));
  for (const double t : {0.0, 0.1, 0.7, 1.0, -2.3}) {
    const Small<T> between = lerp(models[0], models[1], t);
    CHECK(between.weight.frozen() == models[0].weight.frozen());
    CHECK(between.weight.value()[0] == odd);
    CHECK(between.weight.value()[3] == -odd);
  }
}

TEST_CASE_TEMPLATE("module: other combinations give a network without frozen entries", T, float, double) {
  const std::vector<Small<T>> moved = two<T>({{0}, {8}}, {{1}, {8}}), changed = two<T>({{0}, {8}}, {{0}, {9}}),
                              same = two<T>({{0}, {8}}, {{0}, {8}});
  CHECK_FALSE(same_frozen<Small<T>>(moved));
  CHECK_FALSE(same_frozen<Small<T>>(changed));
  CHECK(count(mean<Small<T>>(moved)).frozen == 0);
  const Small<T> middle = mean<Small<T>>(changed);
  CHECK(count(middle).frozen == 0);
  CHECK(middle.weight.value()[0] == T(8.5));

  const Small<T>* list[] = {&same[0], &same[1]};
  const double coefficients[] = {1, 1};
  const Small<T> sum = combine<Small<T>>(list, coefficients);
  CHECK(count(sum).frozen == 0);
  CHECK(sum.weight.value()[0] == 16);
}

TEST_CASE_TEMPLATE("module: lerp runs from one model to the other, and mean is its middle", T, float, double) {
  const Mlp<T> a({3, 5, 2}, Key(1)), b({3, 5, 2}, Key(2));
  CHECK(test::same_parameters(lerp(a, b, 0), a));
  CHECK(test::same_parameters(lerp(a, b, 1), b));
  CHECK(test::same_parameters(lerp(a, b, 0.5), mean<Mlp<T>>(std::vector{a, b})));
}

TEST_CASE_TEMPLATE("module: averaging networks of one mask stays inside the family", T, float, double) {
  std::vector<Mlp<T>> models;
  for (std::uint64_t i = 0; i < 3; ++i) models.push_back(Mlp<T>({8, 16, 1}, {.mask = Key(9)}, Key(i)));
  const Mlp<T> average = mean<Mlp<T>>(models);
  for (std::size_t l = 0; l < 4; ++l) CHECK(average.layers[l].weight.frozen() == models[0].layers[l].weight.frozen());
  CHECK(test::same_parameters(average, test::with_frozen_of(models[0], average)));

  models.push_back(Mlp<T>({8, 16, 1}, {.mask = Key(10)}, Key(3)));
  CHECK(count(mean<Mlp<T>>(models)).frozen == 0);
}

TEST_CASE_TEMPLATE("module: distance is Euclidean over parameters, frozen entries included and buffers not", T, float,
                   double) {
  const Small<T> a({1, 2, 3, 4}, {5, 6}, 7, {{0}, {1}}), b({1, 2, 3, 4}, {5, 9}, 70, {{0}, {5}});
  CHECK(distance(a, b) == 5);
  CHECK(distance(a, a) == 0);
}

TEST_CASE_TEMPLATE("module: the first parameter with a number that is not finite is named", T, float, double) {
  Mlp<T> model({3, 5, 2}, Key(1));
  CHECK(first_not_finite(model).empty());
  model.layers[2].bias.change([](std::span<T> v) { v[1] = std::numeric_limits<T>::infinity(); });
  CHECK(first_not_finite(model) == "layers.2.bias");
  model.layers[1].weight.change([](std::span<T> v) { v[0] = std::numeric_limits<T>::quiet_NaN(); });
  CHECK(first_not_finite(model) == "layers.1.weight");
}

TEST_CASE_TEMPLATE("module: unlike models and missing coefficients are refused", T, float, double) {
  using M = Mlp<T>;
  const M a({3, 5, 2}, Key(1)), wide({3, 6, 2}, Key(1)), deep({3, 5, 2, 4}, Key(1));
  CHECK_THROWS_WITH_AS(lerp(a, wide, 0.5),
                       "combine: layers.0.weight is (5, 3) in model 0 but (6, 3) in model 1; they must be equal",
                       ShapeError);
  CHECK_THROWS_WITH_AS(distance(a, deep),
                       "distance: model 0 has 8 members but model 1 has 10; they must have one architecture",
                       ShapeError);
  CHECK_THROWS_WITH_AS(distance(deep, a),
                       "distance: model 0 has 10 members but model 1 has 8; they must have one architecture",
                       ShapeError);
  CHECK_THROWS_WITH_AS(mean<M>(std::span<const M>()), "combine: no models; at least one is needed", ConfigError);
  const M* list[] = {&a, &a};
  const double one[] = {1};
  CHECK_THROWS_WITH_AS((combine<M>(list, one)), "combine: 2 models but 1 coefficients; one each is needed", ShapeError);
}

namespace {
/// A weight and two settings, in an order that an optional buffer changes.
struct Chosen {
  Parameter<float> weight{Tensor<float>({1}, 1.0F)};
  std::optional<Tensor<float>> first, second;
  Index choices = 1;
  std::optional<double> rate, limit;
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("first", self.first);
    v("second", self.second);
    v("choices", self.choices);
    v("rate", self.rate);
    v("limit", self.limit);
  }
};
}  // namespace

TEST_CASE("module: arithmetic on models of unlike settings names the setting and both values") {
  const Chosen a;
  Chosen b;
  b.choices = 3;
  CHECK_THROWS_WITH_AS(lerp(a, b, 0.5), "combine: setting choices is 1 in model 0 but 3 in model 1; they must be equal",
                       ConfigError);
  CHECK_THROWS_WITH_AS(distance(a, b), "distance: setting choices is 1 in model 0 but 3 in model 1; they must be equal",
                       ConfigError);
  const std::vector<Chosen> models{a, a, b};
  CHECK_THROWS_WITH_AS(mean(std::span(models)),
                       "combine: setting choices is 1 in model 0 but 3 in model 2; they must be equal", ConfigError);
  b = a;
  b.rate = 0.5;
  CHECK_THROWS_WITH_AS(lerp(a, b, 0.5),
                       "combine: setting rate is none in model 0 but 0.5 in model 1; they must be equal", ConfigError);
  b = a;
  CHECK(lerp(a, b, 0.5).choices == 1);
}

TEST_CASE("module: models of as many but other members are refused by name") {
  Chosen a, b;
  a.first = Tensor<float>({1});
  b.second = Tensor<float>({1});
  CHECK_THROWS_WITH_AS(distance(a, b),
                       "distance: model 0 has first where model 1 has second; they must have one architecture",
                       ShapeError);
}
