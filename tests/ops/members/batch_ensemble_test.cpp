// SPDX-License-Identifier: MIT
#include "wsym/ops/members/batch_ensemble.hpp"

#include "ops/experts.hpp"
#include "wsym/ops/experts/mix.hpp"
#include "wsym/ops/linear.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return batch_ensemble_linear(x[0], x[1], x[2], x[3], x[4]);
};
const auto dense = [](auto& x) {
  return linear(x[0], x[1], x[2]);
};

/// x (M, n, in), w, r, s, b.
template <Real T> std::vector<Tensor<T>> inputs_of(Index members, Index rows, Index in, Index out, const Key& key) {
  return {random_tensor<T>({members, rows, in}, key.child("x")), random_tensor<T>({out, in}, key.child("w")),
          random_tensor<T>({members, in}, key.child("r")), random_tensor<T>({members, out}, key.child("s")),
          random_tensor<T>({members, out}, key.child("b"))};
}

/// The weight that member m has: w_ji s_mj r_mi.
template <Real T> Tensor<T> weight_of(const std::vector<Tensor<T>>& inputs, Index m) {
  Tensor<T> w = inputs[1];
  for (Index j = 0; j < w.rows(); ++j)
    for (Index i = 0; i < w.cols(); ++i) w(j, i) *= inputs[3](m, j) * inputs[2](m, i);
  return w;
}
}  // namespace

TEST_CASE_TEMPLATE("batch_ensemble_linear: the spec's numbers", T, float, double) {
  // There the weight is (in, out) = (1 2; 3 4): ours is its transpose.
  const std::vector<Tensor<T>> inputs{Tensor<T>({1, 2}, {1, 2}), Tensor<T>({2, 2}, {1, 3, 2, 4}),
                                      Tensor<T>({1, 2}, {1, -1}), Tensor<T>({1, 2}, {2, T(0.5)}), Tensor<T>({1, 2})};
  CHECK(same_bits(test::value_of<T>(op, inputs), Tensor<T>({1, 2}, {-10, -3})));
}

TEST_CASE_TEMPLATE("batch_ensemble_linear: every member is a layer with the weight w s rᵀ", T, float, double) {
  for (const Index members : {1, 2, 5})
    for (const Index size : {1, 3, 16, 17}) {
      const std::vector<Tensor<T>> inputs = inputs_of<T>(members, 3, size, size + 1, Key(1));
      const Tensor<T> y = test::value_of<T>(op, inputs);
      REQUIRE(y.shape() == Shape{members, 3, size + 1});
      for (Index m = 0; m < members; ++m) {
        Tensor<T> x({3, size}), b({size + 1}), part({3, size + 1});
        x.mat() = inputs[0].mat().middleRows(3 * m, 3);
        part.mat() = y.mat().middleRows(3 * m, 3);
        std::copy_n(inputs[4].data() + m * (size + 1), size + 1, b.data());
        CHECK(test::worst_error(part, test::value_of<T>(dense, {x, weight_of(inputs, m), b})) <
              10 * test::tolerance<T>);
      }
    }
}

TEST_CASE_TEMPLATE("batch_ensemble_linear: scales of 1 and equal biases are the dense layer for every member", T, float,
                   double) {
  std::vector<Tensor<T>> inputs = inputs_of<T>(3, 4, 7, 5, Key(1));
  inputs[2].array() = 1, inputs[3].array() = 1;
  for (Index m = 1; m < 3; ++m) inputs[4].mat().row(m) = inputs[4].mat().row(0);
  Tensor<T> b({5});
  std::copy_n(inputs[4].data(), 5, b.data());
  CHECK(test::worst_error(test::value_of<T>(op, inputs), test::value_of<T>(dense, {inputs[0], inputs[1], b})) <
        test::tolerance<T>);
}

TEST_CASE_TEMPLATE("batch_ensemble_linear: r = -1 and s = -1 cancel, not even a bit changes", T, float, double) {
  std::vector<Tensor<T>> inputs = inputs_of<T>(2, 4, 7, 5, Key(1));
  inputs[2].array() = 1, inputs[3].array() = 1;
  const Tensor<T> plain = test::value_of<T>(op, inputs);
  inputs[2].array() = -1, inputs[3].array() = -1;
  CHECK(same_bits(test::value_of<T>(op, inputs), plain));
}

TEST_CASE_TEMPLATE("batch_ensemble_linear: it is a mixture of experts w s rᵀ whose gate knows the member", T, float,
                   double) {
  const Index members = 3, rows = 4, out = 5;
  const std::vector<Tensor<T>> inputs = inputs_of<T>(members, rows, 7, out, Key(1));
  Tensor<T> gate({members * rows, members}), answers({members * rows, members * out});
  for (Index m = 0; m < members; ++m) {
    Tensor<T> b({out});
    std::copy_n(inputs[4].data() + m * out, out, b.data());
    answers.mat().middleCols(m * out, out) = test::value_of<T>(dense, {inputs[0], weight_of(inputs, m), b}).mat();
    for (Index n = 0; n < rows; ++n) gate(m * rows + n, m) = 1;
  }
  const auto mixture = [](auto& x) {
    return mix(x[0], x[1]);
  };
  CHECK(test::worst_error(test::value_of<T>(op, inputs), test::value_of<T>(mixture, {gate, answers})) <
        10 * test::tolerance<T>);
}

TEST_CASE("batch_ensemble_linear: gradcheck in x, w, r, s and b") {
  for (const Index members : {1, 3}) {
    const GradcheckReport report = gradcheck(op, inputs_of<double>(members, 4, 5, 2, Key(1)), Key(2));
    CHECK(report.message == "");
    CHECK(report.entries == members * (4 * 5 + 5 + 2 + 2) + 5 * 2);
  }
  const auto twice = [](auto& x) {
    return batch_ensemble_linear(batch_ensemble_linear(x[0], x[1], x[2], x[3], x[4]), x[1], x[2], x[3], x[4]);
  };
  CHECK(gradcheck(twice, inputs_of<double>(2, 3, 4, 4, Key(1)), Key(2)).message == "");
}

TEST_CASE("batch_ensemble_linear: gradients where the input, or all but the scales, are constants") {
  const std::vector<Tensor<double>> all = inputs_of<double>(2, 3, 4, 5, Key(1));
  const auto scales = [&](auto& x) {
    Tape<double>& tape = x[0].tape();
    return batch_ensemble_linear(tape.constant(all[0]), tape.constant(all[1]), x[0], x[1], tape.constant(all[4]));
  };
  CHECK(gradcheck(scales, {all[2], all[3]}, Key(2)).message == "");
  const auto weights = [&](auto& x) {
    Tape<double>& tape = x[0].tape();
    return batch_ensemble_linear(tape.constant(all[0]), x[0], tape.constant(all[2]), tape.constant(all[3]), x[1]);
  };
  CHECK(gradcheck(weights, {all[1], all[4]}, Key(2)).message == "");
}

TEST_CASE("batch_ensemble_linear: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op, inputs_of<float>(4, 16, 17, 9, Key(1)), Key(2)) < 3e-5);
}

TEST_CASE_TEMPLATE("batch_ensemble_linear: the same bits for 1, 2 and 4 threads, gradients too", T, float, double) {
  const std::vector<Tensor<T>> inputs = inputs_of<T>(2, 300, 128, 256, Key(1));  // 39 MFLOP: enough for four
  const std::vector<Parameter<T>> parameters(inputs.begin(), inputs.end());
  const auto run = [&](int threads) {
    Tape<T> tape(true, {.threads = threads});
    std::vector<Var<T>> x;
    for (const Parameter<T>& parameter : parameters) x.push_back(tape.use(parameter));
    const Var<T> y = op(x);
    tape.backward(y, random_tensor<T>(y.shape(), Key(2)).span());
    std::vector<T> all(y.data(), y.data() + y.size());
    for (const Parameter<T>& parameter : parameters)
      all.insert(all.end(), tape.gradient(parameter).begin(), tape.gradient(parameter).end());
    return all;
  };
  const std::vector<T> one = run(1);
  CHECK(run(2) == one);
  CHECK(run(4) == one);
}

TEST_CASE_TEMPLATE("batch_ensemble_linear: refuses sizes that do not fit", T, float, double) {
  const auto with = [](std::size_t which, Shape shape) {
    std::vector<Tensor<T>> inputs = inputs_of<T>(2, 3, 4, 5, Key(1));
    inputs[which] = Tensor<T>(shape);
    return test::value_of<T>(op, inputs);
  };
  CHECK_THROWS_WITH_AS(with(1, {5, 3}),
                       "batch_ensemble_linear: x is (2, 3, 4) but the weight is (5, 3); it needs (out, 4)", ShapeError);
  CHECK_THROWS_WITH_AS(with(3, {3, 5}),
                       "batch_ensemble_linear: the weight is (5, 4) but r, s and b are (2, 4), (3, 5) and (2, 5); they "
                       "need (2, 4), (2, 5) and (2, 5)",
                       ShapeError);
  CHECK_THROWS_AS(with(2, {2, 5}), ShapeError);
  CHECK_THROWS_AS(with(4, {5}), ShapeError);
  CHECK_THROWS_WITH_AS(
      with(0, {6, 4}),
      "batch_ensemble_linear: x is (6, 4) for 2 members; several need an axis of their own, (members, rows, columns), "
      "and each at least one row",
      ShapeError);
}
