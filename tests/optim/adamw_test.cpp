// SPDX-License-Identifier: MIT
#include "wsym/optim/adamw.hpp"

#include <doctest/doctest.h>

#include "optim/gradients.hpp"
#include "wsym/io/weights.hpp"

using namespace wsym;

namespace {
/// The definition, one entry at a time.
struct NaiveAdamW {
  double rate, beta1, beta2, epsilon, decay;
  double m = 0, v = 0;
  int t = 0;

  double step(double theta, double g, double multiplier) {
    const double r = rate * multiplier;
    ++t;
    theta *= 1 - r * decay;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    return theta - r / (1 - std::pow(beta1, t)) * m / (std::sqrt(v) / std::sqrt(1 - std::pow(beta2, t)) + epsilon);
  }
};

template <Real T> std::vector<Parameter<T>> list_of(T value) {
  std::vector<Parameter<T>> model;
  model.emplace_back(Tensor<T>({1}, {value}));
  return model;
}
}  // namespace

TEST_CASE_TEMPLATE("adamw: the values of five steps are those of the reference", T, float, double) {
  const T gradients[] = {T(0.5), T(-0.2), T(0.1), T(0), T(0.3)};
  const double expected[] = {0.998970000020000, 0.998594425081165, 0.998185075475604, 0.997844355269850,
                             0.997321711687668};
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-15;  // the reference has 15 digits; float rounds at 6e-8
  std::vector<Parameter<T>> model = list_of(T(1));
  AdamW<T> optimizer;
  Tape<T> tape;
  for (std::size_t t = 0; t < 5; ++t) {
    test::set_gradient(tape, model, {gradients[t]});
    optimizer.step(model, tape);
    CHECK(std::abs(static_cast<double>(model[0].value()[0]) - expected[t]) <= tolerance);
    CHECK(optimizer.steps() == static_cast<Index>(t) + 1);
  }
}

TEST_CASE_TEMPLATE("adamw: without gradient a value decays by (1 - rate decay) each step", T, float, double) {
  std::vector<Parameter<T>> model = list_of(T(1));
  AdamW<T> optimizer;
  Tape<T> tape;
  for (int t = 0; t < 1000; ++t) {
    test::set_gradient(tape, model, {T(0)});
    optimizer.step(model, tape);
  }
  // A factor and a product rounded to 2^-25 each in 1000 float steps.
  const double tolerance = std::same_as<T, float> ? 6e-5 : 1e-13;
  CHECK(std::abs(static_cast<double>(model[0].value()[0]) - 0.970445096839409) <= tolerance);
}

TEST_CASE_TEMPLATE("adamw: it agrees with the definition, whatever the size, the options and the schedule", T, float,
                   double) {
  for (const Index size : {1, 3, 7, 16, 17, 63, 65}) {
    CAPTURE(size);
    test::Pair<T> model = test::random_pair<T>(size, Key(1));
    std::vector<double> theta(model.weight.value().span().begin(), model.weight.value().span().end());
    AdamW<T> optimizer({.rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4, .decay = 0.1});
    std::vector<NaiveAdamW> naive(static_cast<std::size_t>(size), NaiveAdamW{0.02, 0.8, 0.95, 1e-4, 0.1});
    Tape<T> tape;
    for (std::uint64_t t = 0; t < 40; ++t) {
      const double multiplier = 1 / (1.0 + static_cast<double>(t));
      const Tensor<T> g = test::random_tensor<T>({1, size}, Key(2).child(t));
      test::set_gradients(tape, model, g, Tensor<T>({size}));
      optimizer.step(model, tape, multiplier);
      for (std::size_t i = 0; i < theta.size(); ++i)
        theta[i] = naive[i].step(theta[i], static_cast<double>(g[static_cast<Index>(i)]), multiplier);
    }
    CHECK(test::worst_error(model.weight.value(), Tensor<double>({size}, theta)) <= test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("adamw: the predicate chooses what decays, by name and shape", T, float, double) {
  const auto after_one_step = [](ParameterPredicate decays) {
    test::Pair<T> model = test::random_pair<T>(5, Key(1));
    AdamW<T> optimizer({.rate = 0.5, .decay = 0.5, .decays = std::move(decays)});
    Tape<T> tape;
    test::set_gradients(tape, model, Tensor<T>({1, 5}), Tensor<T>({5}));
    optimizer.step(model, tape);
    return model;
  };
  const test::Pair<T> start = test::random_pair<T>(5, Key(1)), all = after_one_step({}),
                      weights = after_one_step(weights_only()),
                      bias = after_one_step([](const std::string&name, const Shape&) { return name == "bias"; });
  for (Index i = 0; i < 5; ++i) {  // 1 - rate decay = 0.75 is exact
    CHECK(all.weight.value()[i] == T(0.75) * start.weight.value()[i]);
    CHECK(all.bias.value()[i] == T(0.75) * start.bias.value()[i]);
  }
  CHECK(same_bits(weights.weight.value(), all.weight.value()));
  CHECK(same_bits(weights.bias.value(), start.bias.value()));
  CHECK(same_bits(bias.weight.value(), start.weight.value()));
  CHECK(same_bits(bias.bias.value(), all.bias.value()));
}

TEST_CASE_TEMPLATE("adamw: a parameter's factor scales its rate, by name", T, float, double) {
  test::check_factor<AdamW<T>, T>();
}

TEST_CASE_TEMPLATE("adamw: frozen entries stay bit for bit, even in an infinite step", T, float, double) {
  const Frozen<T> frozen{{0, 4}, {T(1) / T(3), T(-7)}};
  test::Pair<T> model = test::random_pair<T>(6, Key(1));
  model.weight = Parameter<T>(model.weight.value(), frozen);
  AdamW<T> optimizer;
  Tape<T> tape;
  const Tensor<T> ones({1, 6}, T(1)), infinite({1, 6}, std::numeric_limits<T>::infinity());
  for (int t = 0; t < 100; ++t) {
    test::set_gradients(tape, model, t < 99 ? ones : infinite, Tensor<T>({6}));
    optimizer.step(model, tape);
  }
  CHECK(model.weight.value()[0] == frozen.value[0]);
  CHECK(model.weight.value()[4] == frozen.value[1]);
  CHECK(test::state_is_zero_at<T>(optimizer, "moments.0", {0, 4}));
  CHECK_FALSE(std::isfinite(model.weight.value()[1]));  // the infinite step did happen
}

TEST_CASE_TEMPLATE("adamw: a parameter that the loss did not reach is left alone", T, float, double) {
  std::vector<Parameter<T>> model = list_of(T(1));
  model.emplace_back(Tensor<T>({2}, {T(3), T(4)}));
  AdamW<T> optimizer;
  Tape<T> tape;
  test::set_gradient(tape, model, {T(1)});
  optimizer.step(model, tape);
  CHECK(model[0].value()[0] != T(1));
  CHECK(same_bits(model[1].value(), Tensor<T>({2}, {T(3), T(4)})));
}

TEST_CASE_TEMPLATE("adamw: a parameter counts the steps that reach it, so its first one is of size rate", T, float,
                   double) {
  // the first of two parameters is reached in each step, the second in every third one from the eighth on
  const auto reached = [](int t) {
    return t >= 7 && t % 3 == 1;
  };
  std::vector<Parameter<T>> both = list_of(T(1)), alone = list_of(T(3));
  both.emplace_back(Tensor<T>({1}, {T(3)}));
  AdamW<T> optimizer({.rate = 0.01}), own({.rate = 0.01});
  Tape<T> tape;
  for (int t = 0; t < 20; ++t) {
    const T gradient = static_cast<T>(std::cos(t)), before = both[1].value()[0];
    tape.clear();
    const T seed[] = {gradient};
    const Var<T> first = tape.use(both[0]);
    tape.backward(reached(t) ? add(first, tape.use(both[1])) : first, seed);
    optimizer.step(both, tape);
    if (t == 12) {  // after a stop and a resume the counts go on
      AdamW<T> resumed({.rate = 0.01});
      resumed.start(both);
      from_bytes(resumed, to_bytes(optimizer));
      optimizer = resumed;
    }
    if (reached(t)) {
      test::set_gradient(tape, alone, {gradient});
      own.step(alone, tape);
    }
    CHECK(same_bits(both[1].value(), alone[0].value()));
    if (t == 7) CHECK(std::abs(both[1].value()[0] - before * (1 - T(3e-4))) == doctest::Approx(0.01).epsilon(1e-3));
  }
  CHECK(optimizer.steps() == 20);
  CHECK(own.steps() == 5);

  AdamW<T> resumed({.rate = 0.01});
  resumed.start(both);
  std::string bytes = to_bytes(optimizer);
  from_bytes(resumed, bytes);
  std::vector<Parameter<T>> copy = both;
  const T seed[] = {T(1)};
  for (const auto& [model, stepping] : {std::pair(&both, &optimizer), std::pair(&copy, &resumed)}) {
    tape.clear();
    tape.backward(add(tape.use((*model)[0]), tape.use((*model)[1])), seed);
    stepping->step(*model, tape);
  }
  CHECK(same_bits(copy[1].value(), both[1].value()));
  bytes.replace(bytes.find("[0,15]"), 6, "[0,25]");
  CHECK_THROWS_WITH_AS(from_bytes(resumed, bytes, "f"), "f: AdamW: a parameter missed 25 of 20 steps", FormatError);
}

TEST_CASE_TEMPLATE("adamw: a copy goes on from the same state, and state travels through visit", T, float, double) {
  test::Pair<T> model = test::random_pair<T>(5, Key(1));
  AdamW<T> optimizer;
  Tape<T> tape;
  const Tensor<T> g = test::random_tensor<T>({1, 5}, Key(2)), b = test::random_tensor<T>({5}, Key(3));
  const auto step = [&](test::Pair<T>& m, AdamW<T>& o) {
    test::set_gradients(tape, m, g, b);
    o.step(m, tape);
  };
  for (int t = 0; t < 3; ++t) step(model, optimizer);
  test::Pair<T> other = model;
  AdamW<T> copy = optimizer;
  step(model, optimizer);
  step(other, copy);
  CHECK(same_bits(model.weight.value(), other.weight.value()));
  std::vector<std::string> names;
  for_each_member(optimizer, [&](const std::string& name, const auto&) { names.push_back(name); });
  CHECK(names ==
        std::vector<std::string>{"moments.0.first", "moments.0.second", "moments.1.first", "moments.1.second"});
  std::string settings;
  for_each_setting(optimizer, [&](const std::string& name, const auto& setting) {
    settings += name + '=' + setting_text(setting) + ' ';
  });
  CHECK(settings == "steps=4 missed=[0, 0] ");
}

TEST_CASE_TEMPLATE("adamw: options out of range and another model are refused", T, float, double) {
  CHECK_THROWS_WITH_AS(AdamW<T>({.rate = -1}),
                       "AdamW: rate -1, decay 0.03, epsilon 1e-08, beta1 0.9, beta2 0.999; rates are not negative, "
                       "epsilon is positive, betas are in [0, 1)",
                       ConfigError);
  CHECK_THROWS_AS(AdamW<T>({.beta1 = 1}), ConfigError);
  CHECK_THROWS_AS(AdamW<T>({.beta2 = -0.1}), ConfigError);
  CHECK_THROWS_AS(AdamW<T>({.epsilon = 0}), ConfigError);
  CHECK_THROWS_AS(AdamW<T>({.decay = -1}), ConfigError);
  CHECK_THROWS_AS(AdamW<T>({.rate = std::nan("")}), ConfigError);
  CHECK_THROWS_AS(AdamW<T>({.rate = HUGE_VAL}), ConfigError);
  if constexpr (std::same_as<T, float>) {
    CHECK_THROWS_WITH_AS(AdamW<T>({.epsilon = 1e-60}),  // 0 / 0 for an entry whose gradient is 0
                         "AdamW: rate 0.001, decay 0.03, epsilon 1e-60, beta1 0.9; rate / (1 - beta1), rate decay and "
                         "epsilon must fit a float",
                         ConfigError);
    CHECK_THROWS_AS(AdamW<T>({.rate = 1e38}), ConfigError);  // 1e39 in the first step
    CHECK_THROWS_AS(AdamW<T>({.rate = 1e20, .decay = 1e20}), ConfigError);
    CHECK_THROWS_AS(AdamW<T>({.rate = 1e-60}), ConfigError);
  } else {
    CHECK_NOTHROW(AdamW<T>({.rate = 1e-60, .epsilon = 1e-60}));
  }

  test::Pair<T> small = test::random_pair<T>(5, Key(1)), large = test::random_pair<T>(6, Key(1));
  AdamW<T> optimizer;
  Tape<T> tape;
  test::set_gradients(tape, small, Tensor<T>({1, 5}), Tensor<T>({5}));
  optimizer.step(small, tape);
  CHECK_THROWS_WITH_AS(optimizer.step(large, tape), "AdamW: the model is not the one that it has stepped before",
                       ShapeError);
}
