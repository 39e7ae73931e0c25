// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/batched.hpp"

#include "ops/experts.hpp"
#include "reference/mixtures.hpp"
#include "wsym/ops/slice_rows.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
using Offsets = std::vector<std::int32_t>;
/// Batches of many sizes, empty ones among them, at the ends too.
const Offsets offsets[] = {{0, 5}, {0, 0, 7, 8}, {0, 17, 17, 17, 33}, {0, 1, 1}, {0, 0, 0}};

template <bool with_gelu> auto batched(const Offsets& first) {
  return [&first](auto& x) {
    return batched_linear(x[0], first.data(), test::experts_from(x, 1), with_gelu);
  };
}
/// Each expert alone on its rows.
template <bool with_gelu> auto one_by_one(const Offsets& first) {
  return [&first]<class T>(std::vector<Var<T>>& x) {
    const ExpertLayer<T> layer = test::experts_from(x, 1);
    std::vector<Var<T>> y;
    for (Index e = 0; e < layer.experts(); ++e) {
      const auto at = static_cast<std::size_t>(e);
      const Var<T> rows = slice_rows(x[0], first[at], first[at + 1] - first[at]);
      y.push_back(with_gelu ? linear_gelu(rows, layer.weight(e), layer.bias(e))
                            : linear(rows, layer.weight(e), layer.bias(e)));
    }
    return stack_rows(std::span<const Var<T>>(y), x[0].rows());
  };
}
template <Real T> std::vector<Tensor<T>> inputs(const Offsets& first, Index in, Index out, Index unused = 2) {
  return test::with_experts<T>({random_tensor<T>({first.back() + unused, in}, Key(1))},
                               static_cast<Index>(first.size()) - 1, in, out, Key(2));
}
}  // namespace

TEST_CASE_TEMPLATE("batched_linear: agrees with plain loops, and rows without an expert are 0", T, float, double) {
  for (const Offsets& first : offsets)
    for (const Index in : {1, 9, 64})
      for (const Index out : {1, 10, 17}) {
        const auto x = inputs<T>(first, in, out);
        const std::size_t experts = first.size() - 1;
        const Tensor<T> y = test::value_of<T>(batched<false>(first), x), h = test::value_of<T>(batched<true>(first), x);
        REQUIRE(y.shape() == Shape{first.back() + 2, out});
        for (std::size_t e = 0; e < experts; ++e) {
          const reference::Matrix z = reference::linear(reference::matrix(x[0]), reference::matrix(x[1 + e]),
                                                        reference::matrix(x[1 + experts + e]).values);
          for (Index n = first[e]; n < first[e + 1]; ++n)
            for (Index j = 0; j < out; ++j) {
              REQUIRE(std::abs(static_cast<double>(y(n, j)) - z(n, j)) < 10 * test::tolerance<T>);
              REQUIRE(std::abs(static_cast<double>(h(n, j)) - reference::gelu(z(n, j))) < 10 * test::tolerance<T>);
            }
        }
        REQUIRE(y.mat().bottomRows(2).isZero(0));
        REQUIRE(h.mat().bottomRows(2).isZero(0));
      }
}

TEST_CASE("batched_linear: gradcheck in input, weights and biases; no rows, no gradient") {
  for (const Offsets& first : offsets) {
    const auto x = inputs<double>(first, 3, 4);
    CHECK(gradcheck(batched<false>(first), x, Key(3)).message == "");
    CHECK(gradcheck(batched<true>(first), x, Key(3)).message == "");
  }
}

TEST_CASE_TEMPLATE("batched_linear: value and all gradients have the bits of each expert on its own rows", T, float,
                   double) {
  for (const Offsets& first : offsets)
    for (const Index in : {1, 8, 65})
      for (const Index out : {1, 10, 64}) {
        const auto x = inputs<T>(first, in, out);
        REQUIRE(same_bits(test::value_of<T>(batched<true>(first), x), test::value_of<T>(one_by_one<true>(first), x)));
        REQUIRE(same_bits(test::value_of<T>(batched<false>(first), x), test::value_of<T>(one_by_one<false>(first), x)));
        REQUIRE(test::gradients_of<T>(batched<true>(first), x, Key(7)) ==
                test::gradients_of<T>(one_by_one<true>(first), x, Key(7)));
        REQUIRE(test::gradients_of<T>(batched<false>(first), x, Key(7)) ==
                test::gradients_of<T>(one_by_one<false>(first), x, Key(7)));
      }
}

TEST_CASE_TEMPLATE("batched_linear: it counts the operations of the rows that experts have, and no others", T, float,
                   double) {
  const Offsets first{0, 4, 4, 6};
  const auto x = inputs<T>(first, 7, 3, 50);
  const std::vector<Parameter<T>> parameters(x.begin(), x.end());
  Tape<T> tape;
  std::vector<Var<T>> leaves;
  for (const Parameter<T>& p : parameters) leaves.push_back(tape.use(p));
  const Var<T> y = batched<true>(first)(leaves);
  tape.backward(y, random_tensor<T>(y.shape(), Key(1)).span());
  CHECK(tape.work() == 3 * 2 * 6 * 7 * 3);  // y, dx and dw: 2 rows in out each
}

TEST_CASE_TEMPLATE("batched_linear: refuses what does not fit", T, float, double) {
  const Offsets first{0, 2, 5};
  const auto run = [&](std::vector<Shape> shapes) {
    return test::value_of<T>(batched<true>(first), {shapes.begin(), shapes.end()});
  };
  CHECK_THROWS_WITH_AS(run({{4, 3}, {2, 3}, {2, 3}, {2}, {2}}),
                       "batched_linear: x is (4, 3) for 5 rows and weights (2, 3); x needs 3 columns and as many rows",
                       ShapeError);
  CHECK_THROWS_AS(run({{5, 4}, {2, 3}, {2, 3}, {2}, {2}}), ShapeError);
  CHECK_THROWS_WITH_AS(run({{5, 3}, {2, 3}, {3, 3}, {2}, {3}}),
                       "batched_linear: expert 1 has weight (3, 3) and bias (3); every weight needs expert 0's shape, "
                       "(2, 3), and a bias entry for each row",
                       ShapeError);
}
