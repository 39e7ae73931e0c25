// SPDX-License-Identifier: MIT
#include "wsym/optim/sgd.hpp"

#include <doctest/doctest.h>

#include "optim/gradients.hpp"

using namespace wsym;

TEST_CASE_TEMPLATE("sgd: it agrees with the definition, with and without momentum and decay", T, float, double) {
  for (const double momentum : {0.0, 0.9})
    for (const double decay : {0.0, 0.1})
      for (const Index size : {1, 3, 7, 16, 17, 63, 65}) {
        CAPTURE(momentum);
        CAPTURE(decay);
        CAPTURE(size);
        test::Pair<T> model = test::random_pair<T>(size, Key(1));
        std::vector<double> theta(model.weight.value().span().begin(), model.weight.value().span().end()),
            b(theta.size());
        Sgd<T> optimizer({.rate = 0.05, .momentum = momentum, .decay = decay});
        Tape<T> tape;
        for (std::uint64_t t = 0; t < 20; ++t) {
          const double multiplier = t < 10 ? 1 : 0.5;
          const Tensor<T> g = test::random_tensor<T>({1, size}, Key(2).child(t));
          test::set_gradients(tape, model, g, Tensor<T>({size}));
          optimizer.step(model, tape, multiplier);
          for (std::size_t i = 0; i < theta.size(); ++i) {
            b[i] = momentum * b[i] + static_cast<double>(g[static_cast<Index>(i)]);
            theta[i] -= 0.05 * multiplier * (b[i] + decay * theta[i]);
          }
        }
        CHECK(test::worst_error(model.weight.value(), Tensor<double>({size}, theta)) <= test::tolerance<T>);
      }
}

TEST_CASE_TEMPLATE("sgd: without momentum a step is the rate times the gradient, exactly", T, float, double) {
  std::vector<Parameter<T>> model;
  model.emplace_back(Tensor<T>({3}, {T(1), T(2), T(3)}));
  Tape<T> tape;
  test::set_gradient(tape, model, {T(2), T(0), T(-4)});
  Sgd<T> optimizer({.rate = 0.25, .momentum = 0});
  optimizer.step(model, tape);
  CHECK(same_bits(model[0].value(), Tensor<T>({3}, {T(0.5), T(2), T(4)})));
}

TEST_CASE_TEMPLATE("sgd: the predicate chooses what decays", T, float, double) {
  test::Pair<T> model = test::random_pair<T>(5, Key(1));
  const test::Pair<T> start = model;
  Sgd<T> optimizer({.rate = 0.5, .momentum = 0, .decay = 0.5, .decays = weights_only()});
  Tape<T> tape;
  test::set_gradients(tape, model, Tensor<T>({1, 5}), Tensor<T>({5}));
  optimizer.step(model, tape);
  for (Index i = 0; i < 5; ++i) CHECK(model.weight.value()[i] == T(0.75) * start.weight.value()[i]);
  CHECK(same_bits(model.bias.value(), start.bias.value()));
}

TEST_CASE_TEMPLATE("sgd: a parameter's factor scales its rate, by name", T, float, double) {
  test::check_factor<Sgd<T>, T>();
}

TEST_CASE_TEMPLATE("sgd: frozen entries stay bit for bit, even in an infinite step", T, float, double) {
  const Frozen<T> frozen{{0, 4}, {T(1) / T(3), T(-7)}};
  test::Pair<T> model = test::random_pair<T>(6, Key(1));
  model.weight = Parameter<T>(model.weight.value(), frozen);
  Sgd<T> optimizer({.momentum = 0.9, .decay = 0.1});
  Tape<T> tape;
  const Tensor<T> ones({1, 6}, T(1)), infinite({1, 6}, std::numeric_limits<T>::infinity());
  for (int t = 0; t < 100; ++t) {
    test::set_gradients(tape, model, t < 99 ? ones : infinite, Tensor<T>({6}));
    optimizer.step(model, tape);
  }
  CHECK(model.weight.value()[0] == frozen.value[0]);
  CHECK(model.weight.value()[4] == frozen.value[1]);
  CHECK_FALSE(std::isfinite(model.weight.value()[1]));  // the infinite step did happen
}

TEST_CASE_TEMPLATE("sgd: a parameter that the loss did not reach is left alone", T, float, double) {
  std::vector<Parameter<T>> model;
  model.emplace_back(Tensor<T>({1}, {T(1)}));
  model.emplace_back(Tensor<T>({2}, {T(3), T(4)}));
  Sgd<T> optimizer({.decay = 0.1});
  Tape<T> tape;
  test::set_gradient(tape, model, {T(1)});
  optimizer.step(model, tape);
  CHECK(model[0].value()[0] != T(1));
  CHECK(same_bits(model[1].value(), Tensor<T>({2}, {T(3), T(4)})));
}

TEST_CASE_TEMPLATE("sgd: options out of range and another model are refused", T, float, double) {
  CHECK_THROWS_WITH_AS(Sgd<T>({.momentum = 1}),
                       "Sgd: rate 0.01, decay 0, momentum 1; rate and decay are not negative, momentum is in [0, 1)",
                       ConfigError);
  CHECK_THROWS_AS(Sgd<T>({.rate = -1}), ConfigError);
  CHECK_THROWS_AS(Sgd<T>({.decay = -1}), ConfigError);
  CHECK_THROWS_AS(Sgd<T>({.decay = HUGE_VAL}), ConfigError);
  if constexpr (std::same_as<T, float>)
    CHECK_THROWS_WITH_AS(Sgd<T>({.rate = 1e300}), "Sgd: rate 1e+300, decay 0; both must fit a float", ConfigError);
  else
    CHECK_NOTHROW(Sgd<T>({.rate = 1e300}));

  test::Pair<T> small = test::random_pair<T>(5, Key(1)), large = test::random_pair<T>(6, Key(1));
  Sgd<T> optimizer;
  Tape<T> tape;
  test::set_gradients(tape, small, Tensor<T>({1, 5}), Tensor<T>({5}));
  optimizer.step(small, tape);
  CHECK_THROWS_WITH_AS(optimizer.step(large, tape), "Sgd: the model is not the one that it has stepped before",
                       ShapeError);
}
