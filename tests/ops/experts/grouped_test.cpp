// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/grouped.hpp"

#include "ops/experts.hpp"
#include "reference/mixtures.hpp"
#include "wsym/ops/concat.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// The widths of a network, from its inputs to its outputs.
using Widths = std::vector<Index>;
const Widths networks[] = {{7, 3}, {17, 16, 1}, {9, 65, 7, 10}, {1, 1, 1, 1, 1}, {8, 64, 64, 64, 9}};

/// Inputs of the ops below: x, then weights and biases of every expert, layer by layer.
template <Real T> std::vector<Tensor<T>> inputs(Index rows, Index experts, const Widths& widths, const Key& key) {
  std::vector<Tensor<T>> list{random_tensor<T>({rows, widths[0]}, key.child("x"))};
  for (std::size_t l = 1; l < widths.size(); ++l)
    list = test::with_experts<T>(list, experts, widths[l - 1], widths[l], key.child(l));
  return list;
}

/// Layer l of the inputs.
template <class X> auto layer_of(X& x, std::size_t l, Index experts) {
  const auto count = static_cast<std::size_t>(experts);
  const std::span all(x);
  return std::pair(all.subspan(1 + 2 * l * count, count), all.subspan(1 + (2 * l + 1) * count, count));
}

/// All experts at once.
auto grouped(Index experts) {
  return [=]<class T>(std::vector<Var<T>>& x) {
    std::vector<ExpertLayer<T>> layers;
    for (std::size_t l = 0; 1 + 2 * l * static_cast<std::size_t>(experts) < x.size(); ++l) {
      const auto [weights, biases] = layer_of(x, l, experts);
      layers.push_back({weights, biases});
    }
    return grouped_mlp(x[0], std::span<const ExpertLayer<T>>(layers));
  };
}

/// Each expert as a network of its own.
auto one_by_one(Index experts) {
  return [=]<class T>(std::vector<Var<T>>& x) {
    const std::size_t layers = (x.size() - 1) / (2 * static_cast<std::size_t>(experts));
    std::vector<Var<T>> y;
    for (std::size_t e = 0; e < static_cast<std::size_t>(experts); ++e) {
      Var<T> h = x[0];
      for (std::size_t l = 0; l < layers; ++l) {
        const auto [weights, biases] = layer_of(x, l, experts);
        h = l + 1 < layers ? linear_gelu(h, weights[e], biases[e]) : linear(h, weights[e], biases[e]);
      }
      y.push_back(h);
    }
    return concat(std::span<const Var<T>>(y));
  };
}

/// What a tape executes for f and its gradients in all inputs, or in all but the first.
template <Real T, class F> Index work_of(F f, const std::vector<Tensor<T>>& inputs, bool first_takes_gradient) {
  Tape<T> tape;
  const std::vector<Parameter<T>> parameters(inputs.begin(), inputs.end());
  std::vector<Var<T>> x;
  for (const Parameter<T>& p : parameters) x.push_back(tape.use(p));
  if (!first_takes_gradient) x[0] = tape.constant(inputs[0]);
  const Var<T> y = f(x);
  tape.backward(y, random_tensor<T>(y.shape(), Key(1)).span());
  return tape.work();
}
}  // namespace

TEST_CASE_TEMPLATE("grouped_mlp: agrees with plain loops for every expert", T, float, double) {
  for (const Widths& widths : networks)
    for (const Index rows : {1, 7, 65}) {
      const Index experts = 3, out = widths.back();
      const auto x = inputs<T>(rows, experts, widths, Key(1));
      const Tensor<T> y = test::value_of<T>(grouped(experts), x);
      REQUIRE(y.shape() == Shape{rows, experts * out});
      for (std::size_t e = 0; e < 3; ++e) {
        reference::Matrix h = reference::matrix(x[0]);
        for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
          const auto [weights, biases] = layer_of(x, l, experts);
          h = reference::linear(h, reference::matrix(weights[e]), reference::matrix(biases[e]).values);
          if (l + 2 < widths.size()) h = reference::each(h, reference::gelu);
        }
        auto found = reference::columns(reference::matrix(y), static_cast<Index>(e) * out, out).values;
        double largest = 1;  // weights of variance 1 let the layers grow, and their sums cancel
        for (const double value : h.values) largest = std::max(largest, std::abs(value));
        for (std::size_t i = 0; i < found.size(); ++i) found[i] /= largest, h.values[i] /= largest;
        CHECK(test::worst_error(found, h.values) < test::tolerance<T>);
      }
    }
}

TEST_CASE("grouped_mlp: gradcheck in input, weights and biases of every layer") {
  for (const Widths& widths : {Widths{3, 4}, Widths{3, 4, 1}, Widths{2, 5, 3, 4}})
    for (const Index experts : {1, 3})
      CHECK(gradcheck(grouped(experts), inputs<double>(5, experts, widths, Key(2)), Key(3)).message == "");
}

TEST_CASE("grouped_mlp: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(grouped(4), inputs<float>(33, 4, {17, 16, 16, 10}, Key(4)), Key(5)) < 5e-5);
}

TEST_CASE_TEMPLATE("grouped_mlp: value and all gradients have the bits of one network for each expert", T, float,
                   double) {
  for (const Widths& widths : networks)
    for (const Index rows : {1, 17, 256})
      for (const Index experts : {1, 2, 5}) {
        const auto x = inputs<T>(rows, experts, widths, Key(6));
        CAPTURE(widths.size());
        CAPTURE(rows);
        CAPTURE(experts);
        REQUIRE(same_bits(test::value_of<T>(grouped(experts), x), test::value_of<T>(one_by_one(experts), x)));
        REQUIRE(test::gradients_of<T>(grouped(experts), x, Key(7)) ==
                test::gradients_of<T>(one_by_one(experts), x, Key(7)));
      }
}

TEST_CASE_TEMPLATE("grouped_mlp: it has the same bits with and without gradients", T, float, double) {
  const auto x = inputs<T>(33, 4, {8, 17, 16, 3}, Key(8));
  const std::vector<Parameter<T>> parameters(x.begin(), x.end());
  Tape<T> tape;
  std::vector<Var<T>> leaves;
  for (const Parameter<T>& p : parameters) leaves.push_back(tape.use(p));
  CHECK(same_bits(test::copy_of<T>(grouped(4)(leaves)), test::value_of<T>(grouped(4), x)));
}

TEST_CASE_TEMPLATE("grouped_mlp: it counts the operations of the networks, none for an input that takes no gradient", T,
                   float, double) {
  const auto x = inputs<T>(6, 5, {7, 4, 3}, Key(10));
  const Index first = 2 * 6 * 7 * 4, second = 2 * 6 * 4 * 3;
  CHECK(work_of(grouped(5), x, true) == 5 * 3 * (first + second));
  CHECK(work_of(grouped(5), x, false) == 5 * (2 * first + 3 * second));
  CHECK(work_of(grouped(5), x, false) == work_of(one_by_one(5), x, false));
}

TEST_CASE_TEMPLATE("grouped_mlp: a row has the same bits alone as in a batch", T, float, double) {
  auto x = inputs<T>(17, 3, {9, 10, 3}, Key(11));
  const Tensor<T> all = x[0], y = test::value_of<T>(grouped(3), x);
  for (Index n = 0; n < 17; ++n) {
    x[0] = test::row_of(all, n);
    REQUIRE(same_bits(test::value_of<T>(grouped(3), x), test::row_of(y, n)));
  }
}

TEST_CASE_TEMPLATE("grouped_mlp: leading axes are rows, and no rows give no rows", T, float, double) {
  const auto x = inputs<T>(6, 3, {4, 5, 2}, Key(12));
  auto folded = x;
  folded[0] = Tensor<T>({2, 3, 4}, x[0].span());
  const Tensor<T> y = test::value_of<T>(grouped(3), folded);
  CHECK(y.shape() == Shape{2, 3, 6});
  CHECK(same_bits(Tensor<T>({6, 6}, y.span()), test::value_of<T>(grouped(3), x)));
  folded[0] = Tensor<T>({0, 4});
  CHECK(test::value_of<T>(grouped(3), folded).shape() == Shape{0, 6});
  CHECK(test::gradients_of<T>(grouped(3), folded, Key(1)) == std::vector<T>(3 * (20 + 5 + 10 + 2)));
}

TEST_CASE_TEMPLATE("grouped_mlp: refuses experts that do not fit", T, float, double) {
  const auto run = [](std::vector<Shape> shapes, Index experts) {
    return test::value_of<T>(grouped(experts), {shapes.begin(), shapes.end()});
  };
  CHECK_THROWS_WITH_AS(run({{4, 3}}, 2), "grouped_mlp: no layers; at least one is needed", ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 5}, {2, 3}, {2, 3}, {2}, {2}}, 2),
                       "grouped_mlp: layer 0 has 2 experts with weights (2, 3); it needs 2 with 5 columns", ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 3}, {2, 3}, {2, 3}, {2}, {2}, {1, 3}, {1, 3}, {1}, {1}}, 2),
                       "grouped_mlp: layer 1 has 2 experts with weights (1, 3); it needs 2 with 2 columns", ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 3}, {2, 3}, {3, 3}, {2}, {3}}, 2),
                       "grouped_mlp: expert 1 has weight (3, 3) and bias (3); every weight needs expert 0's shape, "
                       "(2, 3), and a bias entry for each row",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 3}, {2, 3}, {2, 3}, {3}, {2}}, 2),
                       "grouped_mlp: expert 0 has weight (2, 3) and bias (3); every weight needs expert 0's shape, "
                       "(2, 3), and a bias entry for each row",
                       ShapeError);
  CHECK_THROWS_AS(run({{4, 3}, {6}, {6}, {2}, {2}}, 2), ShapeError);
  Tape<T> tape;
  const Tensor<T> x({4, 3}), w({2, 3}), b({2});
  const std::vector<Var<T>> weights{tape.constant(w), tape.constant(w)}, biases{tape.constant(b)};
  const ExpertLayer<T> layers[] = {{weights, biases}};
  CHECK_THROWS_WITH_AS(grouped_mlp(tape.constant(x), std::span<const ExpertLayer<T>>(layers)),
                       "grouped_mlp: 2 weights and 1 biases; every expert needs both, and there is at least one",
                       ShapeError);
}
