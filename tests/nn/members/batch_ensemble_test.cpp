// SPDX-License-Identifier: MIT
#include "wsym/nn/members/batch_ensemble.hpp"

#include "nn/members.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("member_scales: ones, signs half of each, and a Gaussian of mean 1 and deviation 1/2", T, float,
                   double) {
  const Index size = 10000;
  const auto draw = [](ScaleInit init) {
    return member_scales<T>(4, size / 4, init, Key(1));
  };
  CHECK(same_bits(draw(ScaleInit::ones), Tensor<T>({4, size / 4}, T(1))));
  const Tensor<T> sign = draw(ScaleInit::sign), gaussian = draw(ScaleInit::gaussian);
  CHECK(sign.array().abs().isApproxToConstant(T(1), T(0)));
  const double n = static_cast<double>(size);  // five standard errors each
  CHECK(std::abs(sign.array().template cast<double>().mean()) < 5 / std::sqrt(n));
  const auto values = gaussian.array().template cast<double>();
  CHECK(std::abs(values.mean() - 1) < 5 * 0.5 / std::sqrt(n));
  CHECK(std::abs((values - 1).square().mean() - 0.25) < 5 * 0.25 * std::sqrt(2 / n));
  CHECK_FALSE(same_bits(draw(ScaleInit::sign), member_scales<T>(4, size / 4, ScaleInit::sign, Key(2))));
}

TEST_CASE_TEMPLATE("BatchEnsembleLinear: with scales of 1 every member is the layer that it came from", T, float,
                   double) {
  const Linear<T> dense(7, 5, Key(1));
  const BatchEnsembleLinear<T> layer(dense, 3, ScaleInit::ones, ScaleInit::ones, Key(2));
  const Tensor<T> x = random_tensor<T>({4, 7}, Key(3)), expected = test::output_of(dense, x, Pass<T>::evaluate());
  const std::vector<Tensor<T>> members = test::split(test::output_of(layer, test::tiled(x, 3), Pass<T>::evaluate()), 3);
  for (const Tensor<T>& member : members) CHECK(test::worst_error(member, expected) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("BatchEnsembleLinear: shares one weight, and has scales and biases for each member", T, float,
                   double) {
  const BatchEnsembleLinear<T> layer(Linear<T>(7, 5, Key(1)), 3, ScaleInit::sign, ScaleInit::gaussian, Key(2));
  CHECK(count(layer).parameters == 7 * 5 + 3 * (7 + 5 + 5));
  CHECK(layer.scale_in.value().array().abs().isApproxToConstant(T(1), T(0)));
  CHECK_FALSE(layer.scale_out.value().array().abs().isApproxToConstant(T(1)));
  for (Index m = 1; m < 3; ++m) CHECK(layer.bias.value().mat().row(m) == layer.bias.value().mat().row(0));
}

TEST_CASE_TEMPLATE("BatchEnsembleFeedForward: every member is a FeedForward with weights w s rᵀ", T, float, double) {
  const BatchEnsembleFeedForward<T> model(7, 11, 3, ScaleInit::gaussian, Key(1));
  const Tensor<T> x = random_tensor<T>({4, 7}, Key(3));
  const std::vector<Tensor<T>> members = test::split(test::output_of(model, test::tiled(x, 3), Pass<T>::evaluate()), 3);
  for (Index m = 0; m < 3; ++m) {
    FeedForward<T> plain(7, 11, Key(1));
    plain.up = test::member_layer(model.up, m);
    plain.down = test::member_layer(model.down, m);
    CHECK(test::worst_error(members[static_cast<std::size_t>(m)], test::output_of(plain, x, Pass<T>::evaluate())) <
          10 * test::tolerance<T>);
  }
  CHECK_FALSE(same_bits(members[0], members[1]));
}

TEST_CASE("BatchEnsembleFeedForward: gradcheck in every parameter, through dropout of a fixed key") {
  BatchEnsembleFeedForward<double> model(3, 5, 2, ScaleInit::gaussian, Key(1), 0.3);
  const Tensor<double> x = random_tensor<double>({2, 4, 3}, Key(2));
  const auto f = [&](Tape<double>& tape, const auto& m) {
    Pass<double> pass = Pass<double>::train(Key(3));
    return m(tape.constant(x), pass);
  };
  const GradcheckReport report = gradcheck_model(model, f, Key(4));
  CHECK(report.message == "");
  CHECK(report.entries == count(model).parameters);
}

TEST_CASE_TEMPLATE("BatchEnsembleLinear: needs a member, a row, and an axis of the members", T, float, double) {
  CHECK_THROWS_WITH_AS(BatchEnsembleLinear<T>(Linear<T>(2, 3, Key(1)), 0, ScaleInit::sign, ScaleInit::sign, Key(1)),
                       "member_scales: 0 members of 2 columns; at least one of each is needed", ConfigError);
  const BatchEnsembleFeedForward<T> layer(3, 4, 2, ScaleInit::sign, Key(1));
  const auto given = [&](const Shape& x) {
    return test::output_of(layer, Tensor<T>(x), Pass<T>::evaluate());
  };
  CHECK(given({2, 6, 3}).shape() == Shape{2, 6, 3});
  CHECK(given({2, 6, 5, 3}).shape() == Shape{2, 6, 5, 3});
  CHECK_THROWS_WITH_AS(given({12, 3}),
                       "batch_ensemble_linear: x is (12, 3) for 2 members; several need an axis of their own, "
                       "(members, rows, columns), and each at least one row",
                       ShapeError);
  CHECK_THROWS_AS(given({4, 3, 3}), ShapeError);
  CHECK_THROWS_AS(given({2, 0, 3}), ShapeError);
}

TEST_CASE_TEMPLATE("BatchEnsembleFeedForward: its members draw apart, whoever says how many there are", T, float,
                   double) {
  const BatchEnsembleFeedForward<T> layer(3, 4, 2, ScaleInit::sign, Key(1), 0.5);
  const Tensor<T> x = test::tiled(random_tensor<T>({6, 3}, Key(2)), 2);
  const Pass<T> pass = Pass<T>::train(Key(3));
  CHECK(same_bits(test::output_of(layer, x, pass), test::output_of(layer, x, pass.with_members(2))));
}
