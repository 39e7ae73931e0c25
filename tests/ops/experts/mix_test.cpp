// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/mix.hpp"

#include "ops/experts.hpp"
#include "reference/mixtures.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return mix(x[0], x[1]);
};
template <Real T> std::vector<Tensor<T>> inputs(Index rows, Index experts, Index out, const Key& key) {
  return {random_tensor<T>({rows, experts}, key.child("alpha")), random_tensor<T>({rows, experts * out}, key)};
}
/// The columns of one expert.
template <Real T> Tensor<T> block(const Tensor<T>& f, Index experts, Index e) {
  const Index out = f.cols() / experts;
  Tensor<T> part({f.rows(), out});
  part.mat() = f.mat().middleCols(e * out, out);
  return part;
}
}  // namespace

TEST_CASE_TEMPLATE("mix: agrees with plain loops for every hard size", T, float, double) {
  for (const Index rows : test::hard_sizes)
    for (const Index experts : {1, 2, 3, 16, 17, 128})
      for (const Index out : {1, 2, 7, 9, 10, 17}) {
        const auto in = inputs<T>(rows, experts, out, Key(1));
        const Tensor<T> y = test::value_of<T>(op, in);
        CAPTURE(rows);
        CAPTURE(experts);
        CAPTURE(out);
        REQUIRE(y.shape() == Shape{rows, out});
        REQUIRE(test::worst_error(y, reference::mix(reference::matrix(in[0]), reference::matrix(in[1])).values) <
                10 * test::tolerance<T>);
      }
}

TEST_CASE_TEMPLATE("mix: leading axes are rows", T, float, double) {
  for (const Shape& lead : {Shape{1}, Shape{3, 1}, Shape{2, 3, 1}, Shape{2, 1, 3, 1}}) {
    const auto in = inputs<T>(lead.rows(), 4, 5, Key(2));
    const Tensor<T> alpha(lead.with_cols(4), in[0].span()), f(lead.with_cols(20), in[1].span());
    const Tensor<T> y = test::value_of<T>(op, {alpha, f});
    CHECK(y.shape() == lead.with_cols(5));
    CHECK(same_bits(Tensor<T>({lead.rows(), 5}, y.span()), test::value_of<T>(op, in)));
  }
}

TEST_CASE("mix: gradcheck in the weights and the outputs") {
  for (const Index experts : {1, 2, 5})
    for (const Index out : {1, 2, 9, 17})
      CHECK(gradcheck(op, inputs<double>(7, experts, out, Key(3)), Key(4)).message == "");
  const auto squares = [](auto& x) {
    return mix(x[0], x[0]);
  };
  CHECK(gradcheck(squares, {random_tensor<double>({3, 4}, Key(3))}, Key(4)).message == "");
}

TEST_CASE("mix: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op, inputs<float>(65, 17, 10, Key(5)), Key(6)) < 1e-5);
}

TEST_CASE_TEMPLATE("mix: a one-hot row gives that expert, bit for bit", T, float, double) {
  for (const Index out : {1, 10, 17})
    for (Index e = 0; e < 5; ++e) {
      const Tensor<T> f = random_tensor<T>({9, 5 * out}, Key(7));
      CHECK(same_bits(test::value_of<T>(op, {test::one_hot<T>(9, 5, e), f}), block(f, 5, e)));
    }
}

TEST_CASE_TEMPLATE("mix: equal experts give what each gives", T, float, double) {
  const Tensor<T> one = random_tensor<T>({9, 3}, Key(8));
  Tensor<T> f({9, 12});
  for (Index e = 0; e < 4; ++e) f.mat().middleCols(3 * e, 3) = one.mat();
  const Tensor<T> y = test::value_of<T>(op, {test::random_weights<T>({9, 4}, Key(9)), f});
  CHECK(test::worst_error(y, one) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("mix: doubling the weights doubles every bit of the result", T, float, double) {
  auto in = inputs<T>(17, 6, 9, Key(10));
  const Tensor<T> y = test::value_of<T>(op, in);
  for (T& value : in[0].span()) value *= 2;
  const Tensor<T> twice = test::value_of<T>(op, in);
  for (Index i = 0; i < y.size(); ++i) CHECK(twice[i] == 2 * y[i]);
}

TEST_CASE_TEMPLATE("mix: a row has the same bits alone as in a batch", T, float, double) {
  for (const Index out : {1, 10, 65}) {
    const auto in = inputs<T>(33, 5, out, Key(11));
    const Tensor<T> y = test::value_of<T>(op, in);
    for (Index n = 0; n < 33; ++n)
      REQUIRE(same_bits(test::value_of<T>(op, {test::row_of(in[0], n), test::row_of(in[1], n)}), test::row_of(y, n)));
  }
}

TEST_CASE_TEMPLATE("mix: no rows give no rows", T, float, double) {
  CHECK(test::value_of<T>(op, {Tensor<T>({0, 3}), Tensor<T>({0, 6})}).shape() == Shape{0, 2});
}

TEST_CASE_TEMPLATE("mix: names the sizes that do not fit", T, float, double) {
  const auto run = [](Shape alpha, Shape f) {
    return test::value_of<T>(op, {Tensor<T>(alpha), Tensor<T>(f)});
  };
  CHECK_THROWS_WITH_AS(run({4, 3}, {4, 7}),
                       "mix: alpha is (4, 3) but the outputs are (4, 7); they need 4 rows and a multiple of 3 columns",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({4, 3}, {5, 6}),
                       "mix: alpha is (4, 3) but the outputs are (5, 6); they need 4 rows and a multiple of 3 columns",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({4, 3}, {4, 0}),
                       "mix: alpha is (4, 3) but the outputs are (4, 0); they need 4 rows and a multiple of 3 columns",
                       ShapeError);
  CHECK_THROWS_AS(run({4, 0}, {4, 6}), ShapeError);
}
