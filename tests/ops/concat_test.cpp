// SPDX-License-Identifier: MIT
#include "wsym/ops/concat.hpp"

#include "ops/experts.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = []<class T>(std::vector<Var<T>>& x) {
  return concat(std::span<const Var<T>>(x));
};
template <Real T> std::vector<Tensor<T>> inputs(Shape lead, std::initializer_list<Index> cols, const Key& key) {
  std::vector<Tensor<T>> list;
  for (const Index c : cols) list.push_back(random_tensor<T>(lead.with_cols(c), key.child(list.size())));
  return list;
}
}  // namespace

TEST_CASE_TEMPLATE("concat: every input stands in its columns, bit for bit", T, float, double) {
  for (const Shape& lead : {Shape{1}, Shape{1, 1}, Shape{65, 1}, Shape{2, 3, 1}, Shape{2, 1, 3, 1}}) {
    const auto in = inputs<T>(lead, {7, 1, 16, 17, 3}, Key(1));
    const Tensor<T> y = test::value_of<T>(op, in);
    REQUIRE(y.shape() == lead.with_cols(44));
    Index at = 0;
    for (const Tensor<T>& x : in) {
      for (Index n = 0; n < lead.rows(); ++n)
        for (Index j = 0; j < x.cols(); ++j) REQUIRE(y[n * 44 + at + j] == x[n * x.cols() + j]);
      at += x.cols();
    }
  }
}

TEST_CASE("concat: gradcheck in every input, also in one that comes twice") {
  CHECK(gradcheck(op, inputs<double>({5, 1}, {3, 1, 7}, Key(2)), Key(3)).message == "");
  CHECK(gradcheck(op, inputs<double>({2, 3, 1}, {1}, Key(2)), Key(3)).message == "");
  const auto twice = [](auto& x) {
    return concat(std::span<const Var<double>>(std::vector<Var<double>>{x[0], x[1], x[0]}));
  };
  CHECK(gradcheck(twice, inputs<double>({5, 1}, {3, 2}, Key(2)), Key(3)).message == "");
}

TEST_CASE("concat: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op, inputs<float>({17, 1}, {3, 65}, Key(4)), Key(5)) < 1e-6);
}

TEST_CASE_TEMPLATE("concat: of one input is that input, and grouping does not matter", T, float, double) {
  const auto in = inputs<T>({9, 1}, {4, 2, 5}, Key(6));
  CHECK(same_bits(test::value_of<T>(op, {in[1]}), in[1]));
  const Tensor<T> first_two = test::value_of<T>(op, {in[0], in[1]});
  CHECK(same_bits(test::value_of<T>(op, {first_two, in[2]}), test::value_of<T>(op, in)));
}

TEST_CASE_TEMPLATE("concat: constants alone take no gradient, one parameter among them does", T, float, double) {
  const auto in = inputs<T>({2, 1}, {3, 2}, Key(7));
  const Parameter<T> parameter(in[1]);
  Tape<T> tape;
  std::vector<Var<T>> x{tape.constant(in[0]), tape.constant(in[1])};
  CHECK_FALSE(op(x).takes_gradient());
  x[1] = tape.use(parameter);
  const Var<T> y = op(x);
  CHECK(y.takes_gradient());
  const std::vector<T> cotangent{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  tape.backward(y, cotangent);
  const std::span<T> g = tape.gradient(parameter);
  CHECK(std::vector<T>(g.begin(), g.end()) == std::vector<T>{4, 5, 9, 10});
}

TEST_CASE_TEMPLATE("concat: refuses nothing at all and unlike rows", T, float, double) {
  CHECK_THROWS_WITH_AS(concat(std::span<const Var<T>>()), "concat: no inputs; at least one is needed", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(op, {Tensor<T>({3, 2}), Tensor<T>({3, 1}), Tensor<T>({2, 3})}),
                       "concat: input 0 is (3, 2) but input 2 is (2, 3); they need the same rows", ShapeError);
}
