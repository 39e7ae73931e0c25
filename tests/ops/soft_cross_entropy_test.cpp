// SPDX-License-Identifier: MIT
#include "wsym/ops/soft_cross_entropy.hpp"

#include "ops/experts.hpp"
#include "wsym/ops/loss.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return soft_cross_entropy(x[0], x[1]);
};
/// With the targets as constants: they take no gradient.
auto toward(const Tensor<double>& targets) {
  return [&targets](auto& x) {
    return soft_cross_entropy(x[0], x[0].tape().constant(targets));
  };
}
}  // namespace

TEST_CASE_TEMPLATE("soft_cross_entropy: agrees with plain loops", T, float, double) {
  for (const Shape& shape : {Shape{1, 1}, Shape{7, 3}, Shape{16, 17}, Shape{3, 65}, Shape{2, 3, 5}}) {
    const Tensor<T> s = random_tensor<T>(shape, Key(1), 3), t = test::random_weights<T>(shape, Key(2));
    double expected = 0;
    for (Index n = 0; n < s.rows(); ++n) {
      double sum = 0;
      for (Index c = 0; c < s.cols(); ++c) sum += std::exp(static_cast<double>(s(n, c)));
      for (Index c = 0; c < s.cols(); ++c)
        expected -= static_cast<double>(t(n, c)) * (static_cast<double>(s(n, c)) - std::log(sum));
    }
    CHECK(static_cast<double>(test::value_of<T>(op, {s, t})[0]) ==
          doctest::Approx(expected / static_cast<double>(s.rows())).epsilon(test::tolerance<T>));
  }
}

TEST_CASE_TEMPLATE("soft_cross_entropy: one-hot targets give cross_entropy, bit for bit", T, float, double) {
  const Tensor<T> s = random_tensor<T>({9, 4}, Key(1), 300);
  Tensor<T> t({9, 4});
  std::vector<std::int32_t> labels;
  for (Index n = 0; n < 9; ++n) {
    labels.push_back(static_cast<std::int32_t>(n % 4));
    t(n, n % 4) = 1;
  }
  const auto hard = [&](auto& x) {
    return cross_entropy(x[0], labels);
  };
  CHECK(same_bits(test::value_of<T>(op, {s, t}), test::value_of<T>(hard, {s})));
}

TEST_CASE_TEMPLATE("soft_cross_entropy: mixed labels cost the mixture of their losses", T, float, double) {
  const Tensor<T> s = random_tensor<T>({1, 3}, Key(1));
  const auto cost = [&](T a, T b, T c) {
    return static_cast<double>(test::value_of<T>(op, {s, Tensor<T>({1, 3}, {a, b, c})})[0]);
  };
  CHECK(cost(T(0.75), 0, T(0.25)) == doctest::Approx(0.75 * cost(1, 0, 0) + 0.25 * cost(0, 0, 1)).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("soft_cross_entropy: several answers to the rows have the bits of targets written out for each", T,
                   float, double) {
  const Tensor<T> s = random_tensor<T>({2, 3, 7, 5}, Key(1), 3), t = test::random_weights<T>({7, 5}, Key(2));
  Tensor<T> every(s.shape());
  for (Index a = 0; a < 6; ++a) std::copy_n(t.data(), t.size(), every.data() + a * t.size());
  const auto toward_all = [](const Tensor<T>& targets) {
    return [&targets](auto& x) {
      return soft_cross_entropy(x[0], x[0].tape().constant(targets));
    };
  };
  CHECK(same_bits(test::value_of<T>(op, {s, t}), test::value_of<T>(op, {s, every})));
  CHECK(test::gradients_of<T>(toward_all(t), {s}, Key(3)) == test::gradients_of<T>(toward_all(every), {s}, Key(3)));
}

TEST_CASE_TEMPLATE(
    "soft_cross_entropy: a class of target 0 and logit -inf adds nothing, with a target it costs infinity", T, float,
    double) {
  const T infinity = std::numeric_limits<T>::infinity();
  const Tensor<T> s = random_tensor<T>({5, 3}, Key(1)), t = test::random_weights<T>({5, 3}, Key(2));
  Tensor<T> wide({5, 4}, -infinity), wide_t({5, 4}, T(0));
  wide.mat().leftCols(3) = s.mat(), wide_t.mat().leftCols(3) = t.mat();
  const auto gradient = [](const Tensor<T>& logits, const Tensor<T>& targets) {
    const Parameter<T> x(logits);
    Tape<T> tape;
    tape.backward(soft_cross_entropy(tape.use(x), tape.constant(targets)));
    Tensor<T> all(logits.shape(), tape.gradient(x));
    return all;
  };
  CHECK(test::worst_error(test::value_of<T>(op, {wide, wide_t}), test::value_of<T>(op, {s, t})) < test::tolerance<T>);
  const Tensor<T> slope = gradient(wide, wide_t), expected = gradient(s, t);
  for (Index n = 0; n < 5; ++n) {
    CHECK(slope(n, 3) == T(0));
    for (Index c = 0; c < 3; ++c) CHECK(std::abs(slope(n, c) - expected(n, c)) < T(test::tolerance<T>));
  }
  const auto cost = [&](T a, T b, T c) {
    return test::value_of<T>(op, {Tensor<T>({1, 3}, {T(1), -infinity, -infinity}), Tensor<T>({1, 3}, {a, b, c})})[0];
  };
  CHECK(cost(1, 0, 0) == T(0));
  CHECK(cost(T(0.5), T(0.5), 0) == infinity);
  CHECK(cost(T(0.4), T(0.6), 0) == infinity);
  CHECK(std::isnan(test::value_of<T>(
      op, {Tensor<T>({1, 2}, {T(1), std::numeric_limits<T>::quiet_NaN()}), Tensor<T>({1, 2}, {1, 0})})[0]));
}

TEST_CASE("soft_cross_entropy: gradcheck in the logits") {
  for (const Shape& shape : {Shape{1, 1}, Shape{7, 3}, Shape{2, 65}}) {
    const Tensor<double> targets = test::random_weights<double>(shape, Key(2));
    CHECK(gradcheck(toward(targets), {random_tensor<double>(shape, Key(1))}, Key(3)).message == "");
  }
}

TEST_CASE_TEMPLATE("soft_cross_entropy: refuses unequal shapes and no rows", T, float, double) {
  CHECK_THROWS_WITH_AS(
      test::value_of<T>(op, {Tensor<T>({2, 3}), Tensor<T>({3, 2})}),
      "soft_cross_entropy: logits are (2, 3) but targets (3, 2); they must be equal, or the targets' axes the logits' "
      "last, with at least one row",
      ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op, {Tensor<T>({6, 3}), Tensor<T>({2, 3})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op, {Tensor<T>({0, 2, 3}), Tensor<T>({2, 3})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op, {Tensor<T>({0, 3}), Tensor<T>({0, 3})}), ShapeError);
}
