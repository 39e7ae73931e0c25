// SPDX-License-Identifier: MIT
#include "wsym/nn/gate.hpp"

#include "ops/experts.hpp"
#include "wsym/nn/module.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// A gate whose logits are these numbers whatever comes; x needs one column.
template <Real T> Gate<T> answering(const std::vector<double>& logits, const GateOptions& options) {
  const Index experts = static_cast<Index>(logits.size());
  Gate<T> gate(1, experts, options, Key(1));
  Tensor<T> bias({experts});
  for (Index e = 0; e < experts; ++e) bias[e] = static_cast<T>(logits[static_cast<std::size_t>(e)]);
  gate.linear.weight = Parameter<T>(Tensor<T>({experts, 1}));
  gate.linear.bias = Parameter<T>(std::move(bias));
  return gate;
}

template <Real T> Tensor<T> weights_of(const Gate<T>& gate, const Tensor<T>& x, Pass<T> pass) {
  Tape<T> tape(false);
  return test::copy_of<T>(gate(tape.constant(x), pass));
}

struct Probe {
  Gate<double> gate;
  Parameter<double> x;
  static void visit(auto& self, auto&& v) {
    v("gate", self.gate);
    v("x", self.x);
  }
};
}  // namespace

TEST_CASE_TEMPLATE("gate: the spec's Gumbel-softmax of fixed noise", T, float, double) {
  const double u[] = {0.3, 0.6}, expected[][2] = {{0.5, 0.023783147573}, {1, 0.135011792087}, {2, 0.283193224870}};
  const Tensor<T> s({1, 2}, {1, 2});
  Tensor<T> g({1, 2});
  for (Index e = 0; e < 2; ++e) g[e] = static_cast<T>(-std::log(-std::log(u[e])));
  CHECK(std::abs(static_cast<double>(g[0]) + 0.185626758862) < test::tolerance<T>);
  CHECK(std::abs(static_cast<double>(g[1]) - 0.671726992092) < test::tolerance<T>);
  for (const auto& [tau, alpha] : expected) {
    const auto op = [tau = tau](auto& x) {
      return softmax(scale(add(x[0], x[1]), static_cast<T>(1 / tau)));
    };
    CHECK(std::abs(static_cast<double>(test::value_of<T>(op, {s, g})[0]) - alpha) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("gate: noise that is equal for all experts changes nothing but the temperature", T, float, double) {
  const Tensor<T> s = random_tensor<T>({9, 5}, Key(1)), noise = random_tensor<T>({9, 1}, Key(2));
  Tensor<T> g({9, 5});
  for (Index n = 0; n < 9; ++n) g.mat().row(n).setConstant(noise[n]);
  const auto noisy = [](auto& x) {
    return softmax(scale(add(x[0], x[1]), T(0.5)));
  };
  const auto quiet = [](auto& x) {
    return softmax(scale(x[0], T(0.5)));
  };
  CHECK(test::worst_error(test::value_of<T>(noisy, {s, g}), test::value_of<T>(quiet, {s})) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("gate: softmax of a linear map, in training and at evaluation", T, float, double) {
  const Gate<T> gate(4, 3, {}, Key(1));
  const auto expected = [](auto& v) {
    return softmax(linear(v[0], v[1], v[2]));
  };
  const Tensor<T> x = random_tensor<T>({17, 4}, Key(2));
  const Tensor<T> alpha = test::value_of<T>(expected, {x, gate.linear.weight.value(), gate.linear.bias.value()});
  CHECK(same_bits(weights_of(gate, x, Pass<T>::train(Key(3))), alpha));
  CHECK(same_bits(weights_of(gate, x, Pass<T>::evaluate(Key(4))), alpha));
}

TEST_CASE_TEMPLATE("gate: a Gumbel sample is softmax((s + g) / tau), g drawn for each row, expert and sample", T, float,
                   double) {
  const Gate<T> gate(4, 3, {GateKind::gumbel, 0.7, 2}, Key(1));
  const Tensor<T> x = random_tensor<T>({5, 4}, Key(2));
  const Key key(3);
  const auto sample = [&](std::uint64_t i) {
    Tensor<T> g({5, 3});
    for (Index n = 0; n < g.size(); ++n)
      g[n] = static_cast<T>(key.child("gumbel").child(i).gumbel(static_cast<std::uint64_t>(n)));
    const auto formula = [](auto& v) {
      return softmax(scale(add(linear(v[0], v[1], v[2]), v[3]), static_cast<T>(1 / 0.7)));
    };
    return test::value_of<T>(formula, {x, gate.linear.weight.value(), gate.linear.bias.value(), g});
  };
  CHECK(same_bits(weights_of(gate, x, Pass<T>::train(key)), sample(0)));
  Tensor<T> mean({5, 3});
  mean.mat() = (sample(0).mat() + sample(1).mat()) / 2;
  CHECK(test::worst_error(weights_of(gate, x, Pass<T>::evaluate(key)), mean) < test::tolerance<T>);
  CHECK_FALSE(same_bits(sample(0), sample(1)));
}

TEST_CASE_TEMPLATE("gate: the mean of many Gumbel samples for two experts is the known expectation", T, float, double) {
  struct Case {
    double delta, tau, mean;
  };
  const Case expected[] = {{std::log(2), 1, 0.613705639}, {1, 1, 0.661303113}, {2, 1, 0.794486812},
                           {std::log(2), 2, 0.573873},    {1, 2, 0.605803},    {2, 2, 0.703148}};
  const Index rows = 20000;
  for (const Case& c : expected) {
    const Gate<T> gate = answering<T>({c.delta, 0}, {GateKind::gumbel, c.tau, 5});
    const Tensor<T> alpha = weights_of(gate, Tensor<T>({rows, 1}), Pass<T>::evaluate(Key(11)));
    const double found = alpha.mat().col(0).template cast<double>().mean();
    CAPTURE(c.delta);
    CAPTURE(c.tau);
    // alpha is in [0, 1], so its deviation is at most 1/2: five standard errors of 5 * 20000 samples are 0.008, and
    // softmax(s), which it must not be, is at least 0.05 away.
    CHECK(std::abs(found - c.mean) < 5 * 0.5 / std::sqrt(5.0 * rows));
  }
}

TEST_CASE_TEMPLATE("gate: a low temperature picks one expert, as often as softmax says", T, float, double) {
  const double expected[] = {0.090030573170, 0.244728471055, 0.665240955775};
  const Index rows = 20000;
  const Gate<T> gate = answering<T>({1, 2, 3}, {GateKind::gumbel, 1e-8, 10});
  const Tensor<T> alpha = weights_of(gate, Tensor<T>({rows, 1}), Pass<T>::train(Key(12)));
  CHECK(alpha.mat().rowwise().maxCoeff().minCoeff() > T(0.999));
  for (Index e = 0; e < 3; ++e) {
    const double p = expected[e], found = alpha.mat().col(e).template cast<double>().mean();
    CHECK(std::abs(found - p) < 5 * std::sqrt(p * (1 - p) / rows));  // five standard errors
  }
}

TEST_CASE_TEMPLATE("gate: a high temperature weighs all experts alike", T, float, double) {
  const Gate<T> gate = answering<T>({1, 2, 3, -4}, {GateKind::gumbel, 1e8, 10});
  for (const auto& pass : {Pass<T>::train(Key(13)), Pass<T>::evaluate(Key(13))}) {
    const Tensor<T> alpha = weights_of(gate, Tensor<T>({100, 1}), pass);
    CHECK((alpha.array() - T(0.25)).abs().maxCoeff() < T(1e-6));
  }
}

TEST_CASE_TEMPLATE("gate: noise follows from the pass's key, and a row's from its place in the whole", T, float,
                   double) {
  const Gate<T> gate(4, 3, {GateKind::gumbel, 2, 3}, Key(1));
  const Tensor<T> x = random_tensor<T>({20, 4}, Key(2));
  const Tensor<T> all = weights_of(gate, x, Pass<T>::evaluate(Key(3)));
  CHECK(same_bits(weights_of(gate, x, Pass<T>::evaluate(Key(3))), all));
  CHECK_FALSE(same_bits(weights_of(gate, x, Pass<T>::evaluate(Key(4))), all));
  for (Index n = 0; n < 20; ++n) {
    CHECK(same_bits(weights_of(gate, test::row_of(x, n), Pass<T>::evaluate(Key(3), n)), test::row_of(all, n)));
    if (n > 0)
      CHECK_FALSE(same_bits(weights_of(gate, test::row_of(x, n), Pass<T>::evaluate(Key(3))), test::row_of(all, n)));
  }
}

TEST_CASE("gate: gradcheck in weights, biases and input through fixed noise") {
  for (const GateKind kind : {GateKind::softmax, GateKind::gumbel})
    for (const bool training : {true, false}) {
      Probe probe{{4, 3, {kind, 0.5, 3}, Key(1)}, Parameter<double>(random_tensor<double>({5, 4}, Key(2)))};
      const auto f = [&](Tape<double>& tape, const Probe& p) {
        Pass<double> pass = training ? Pass<double>::train(Key(3)) : Pass<double>::evaluate(Key(3));
        return p.gate(tape.use(p.x), pass);
      };
      const GradcheckReport report = gradcheck_model(probe, f, Key(4));
      CHECK(report.message == "");
      CHECK(report.entries == 3 * 4 + 3 + 5 * 4);
    }
}

TEST_CASE("gate: float and double agree, noise included") {
  const auto run = []<class T>(T) {
    const Gate<T> gate(4, 7, {GateKind::gumbel, 2, 10}, Key(1));
    return weights_of(gate, random_tensor<T>({50, 4}, Key(2)), Pass<T>::evaluate(Key(3)));
  };
  CHECK(test::worst_error(run(float()), run(double())) < 1e-5);
}

TEST_CASE_TEMPLATE("gate: leading axes are rows", T, float, double) {
  const Gate<T> gate(4, 3, {GateKind::gumbel, 2, 3}, Key(1));
  const Tensor<T> x = random_tensor<T>({6, 4}, Key(2)), flat = weights_of(gate, x, Pass<T>::evaluate());
  const Tensor<T> folded = weights_of(gate, Tensor<T>({2, 3, 4}, x.span()), Pass<T>::evaluate());
  CHECK(folded.shape() == Shape{2, 3, 3});
  CHECK(same_bits(Tensor<T>({6, 3}, folded.span()), flat));
}

TEST_CASE_TEMPLATE("gate: it has experts times (inputs + 1) parameters", T, float, double) {
  CHECK(count(Gate<T>(13, 64, {}, Key(1))).parameters == 64 * (13 + 1));
}

TEST_CASE_TEMPLATE("gate: refuses what it cannot be", T, float, double) {
  const auto make = [](Index in, Index experts, const GateOptions& options) {
    return Gate<T>(in, experts, options, Key(1));
  };
  CHECK_THROWS_WITH_AS(make(4, 0, {}), "Gate: 0 experts; at least 1 is needed", ConfigError);
  CHECK_THROWS_WITH_AS(make(4, -2, {}), "Gate: -2 experts; at least 1 is needed", ConfigError);
  CHECK_THROWS_AS(make(0, 2, {}), ConfigError);
  CHECK_THROWS_WITH_AS(make(4, 2, {GateKind::gumbel, 0, 10}),
                       "Gate: temperature 0 and 10 samples; a positive temperature and at least 1 sample are needed",
                       ConfigError);
  CHECK_THROWS_AS(make(4, 2, {GateKind::gumbel, -1, 10}), ConfigError);
  CHECK_THROWS_AS(make(4, 2, {GateKind::gumbel, NAN, 10}), ConfigError);
  CHECK_THROWS_AS(make(4, 2, {GateKind::gumbel, 2, 0}), ConfigError);
}
