// SPDX-License-Identifier: MIT
#include "wsym/ops/grouped.hpp"

#include "ops/experts.hpp"
#include "reference/mixtures.hpp"
#include "wsym/ops/concat.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// All experts at once.
template <bool with_gelu>
const auto grouped = [](auto& x) {
  return grouped_linear(x[0], test::experts_from(x, 1), with_gelu);
};
/// Each expert alone on the one x that all share.
template <bool with_gelu>
const auto one_by_one = []<class T>(std::vector<Var<T>>& x) {
  const ExpertLayer<T> layer = test::experts_from(x, 1);
  std::vector<Var<T>> y;
  for (Index e = 0; e < layer.experts(); ++e)
    y.push_back(with_gelu ? linear_gelu(x[0], layer.weight(e), layer.bias(e))
                          : linear(x[0], layer.weight(e), layer.bias(e)));
  return concat(std::span<const Var<T>>(y));
};
/// Two layers of every expert, the second one on the blocks of the first.
const auto deep = [](auto& x) {
  const auto layers = test::experts_from(x, 1);
  const std::size_t half = layers.weights.size() / 2;
  const auto h = grouped_linear(x[0], {layers.weights.first(half), layers.biases.first(half)}, true);
  return grouped_linear(h, {layers.weights.subspan(half), layers.biases.subspan(half)}, false);
};
const auto deep_one_by_one = []<class T>(std::vector<Var<T>>& x) {
  const ExpertLayer<T> layers = test::experts_from(x, 1);
  const Index half = layers.experts() / 2;
  std::vector<Var<T>> y;
  for (Index e = 0; e < half; ++e)
    y.push_back(
        linear(linear_gelu(x[0], layers.weight(e), layers.bias(e)), layers.weight(half + e), layers.bias(half + e)));
  return concat(std::span<const Var<T>>(y));
};

template <Real T>
std::vector<Tensor<T>> inputs(Index rows, bool shared, Index experts, Index in, Index out, const Key& key) {
  return test::with_experts<T>({random_tensor<T>({rows, shared ? in : experts * in}, key.child("x"))}, experts, in, out,
                               key);
}
}  // namespace

TEST_CASE_TEMPLATE("grouped_linear: agrees with plain loops, on one x for all and on a block for each", T, float,
                   double) {
  for (const bool shared : {true, false})
    for (const Index rows : {1, 7, 65})
      for (const Index in : test::hard_sizes)
        for (const Index out : {1, 10, 17}) {
          const Index experts = 3;
          const auto x = inputs<T>(rows, shared, experts, in, out, Key(1));
          const Tensor<T> y = test::value_of<T>(grouped<false>, x), h = test::value_of<T>(grouped<true>, x);
          REQUIRE(y.shape() == Shape{rows, experts * out});
          REQUIRE(h.shape() == y.shape());
          for (Index e = 0; e < experts; ++e) {
            const auto i = static_cast<std::size_t>(e);
            const reference::Matrix z =
                reference::linear(reference::columns(reference::matrix(x[0]), shared ? 0 : e * in, in),
                                  reference::matrix(x[1 + i]), reference::matrix(x[4 + i]).values);
            const auto part = [&](const Tensor<T>& all) {
              return reference::columns(reference::matrix(all), e * out, out).values;
            };
            REQUIRE(test::worst_error(part(y), z.values) < test::tolerance<T>);
            REQUIRE(test::worst_error(part(h), reference::each(z, reference::gelu).values) < test::tolerance<T>);
          }
        }
}

TEST_CASE("grouped_linear: gradcheck in input, weights and biases") {
  for (const bool shared : {true, false})
    for (const Index experts : {1, 3})
      for (const Index out : {1, 4}) {
        const auto x = inputs<double>(5, shared, experts, 3, out, Key(2));
        CHECK(gradcheck(grouped<false>, x, Key(3)).message == "");
        CHECK(gradcheck(grouped<true>, x, Key(3)).message == "");
      }
}

TEST_CASE("grouped_linear: the gradients in float are those in double") {
  for (const bool shared : {true, false})
    CHECK(test::float_gradient_error(grouped<true>, inputs<float>(33, shared, 4, 17, 16, Key(4)), Key(5)) < 1e-5);
}

TEST_CASE_TEMPLATE("grouped_linear: value and all gradients have the bits of one layer for each expert", T, float,
                   double) {
  for (const Index rows : {1, 17, 256})
    for (const Index in : {1, 8, 65})
      for (const Index out : {1, 10, 64}) {
        const auto x = inputs<T>(rows, true, 5, in, out, Key(6));
        CAPTURE(rows);
        CAPTURE(in);
        CAPTURE(out);
        REQUIRE(same_bits(test::value_of<T>(grouped<true>, x), test::value_of<T>(one_by_one<true>, x)));
        REQUIRE(same_bits(test::value_of<T>(grouped<false>, x), test::value_of<T>(one_by_one<false>, x)));
        REQUIRE(test::gradients_of<T>(grouped<true>, x, Key(7)) == test::gradients_of<T>(one_by_one<true>, x, Key(7)));
        REQUIRE(test::gradients_of<T>(grouped<false>, x, Key(7)) ==
                test::gradients_of<T>(one_by_one<false>, x, Key(7)));
      }
}

TEST_CASE_TEMPLATE("grouped_linear: so do two layers, whose second takes the blocks of the first", T, float, double) {
  const Index experts = 4, in = 9, hidden = 17, out = 3;
  std::vector<Tensor<T>> x{random_tensor<T>({33, in}, Key(8))};
  for (const Shape& shape : {Shape{hidden, in}, Shape{out, hidden}, Shape{hidden}, Shape{out}})
    for (Index e = 0; e < experts; ++e) x.push_back(random_tensor<T>(shape, Key(9).child(x.size())));
  CHECK(same_bits(test::value_of<T>(deep, x), test::value_of<T>(deep_one_by_one, x)));
  CHECK(test::gradients_of<T>(deep, x, Key(7)) == test::gradients_of<T>(deep_one_by_one, x, Key(7)));
}

TEST_CASE_TEMPLATE("grouped_linear: it counts the operations of one layer for each expert", T, float, double) {
  const auto x = inputs<T>(6, true, 5, 7, 3, Key(10));
  const auto work = [&](auto f) {
    Tape<T> tape;
    const std::vector<Parameter<T>> parameters(x.begin(), x.end());
    std::vector<Var<T>> leaves;
    for (const Parameter<T>& p : parameters) leaves.push_back(tape.use(p));
    const Var<T> y = f(leaves);
    tape.backward(y, random_tensor<T>(y.shape(), Key(1)).span());
    return tape.work();
  };
  CHECK(work(grouped<true>) == 3 * 5 * 2 * 6 * 7 * 3);  // y, dx and dw: 2 rows in out each
  CHECK(work(grouped<true>) == work(one_by_one<true>));
}

TEST_CASE_TEMPLATE("grouped_linear: a row has the same bits alone as in a batch", T, float, double) {
  for (const bool shared : {true, false}) {
    auto x = inputs<T>(17, shared, 3, 9, 10, Key(11));
    const Tensor<T> all = x[0], y = test::value_of<T>(grouped<true>, x);
    for (Index n = 0; n < 17; ++n) {
      x[0] = test::row_of(all, n);
      REQUIRE(same_bits(test::value_of<T>(grouped<true>, x), test::row_of(y, n)));
    }
  }
}

TEST_CASE_TEMPLATE("grouped_linear: leading axes are rows, and no rows give no rows", T, float, double) {
  const auto x = inputs<T>(6, true, 3, 4, 2, Key(12));
  auto folded = x;
  folded[0] = Tensor<T>({2, 3, 4}, x[0].span());
  const Tensor<T> y = test::value_of<T>(grouped<true>, folded);
  CHECK(y.shape() == Shape{2, 3, 6});
  CHECK(same_bits(Tensor<T>({6, 6}, y.span()), test::value_of<T>(grouped<true>, x)));
  folded[0] = Tensor<T>({0, 4});
  CHECK(test::value_of<T>(grouped<true>, folded).shape() == Shape{0, 6});
  CHECK(test::gradients_of<T>(grouped<true>, folded, Key(1)) == std::vector<T>(3 * (8 + 2)));
}

TEST_CASE_TEMPLATE("grouped_linear: refuses experts that do not fit", T, float, double) {
  const auto run = [](std::vector<Shape> shapes) {
    return test::value_of<T>(grouped<true>, {shapes.begin(), shapes.end()});
  };
  CHECK_THROWS_WITH_AS(run({{4, 3}}),
                       "grouped_linear: 0 weights and 0 biases; every expert needs both, and there is at least one",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 5}, {2, 3}, {2, 3}, {2}, {2}}),
                       "grouped_linear: x is (4, 5) for 2 experts with weights (2, 3); x needs 3 or 6 columns",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 3}, {2, 3}, {3, 3}, {2}, {3}}),
                       "grouped_linear: expert 1 has weight (3, 3) and bias (3); every weight needs expert 0's shape, "
                       "(2, 3), and a bias entry for each row",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({{4, 3}, {2, 3}, {2, 3}, {3}, {2}}),
                       "grouped_linear: expert 0 has weight (2, 3) and bias (3); every weight needs expert 0's shape, "
                       "(2, 3), and a bias entry for each row",
                       ShapeError);
  CHECK_THROWS_AS(run({{4, 3}, {6}, {6}, {2}, {2}}), ShapeError);
  Tape<T> tape;
  const Tensor<T> x({4, 3}), w({2, 3}), b({2});
  const std::vector<Var<T>> weights{tape.constant(w), tape.constant(w)}, biases{tape.constant(b)};
  CHECK_THROWS_WITH_AS(grouped_linear(tape.constant(x), {weights, biases}, false),
                       "grouped_linear: 2 weights and 1 biases; every expert needs both, and there is at least one",
                       ShapeError);
}
