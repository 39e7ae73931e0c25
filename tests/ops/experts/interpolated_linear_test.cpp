// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/interpolated_linear.hpp"

#include "ops/experts.hpp"
#include "reference/mixtures.hpp"
#include "wsym/ops/experts/mix.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return interpolated_linear(x[0], x[1], test::experts_from(x, 2));
};
/// The mixture of the same affine experts.
const auto mixture = []<class T>(std::vector<Var<T>>& x) {
  const ExpertLayer<T> layers[] = {test::experts_from(x, 2)};
  return mix(x[0], grouped_mlp(x[1], std::span<const ExpertLayer<T>>(layers)));
};

template <Real T> std::vector<Tensor<T>> inputs(Index rows, Index experts, Index in, Index out, const Key& key) {
  return test::with_experts<T>(
      {random_tensor<T>({rows, experts}, key.child("alpha")), random_tensor<T>({rows, in}, key.child("h"))}, experts,
      in, out, key);
}
/// The result by building every row's own weights.
template <Real T> reference::Matrix materialised(const std::vector<Tensor<T>>& x) {
  std::vector<reference::Matrix> theta[2];
  const std::size_t experts = (x.size() - 2) / 2;
  for (std::size_t i = 2; i < x.size(); ++i) theta[i < 2 + experts ? 0 : 1].push_back(reference::matrix(x[i]));
  return reference::interpolated_linear(reference::matrix(x[0]), reference::matrix(x[1]), theta[0], theta[1]);
}
}  // namespace

TEST_CASE_TEMPLATE("interpolated_linear: is each row's layer with weights built for that row", T, float, double) {
  for (const Index rows : {1, 7, 65})
    for (const Index experts : {1, 2, 5})
      for (const Index in : test::hard_sizes)
        for (const Index out : {1, 2, 10, 17}) {
          const auto x = inputs<T>(rows, experts, in, out, Key(1));
          const Tensor<T> z = test::value_of<T>(op, x);
          CAPTURE(rows);
          CAPTURE(experts);
          CAPTURE(in);
          CAPTURE(out);
          REQUIRE(z.shape() == Shape{rows, out});
          REQUIRE(test::worst_error(z, materialised(x).values) < 10 * test::tolerance<T>);
        }
}

TEST_CASE("interpolated_linear: gradcheck in the weights of experts, the input, and every expert") {
  for (const Index experts : {1, 2, 4})
    for (const Index out : {1, 3, 17})
      CHECK(gradcheck(op, inputs<double>(5, experts, 3, out, Key(2)), Key(3)).message == "");
}

TEST_CASE("interpolated_linear: gradcheck where one value is both the weights of experts and the input") {
  const auto both = [](auto& x) {
    return interpolated_linear(x[0], x[0], test::experts_from(x, 1));
  };
  const auto x = test::with_experts<double>({random_tensor<double>({5, 3}, Key(2))}, 3, 3, 4, Key(3));
  CHECK(gradcheck(both, x, Key(4)).message == "");
}

TEST_CASE("interpolated_linear: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op, inputs<float>(33, 4, 17, 16, Key(4)), Key(5)) < 2e-5);
}

TEST_CASE_TEMPLATE("interpolated_linear: what takes a gradient gets the same one whatever else takes one", T, float,
                   double) {
  const auto x = inputs<T>(9, 3, 5, 4, Key(6));
  const std::vector<Parameter<T>> parameters(x.begin(), x.end());
  const Tensor<T> cotangent = random_tensor<T>({9, 4}, Key(7));
  const auto gradients = [&](auto taken) {
    Tape<T> tape;
    std::vector<Var<T>> leaves;
    for (std::size_t i = 0; i < x.size(); ++i)
      leaves.push_back(taken(i) ? tape.use(parameters[i]) : tape.constant(x[i]));
    tape.backward(op(leaves), cotangent.span());
    std::vector<std::vector<T>> all;
    for (const Parameter<T>& p : parameters) all.emplace_back(tape.gradient(p).begin(), tape.gradient(p).end());
    return all;
  };
  const auto full = gradients([](std::size_t) { return true; });
  for (std::size_t only = 0; only < x.size(); ++only) {
    const auto alone = gradients([=](std::size_t i) { return i == only; });
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(alone[i] == (i == only ? full[i] : std::vector<T>()));
  }
}

TEST_CASE_TEMPLATE("interpolated_linear: one layer alone is the mixture of affine experts, bit for bit", T, float,
                   double) {
  for (const Index experts : {1, 3, 16})
    for (const Index out : {1, 10, 64}) {
      const auto x = inputs<T>(33, experts, 17, out, Key(8));
      CHECK(same_bits(test::value_of<T>(op, x), test::value_of<T>(mixture, x)));
      CHECK(test::worst_error(test::gradients_of<T>(op, x, Key(9)), test::gradients_of<T>(mixture, x, Key(9))) <
            50 * test::tolerance<T>);
    }
}

TEST_CASE_TEMPLATE("interpolated_linear: a one-hot row, or one expert alone, gives that expert bit for bit", T, float,
                   double) {
  auto x = inputs<T>(17, 3, 9, 10, Key(10));
  for (Index e = 0; e < 3; ++e) {
    x[0] = test::one_hot<T>(17, 3, e);
    const auto i = static_cast<std::size_t>(e);
    const auto plain = [](auto& v) {
      return linear(v[0], v[1], v[2]);
    };
    const Tensor<T> expert = test::value_of<T>(plain, {x[1], x[2 + i], x[5 + i]});
    CHECK(same_bits(test::value_of<T>(op, x), expert));
    CHECK(same_bits(test::value_of<T>(op, {test::one_hot<T>(17, 1, 0), x[1], x[2 + i], x[5 + i]}), expert));
  }
}

TEST_CASE_TEMPLATE("interpolated_linear: equal experts give what each gives", T, float, double) {
  auto x = inputs<T>(17, 4, 9, 10, Key(11));
  x[0] = test::random_weights<T>({17, 4}, Key(12));
  for (std::size_t e = 1; e < 4; ++e) x[2 + e] = x[2], x[6 + e] = x[6];
  const auto plain = [](auto& v) {
    return linear(v[0], v[1], v[2]);
  };
  CHECK(test::worst_error(test::value_of<T>(op, x), test::value_of<T>(plain, {x[1], x[2], x[6]})) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("interpolated_linear: a row has the same bits alone as in a batch", T, float, double) {
  for (const Index out : {1, 10, 65}) {
    auto x = inputs<T>(17, 3, 9, out, Key(13));
    const Tensor<T> z = test::value_of<T>(op, x), alpha = x[0], h = x[1];
    for (Index n = 0; n < 17; ++n) {
      x[0] = test::row_of(alpha, n), x[1] = test::row_of(h, n);
      REQUIRE(same_bits(test::value_of<T>(op, x), test::row_of(z, n)));
    }
  }
}

TEST_CASE_TEMPLATE("interpolated_linear: leading axes are rows, and no rows give no rows", T, float, double) {
  const auto x = inputs<T>(6, 3, 4, 2, Key(14));
  auto folded = x;
  folded[0] = Tensor<T>({2, 3, 3}, x[0].span()), folded[1] = Tensor<T>({2, 3, 4}, x[1].span());
  const Tensor<T> z = test::value_of<T>(op, folded);
  CHECK(z.shape() == Shape{2, 3, 2});
  CHECK(same_bits(Tensor<T>({6, 2}, z.span()), test::value_of<T>(op, x)));
  folded[0] = Tensor<T>({0, 3}), folded[1] = Tensor<T>({0, 4});
  CHECK(test::value_of<T>(op, folded).shape() == Shape{0, 2});
  CHECK(test::gradients_of<T>(op, folded, Key(1)) == std::vector<T>(3 * (8 + 2)));
}

TEST_CASE_TEMPLATE("interpolated_linear: refuses sizes that do not fit", T, float, double) {
  const auto run = [](Shape alpha, Shape h) {
    return test::value_of<T>(op, test::with_experts<T>({Tensor<T>(alpha), Tensor<T>(h)}, 2, 3, 4, Key(1)));
  };
  CHECK_THROWS_WITH_AS(run({5, 3}, {5, 3}),
                       "interpolated_linear: h is (5, 3) and alpha (5, 3) for 2 experts with weights (4, 3); h needs 3 "
                       "columns, alpha 2, and both the same rows",
                       ShapeError);
  CHECK_THROWS_AS(run({5, 2}, {6, 3}), ShapeError);
  CHECK_THROWS_AS(run({5, 2}, {5, 4}), ShapeError);
  CHECK_THROWS_WITH_AS(
      test::value_of<T>(op, {Tensor<T>({5, 2}), Tensor<T>({5, 3})}),
      "interpolated_linear: 0 weights and 0 biases; every expert needs both, and there is at least one", ShapeError);
}
