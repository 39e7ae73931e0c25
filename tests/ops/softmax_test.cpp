// SPDX-License-Identifier: MIT
#include "wsym/ops/softmax.hpp"

#include "ops/experts.hpp"
#include "reference/mixtures.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return softmax(x[0]);
};
template <Real T> Tensor<T> softmax_of(const Tensor<T>& x) {
  return test::value_of<T>(op, {x});
}
}  // namespace

TEST_CASE_TEMPLATE("softmax: agrees with plain loops for every hard shape", T, float, double) {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<T> x = random_tensor<T>(shape, Key(1), 3), y = softmax_of(x);
    CAPTURE(shape);
    REQUIRE(y.shape() == shape);
    REQUIRE(test::worst_error(y, reference::softmax(reference::matrix(x)).values) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("softmax: the spec's numbers, also for logits near 1000", T, float, double) {
  const double expected[] = {0.090030573170, 0.244728471055, 0.665240955775};
  for (const int first : {1, 1000}) {
    const Tensor<T> y = softmax_of(Tensor<T>({3}, {T(first), T(first + 1), T(first + 2)}));
    for (Index i = 0; i < 3; ++i)
      CHECK(std::abs(static_cast<double>(y[i]) - expected[i]) < (std::same_as<T, float> ? 1e-7 : 1e-12));
  }
}

TEST_CASE("softmax: gradcheck") {
  for (const Shape& shape : {Shape{7}, Shape{17, 1}, Shape{5, 2}, Shape{3, 65}, Shape{2, 1, 3, 4}})
    CHECK(gradcheck(op, {random_tensor<double>(shape, Key(2))}, Key(3)).message == "");
}

TEST_CASE("softmax: of a value used twice gathers both gradients") {
  const auto twice = [](auto& x) {
    return softmax(softmax(x[0]));
  };
  CHECK(gradcheck(twice, {random_tensor<double>({4, 5}, Key(2))}, Key(3)).message == "");
}

TEST_CASE("softmax: the gradients in float are those in double") {
  for (const Index cols : {2, 17, 65})
    CHECK(test::float_gradient_error(op, {random_tensor<float>({16, cols}, Key(4))}, Key(5)) < 1e-5);
}

TEST_CASE_TEMPLATE("softmax: adding a constant to a row changes nothing, not even a bit", T, float, double) {
  Tensor<T> x({4, 33});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<T>(Key(6).below(i, 64)) / 8;
  const Tensor<T> y = softmax_of(x);
  for (Index i = 0; i < x.size(); ++i) x[i] += 1000;  // exact: eighths below 1100
  CHECK(same_bits(softmax_of(x), y));
}

TEST_CASE_TEMPLATE("softmax: each row is a probability vector, however far apart its logits", T, float, double) {
  const Tensor<T> y = softmax_of(random_tensor<T>({50, 17}, Key(7), 1e6));
  for (Index n = 0; n < 50; ++n) {
    CHECK(y.mat().row(n).minCoeff() >= 0);
    CHECK(std::abs(static_cast<double>(y.mat().row(n).sum()) - 1) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("softmax: a row has the same bits alone as in a batch, and a NaN keeps to its row", T, float,
                   double) {
  for (const Index cols : {1, 2, 16, 65}) {
    Tensor<T> x = random_tensor<T>({9, cols}, Key(8));
    const Tensor<T> y = softmax_of(x);
    for (Index n = 0; n < 9; ++n) CHECK(same_bits(softmax_of(test::row_of(x, n)), test::row_of(y, n)));
    x(4, cols - 1) = std::numeric_limits<T>::quiet_NaN();
    const Tensor<T> spoilt = softmax_of(x);
    for (Index n = 0; n < 9; ++n)
      CHECK((n == 4 ? spoilt.mat().row(n).array().isNaN().all()
                    : same_bits(test::row_of(spoilt, n), test::row_of(y, n))));
  }
}

TEST_CASE_TEMPLATE("softmax: no rows give no rows", T, float, double) {
  CHECK(softmax_of(Tensor<T>({0, 3})).shape() == Shape{0, 3});
  CHECK(test::gradients_of<T>(op, {Tensor<T>({0, 3})}, Key(1)).empty());
}
