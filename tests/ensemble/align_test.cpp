// SPDX-License-Identifier: MIT
#include "wsym/ensemble/align.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/ensemble/connectivity.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/fit.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
template <Real T> double total(const Tensor<T>& cost, const std::vector<Index>& column) {
  double sum = 0;
  for (std::size_t i = 0; i < column.size(); ++i) sum += static_cast<double>(cost(static_cast<Index>(i), column[i]));
  return sum;
}

/// The least total over all permutations.
template <Real T> double least_by_trying_all(const Tensor<T>& cost) {
  std::vector<Index> column = detail::in_order(cost.rows());
  double least = std::numeric_limits<double>::infinity();
  do least = std::min(least, total(cost, column));
  while (std::next_permutation(column.begin(), column.end()));
  return least;
}

UnitOrders random_orders(Index layers, Index width, const Key& key) {
  UnitOrders orders;
  for (Index l = 0; l < layers; ++l) orders.push_back(key.child(l).permutation(width));
  return orders;
}

/// The orders that undo those given.
UnitOrders inverse(const UnitOrders& orders) {
  UnitOrders back = orders;
  for (std::size_t l = 0; l < orders.size(); ++l)
    for (std::size_t i = 0; i < orders[l].size(); ++i)
      back[l][static_cast<std::size_t>(orders[l][i])] = static_cast<Index>(i);
  return back;
}

/// <theta_a, theta_b> over everything that moves with hidden units: all but the last bias.
template <Real T> double similarity(const Mlp<T>& a, const Mlp<T>& b) {
  double sum = 0;
  for (std::size_t l = 0; l < a.layers.size(); ++l) {
    const auto add = [&](const Tensor<T>& x, const Tensor<T>& y) {
      for (Index i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    };
    add(a.layers[l].weight.value(), b.layers[l].weight.value());
    if (l + 1 < a.layers.size()) add(a.layers[l].bias.value(), b.layers[l].bias.value());
  }
  return sum;
}

bool is_permutation(std::vector<Index> order) {
  std::sort(order.begin(), order.end());
  return order == detail::in_order(static_cast<Index>(order.size()));
}
}  // namespace

TEST_CASE_TEMPLATE("linear_assignment: as cheap as the best of all permutations", T, float, double) {
  for (const Index n : {1, 2, 3, 4, 5, 6, 7})
    for (std::uint64_t draw = 0; draw < 20; ++draw) {
      const Tensor<T> cost = random_tensor<T>({n, n}, Key(3).child(draw), 10);
      const std::vector<Index> column = linear_assignment(cost);
      REQUIRE(is_permutation(column));
      REQUIRE(total(cost, column) == doctest::Approx(least_by_trying_all(cost)).epsilon(1e-12));
    }
}

TEST_CASE_TEMPLATE("linear_assignment: ties, equal costs and huge spreads", T, float, double) {
  for (std::uint64_t draw = 0; draw < 50; ++draw) {
    Tensor<T> cost({6, 6});
    for (Index i = 0; i < cost.size(); ++i) cost[i] = static_cast<T>(Key(4).child(draw).below(i, 3));
    CHECK(total(cost, linear_assignment(cost)) == least_by_trying_all(cost));
    for (Index i = 0; i < cost.size(); ++i) cost[i] = static_cast<T>(std::pow(10.0, 6 * static_cast<double>(cost[i])));
    CHECK(total(cost, linear_assignment(cost)) == least_by_trying_all(cost));
  }
  CHECK(is_permutation(linear_assignment(Tensor<T>({8, 8}, T(2)))));
  CHECK(linear_assignment(Tensor<T>({0, 0})).empty());
}

TEST_CASE_TEMPLATE("linear_assignment: a hidden permutation of 100 is found", T, float, double) {
  const std::vector<Index> hidden = Key(5).permutation(100);
  Tensor<T> cost = random_tensor<T>({100, 100}, Key(6));
  cost.array() = cost.array().abs();
  for (Index i = 0; i < 100; ++i) cost(i, hidden[static_cast<std::size_t>(i)]) = T(-0.001);
  CHECK(linear_assignment(cost) == hidden);
}

TEST_CASE("linear_assignment: another shape and costs that are not finite are refused") {
  CHECK_THROWS_WITH_AS(linear_assignment(Tensor<float>({2, 3})),
                       "linear_assignment: cost is (2, 3); it needs as many columns as rows", ShapeError);
  CHECK_THROWS_WITH_AS(linear_assignment(Tensor<float>({1, 1}, std::numeric_limits<float>::quiet_NaN())),
                       "linear_assignment: a cost is not finite", ConfigError);
}

TEST_CASE_TEMPLATE("apply_permutation: unit i becomes what unit order[i] was, and the function stays", T, float,
                   double) {
  const Mlp<T> model({8, 16, 3}, Key(1));
  const Tensor<T> x = random_tensor<T>({40, 8}, Key(2));
  for (std::size_t layer = 0; layer < 3; ++layer) {
    UnitOrders orders(3, detail::in_order(16));
    orders[layer] = Key(3).permutation(16);
    const Mlp<T> twin = apply_permutation(model, orders);
    CHECK(test::same_parameters(twin, test::permuted(model, layer, orders[layer])));
    CHECK_FALSE(test::same_parameters(twin, model));
  }
  const UnitOrders all = random_orders(3, 16, Key(4));
  const Mlp<T> twin = apply_permutation(model, all);
  CHECK(test::worst_error(predict(model, x, 3), predict(twin, x, 3)) <= test::tolerance<T>);
  CHECK(test::same_parameters(apply_permutation(twin, inverse(all)), model));
  CHECK(test::same_parameters(apply_permutation(model, UnitOrders(3, detail::in_order(16))), model));
}

TEST_CASE_TEMPLATE("apply_permutation: frozen entries move with their units, and the network leaves its family", T,
                   float, double) {
  const Mlp<T> model = test::w_asymmetric<T>({8, 16, 3});
  const UnitOrders orders = random_orders(3, 16, Key(4));
  const Mlp<T> twin = apply_permutation(model, orders);
  CHECK(count(twin).frozen == count(model).frozen);
  CHECK_FALSE(same_frozen<Mlp<T>>(std::vector{model, twin}));
  CHECK(count(lerp(model, twin, 0.5)).frozen == 0);
  const auto mask = [](const Mlp<T>& m) {  // 1 at frozen entries
    Mlp<T> marks = m;
    for (Linear<T>& layer : marks.layers) {
      Frozen<T> ones = layer.weight.frozen();
      std::fill(ones.value.begin(), ones.value.end(), T(1));
      layer.weight = Parameter<T>(Tensor<T>(layer.weight.shape()), ones);
      layer.bias = Parameter<T>(Tensor<T>(layer.bias.shape()));
    }
    return marks;
  };
  CHECK(test::same_parameters(mask(twin), apply_permutation(mask(model), orders)));
  CHECK(same_frozen<Mlp<T>>(std::vector{model, apply_permutation(twin, inverse(orders))}));
}

TEST_CASE_TEMPLATE("apply_permutation: orders that are none or too few are refused", T, float, double) {
  const Mlp<T> model({3, 4, 2, 2}, Key(1));
  CHECK_THROWS_WITH_AS(apply_permutation(model, {{0, 1, 2, 3}}),
                       "apply_permutation: 1 orders for 3 layers; each hidden layer needs one", ConfigError);
  CHECK_THROWS_WITH_AS(apply_permutation(model, {{0, 1, 2, 3}, {0, 1, 1, 3}}),
                       "apply_permutation: order 1 does not hold each of 0 .. 3 once", ConfigError);
  CHECK_THROWS_AS(apply_permutation(model, {{0, 1, 2}, {0, 1, 2, 3}}), ConfigError);
  CHECK_THROWS_AS(apply_permutation(Mlp<T>(), {}), ConfigError);
}

TEST_CASE("apply_permutation: networks without layers, and with layers that do not fit each other, are refused") {
  const Mlp<float> empty;
  CHECK_THROWS_AS(apply_permutation(empty, {}), ConfigError);
  CHECK_THROWS_AS(weight_matching(empty, empty, Key(1)), ConfigError);
  Mlp<float> odd({3, 4, 2}, Key(1));
  odd.layers[1].bias = Parameter<float>(Tensor<float>({9}));
  const UnitOrders orders{{0, 1, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {0, 1, 2, 3}};
  const char* const words = "Mlp: layer 1 has weight (4, 4) and bias (9); it needs (out, in) and (out)";
  CHECK_THROWS_WITH_AS(apply_permutation(odd, orders), words, ShapeError);
  CHECK_THROWS_WITH_AS(weight_matching(odd, odd, Key(1)), words, ShapeError);
}

TEST_CASE_TEMPLATE("weight_matching: a network is matched to its own permuted copy exactly, with barrier 0", T, float,
                   double) {
  const Dataset<T> data = test::circle<T>(200, Key(7));
  Workspace<T> workspace;
  const auto loss = [&](const Mlp<T>& m) {
    return evaluate(m, data, workspace);
  };
  for (const bool asymmetric : {false, true})
    for (const Index epochs : {0, 30}) {
      CAPTURE(asymmetric);
      CAPTURE(epochs);
      Mlp<T> model = asymmetric ? test::w_asymmetric<T>({4, 32, 3}) : Mlp<T>({4, 32, 3}, Key(1));
      fit(model, AdamW<T>({.rate = 1e-2}), data, Dataset<T>(), {.epochs = epochs, .batch_size = 50}, Key(6));
      const UnitOrders orders = random_orders(3, 32, Key(8));
      const Mlp<T> twin = apply_permutation(model, orders);
      const UnitOrders found = weight_matching(model, twin, Key(9));
      CHECK(found == inverse(orders));
      const Mlp<T> back = apply_permutation(twin, found);
      CHECK(test::same_parameters(back, model));
      CHECK(loss_barrier(model, back, loss).barrier <= test::tolerance<T>);
      if (epochs > 0) CHECK(loss_barrier(model, twin, loss).barrier > 0.1);
    }
}

TEST_CASE_TEMPLATE("weight_matching: a copy with noise on its weights is found too", T, float, double) {
  const Mlp<T> model({8, 24, 2}, Key(1));
  Mlp<T> noisy = model;
  std::uint64_t n = 0;
  for_each_parameter(noisy, [&](Parameter<T>& p) {
    const Tensor<T> noise = random_tensor<T>(p.shape(), Key(5).child(n++), 0.02);
    p.change([&](std::span<T> values) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] += noise.span()[i];
    });
  });
  const UnitOrders orders = random_orders(3, 24, Key(8));
  CHECK(weight_matching(model, apply_permutation(noisy, orders), Key(9)) == inverse(orders));
}

TEST_CASE_TEMPLATE("weight_matching: it raises the similarity to where no layer alone can raise it", T, float, double) {
  const Mlp<T> a({8, 24, 2}, Key(1)), b({8, 24, 2}, Key(2));
  const UnitOrders orders = weight_matching(a, b, Key(3));
  const Mlp<T> matched = apply_permutation(b, orders);
  CHECK(similarity(a, matched) > similarity(a, b) + 1);
  CHECK(distance(a, matched) < distance(a, b));
  CHECK(weight_matching(a, matched, Key(4)) == UnitOrders(3, detail::in_order(24)));
  for (std::size_t l = 0; l < 3; ++l)
    for (std::uint64_t draw = 0; draw < 20; ++draw) {
      const Mlp<T> other = test::permuted(matched, l, Key(5).child(draw).permutation(24));
      CHECK(similarity(a, other) < similarity(a, matched));
    }
  CHECK(weight_matching(a, b, Key(3)) == orders);
  CHECK_THROWS_WITH_AS(weight_matching(a, Mlp<T>({8, 25, 2}, Key(2)), Key(3)),
                       "weight_matching: layers.0.weight is (24, 8) in model 0 but (25, 8) in model 1; they must be "
                       "equal",
                       ShapeError);
}

TEST_CASE("weight_matching: unit similarity is what the formula says, entry by entry") {
  const Mlp<double> a({3, 5, 2}, Key(1)), b({3, 5, 2}, Key(2));
  const Tensor<double> all = detail::unit_similarity(a, b, 1, true), incoming = detail::unit_similarity(a, b, 1, false);
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 5; ++j) {
      double in = a.layers[1].bias.value()[i] * b.layers[1].bias.value()[j], out = 0;
      for (Index k = 0; k < 5; ++k) {
        in += a.layers[1].weight.value()(i, k) * b.layers[1].weight.value()(j, k);
        out += a.layers[2].weight.value()(k, i) * b.layers[2].weight.value()(k, j);
      }
      CHECK(incoming(i, j) == doctest::Approx(in).epsilon(1e-13));
      CHECK(all(i, j) == doctest::Approx(in + out).epsilon(1e-13));
    }
}
