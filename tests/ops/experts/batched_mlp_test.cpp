// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/batched_mlp.hpp"

#include "ops/experts.hpp"
#include "wsym/ops/experts/batched.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
using Offsets = std::vector<std::int32_t>;
const Offsets offsets[] = {{0, 5}, {0, 0, 7, 8}, {0, 17, 17, 17, 33}, {0, 1, 1}, {0, 0, 0}};

/// x, then the weights of all layers, then their biases: the layers of f(first, widths).
template <Real T> std::vector<ExpertLayer<T>> layers_from(const std::vector<Var<T>>& x, std::size_t experts) {
  const std::size_t count = (x.size() - 1) / (2 * experts);
  std::vector<ExpertLayer<T>> layers;
  for (std::size_t l = 0; l < count; ++l) {
    const std::span<const Var<T>> all(x);
    layers.push_back({all.subspan(1 + 2 * l * experts, experts), all.subspan(1 + (2 * l + 1) * experts, experts)});
  }
  return layers;
}
auto networks(const Offsets& first) {
  return [&first]<class T>(std::vector<Var<T>>& x) {
    const auto layers = layers_from(x, first.size() - 1);
    return batched_mlp(x[0], first.data(), std::span<const ExpertLayer<T>>(layers));
  };
}
auto layer_by_layer(const Offsets& first) {
  return [&first]<class T>(std::vector<Var<T>>& x) {
    const auto layers = layers_from(x, first.size() - 1);
    Var<T> h = x[0];
    for (std::size_t l = 0; l < layers.size(); ++l)
      h = batched_linear(h, first.data(), layers[l], l + 1 < layers.size());
    return h;
  };
}
template <Real T>
std::vector<Tensor<T>> inputs(const Offsets& first, const std::vector<Index>& widths, Index unused = 2) {
  std::vector<Tensor<T>> x{random_tensor<T>({first.back() + unused, widths[0]}, Key(1))};
  for (std::size_t l = 0; l + 1 < widths.size(); ++l)
    for (const Shape& shape : {Shape{widths[l + 1], widths[l]}, Shape{widths[l + 1]}})
      for (std::size_t e = 0; e + 1 < first.size(); ++e)
        x.push_back(random_tensor<T>(shape, Key(2).child(x.size()), 0.5));
  return x;
}
const std::vector<Index> all_widths[] = {{3, 2}, {8, 17, 3}, {1, 1, 1}, {5, 9, 64, 10}};
}  // namespace

TEST_CASE_TEMPLATE("batched_mlp: value and all gradients have the bits of one layer after the other", T, float,
                   double) {
  for (const Offsets& first : offsets)
    for (const auto& widths : all_widths) {
      const auto x = inputs<T>(first, widths);
      REQUIRE(same_bits(test::value_of<T>(networks(first), x), test::value_of<T>(layer_by_layer(first), x)));
      REQUIRE(test::gradients_of<T>(networks(first), x, Key(7)) ==
              test::gradients_of<T>(layer_by_layer(first), x, Key(7)));
    }
}

TEST_CASE("batched_mlp: gradcheck in input, weights and biases, added to gradients that are there") {
  for (const Offsets& first : offsets)
    CHECK(gradcheck(networks(first), inputs<double>(first, {3, 4, 2}), Key(3)).message == "");
  const Offsets first{0, 2, 5};
  const auto twice = [&](auto& x) {
    auto again = x;
    again[0] = networks(first)(x);
    return networks(first)(again);
  };
  CHECK(gradcheck(twice, inputs<double>(first, {3, 4, 3}), Key(3)).message == "");
}

TEST_CASE_TEMPLATE("batched_mlp: rows without an expert are 0, and cost nothing", T, float, double) {
  const Offsets first{0, 4, 4, 6};
  const auto x = inputs<T>(first, {7, 5, 3}, 50);
  CHECK(test::value_of<T>(networks(first), x).mat().bottomRows(50).isZero(0));
  const std::vector<Parameter<T>> parameters(x.begin(), x.end());
  Tape<T> tape;
  std::vector<Var<T>> leaves;
  for (const Parameter<T>& p : parameters) leaves.push_back(tape.use(p));
  const Var<T> y = networks(first)(leaves);
  tape.backward(y, random_tensor<T>(y.shape(), Key(1)).span());
  CHECK(tape.work() == 3 * 2 * 6 * (7 * 5 + 5 * 3));
}

TEST_CASE_TEMPLATE("batched_mlp: refuses networks and rows that do not fit", T, float, double) {
  const Offsets first{0, 2, 5};
  auto x = inputs<T>(first, {3, 4, 2}, -1);
  CHECK_THROWS_WITH_AS(test::value_of<T>(networks(first), x), "batched_mlp: x is (4, 3) for 5 rows; it needs as many",
                       ShapeError);
  x[0] = Tensor<T>({5, 4});
  CHECK_THROWS_WITH_AS(test::value_of<T>(networks(first), x),
                       "batched_mlp: layer 0 has 2 experts with weights (4, 3); it needs 2 with 4 columns", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(networks(first), {x[0]}), "batched_mlp: no layers; at least one is needed",
                       ShapeError);
}
