// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/gate.hpp"

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
    for (Index n = 0; n < g.size(); ++n) g[n] = static_cast<T>(key.child("gumbel").child(i).gumbel(n));
    const auto formula = [](auto& v) {
      return softmax(scale(add(linear(v[0], v[1], v[2]), v[3]), static_cast<T>(1 / 0.7)));
    };
    return test::value_of<T>(formula, {x, gate.linear.weight.value(), gate.linear.bias.value(), g});
  };
  CHECK(test::worst_error(weights_of(gate, x, Pass<T>::train(key)), sample(0)) < test::tolerance<T>);
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

TEST_CASE_TEMPLATE("gate: dropout leaves experts out in training, and the others share what they had", T, float,
                   double) {
  const Index rows = 4000, experts = 5;
  const double p = 0.3;
  for (const GateKind kind : {GateKind::softmax, GateKind::gumbel}) {
    const Gate<T> plain(3, experts, {kind}, Key(1));
    Gate<T> gate = plain;
    gate.options.dropout = p;
    const Tensor<T> x = random_tensor<T>({rows, 3}, Key(2));
    const Tensor<T> alpha = weights_of(gate, x, Pass<T>::train(Key(3))),
                    all = weights_of(plain, x, Pass<T>::train(Key(3)));
    Index left_out = 0, off = 0;
    for (Index n = 0; n < rows; ++n) {
      double stays = 0;
      for (Index e = 0; e < experts; ++e) {
        left_out += alpha(n, e) == 0;
        if (alpha(n, e) != 0) stays += static_cast<double>(all(n, e));
      }
      for (Index e = 0; e < experts; ++e)
        off +=
            alpha(n, e) != 0 &&
            !(std::abs(static_cast<double>(alpha(n, e)) - static_cast<double>(all(n, e)) / stays) < test::tolerance<T>);
    }
    CHECK(off == 0);
    const double draws = static_cast<double>(rows * experts), expected = p - std::pow(p, experts) / experts;
    CHECK(std::abs(static_cast<double>(left_out) / draws - expected) < 5 * std::sqrt(p * (1 - p) / draws));
    CHECK(same_bits(weights_of(gate, x, Pass<T>::evaluate(Key(3))), weights_of(plain, x, Pass<T>::evaluate(Key(3)))));
    CHECK(same_bits(weights_of(gate, x, Pass<T>::train(Key(3))), alpha));
    CHECK_FALSE(same_bits(weights_of(gate, x, Pass<T>::train(Key(4))), alpha));
  }
}

TEST_CASE_TEMPLATE("gate: at least one expert stays, each as often, however many are dropped", T, float, double) {
  const Index rows = 9000;
  const Gate<T> gate = answering<T>({0, 0, 0}, {.dropout = 0.999999});
  const Tensor<T> alpha = weights_of(gate, Tensor<T>({rows, 1}), Pass<T>::train(Key(5)));
  CHECK((alpha.mat().rowwise().sum().array() == T(1)).all());
  for (Index e = 0; e < 3; ++e)
    CHECK(std::abs(alpha.mat().col(e).template cast<double>().mean() - 1.0 / 3) < 5 * std::sqrt(2.0 / 9 / rows));
}

TEST_CASE_TEMPLATE("gate: dropout by batch leaves the same experts out for all rows", T, float, double) {
  const Gate<T> gate(3, 8, {.dropout = 0.5, .dropout_by_batch = true}, Key(1));
  const Tensor<T> x = random_tensor<T>({50, 3}, Key(2));
  Index batches_unlike = 0;
  for (std::uint64_t batch = 0; batch < 20; ++batch) {
    const Tensor<T> alpha = weights_of(gate, x, Pass<T>::train(Key(3).child(batch)));
    bool all_stay = true;
    for (Index e = 0; e < 8; ++e) {
      const Index out = (alpha.mat().col(e).array() == T(0)).count();
      CHECK((out == 0 || out == 50));
      all_stay = all_stay && out == 0;
    }
    batches_unlike += !all_stay;
  }
  CHECK(batches_unlike >= 18);  // all eight stay with probability 1/256
}

TEST_CASE_TEMPLATE("gate: with balance it adds CV^2 of the experts' importances to the training loss, and only there",
                   T, float, double) {
  const auto loss_of = [](const Gate<T>& gate, bool training) -> AuxiliaryLoss<T> {
    static Tape<T> tape;
    static Tensor<T> x;
    tape.clear();
    x = random_tensor<T>({20, 4}, Key(2));
    AuxiliaryLoss<T> auxiliary;
    Pass<T> pass = training ? Pass<T>::train(Key(3), &auxiliary) : Pass<T>::evaluate(Key(3));
    const Var<T> alpha = gate(tape.constant(x), pass);
    double squares = 0;  // of importances over their mean, 20 / 3
    for (Index e = 0; e < 3; ++e) {
      double importance = 0;
      for (Index n = 0; n < 20; ++n) importance += static_cast<double>(alpha.value()(n, e));
      squares += importance * importance / (20.0 / 3) / (20.0 / 3);
    }
    if (auxiliary)
      CHECK(std::abs(static_cast<double>(auxiliary->item()) - 0.25 * (squares / 3 - 1)) < test::tolerance<T>);
    return auxiliary;
  };
  for (const GateKind kind : {GateKind::softmax, GateKind::gumbel}) {
    Gate<T> gate(4, 3, {.kind = kind, .balance = 0.25}, Key(1));
    CHECK(loss_of(gate, true).has_value());
    CHECK_FALSE(loss_of(gate, false).has_value());
    gate.options.balance = 0;
    CHECK_FALSE(loss_of(gate, true).has_value());
  }
}

TEST_CASE_TEMPLATE("gate_use: the mean gate vector and the mean entropy of a data set", T, float, double) {
  Workspace<T> workspace;
  const Tensor<T> x = random_tensor<T>({300, 4}, Key(2));  // two blocks
  for (const GateOptions& options : {GateOptions{}, GateOptions{GateKind::gumbel, 2, 3}}) {
    const Gate<T> gate(4, 3, options, Key(1));
    const GateUse use = gate_use(gate, x, workspace, Key(3));
    const Tensor<T> alpha = weights_of(gate, x, Pass<T>::evaluate(Key(3)));
    double entropy = 0;
    std::vector<double> mean(3);
    for (Index i = 0; i < alpha.size(); ++i) {
      const double a = static_cast<double>(alpha[i]);
      mean[static_cast<std::size_t>(i % 3)] += a / 300;
      entropy -= a * std::log(a) / 300;
    }
    CHECK(test::worst_error(use.mean, mean) < 1e-12);
    CHECK(std::abs(use.entropy - entropy) < 1e-12);
  }
  const GateUse even = gate_use(answering<T>({2, 2, 2, 2}, {}), Tensor<T>({9, 1}), workspace);
  for (const double weight : even.mean) CHECK(std::abs(weight - 0.25) < 1e-12);
  CHECK(std::abs(even.entropy - std::log(4.0)) < 1e-12);
  const GateUse one = gate_use(answering<T>({0, 1e4, 0}, {}), Tensor<T>({9, 1}), workspace);
  CHECK(test::worst_error(one.mean, std::vector<double>{0, 1, 0}) < 1e-12);
  CHECK(one.entropy == 0);
  CHECK_THROWS_WITH_AS(gate_use(answering<T>({0, 0}, {}), Tensor<T>({0, 1}), workspace),
                       "gate_use: no rows; at least 1 is needed", ConfigError);
}

TEST_CASE("gate: gradcheck in weights, biases and input through fixed noise and dropout, balance included") {
  for (const GateKind kind : {GateKind::softmax, GateKind::gumbel})
    for (const bool training : {true, false})
      for (const double dropout : {0.0, 0.4}) {
        Probe probe{{4, 3, {kind, 0.5, 3, dropout, false, 0.7}, Key(1)},
                    Parameter<double>(random_tensor<double>({5, 4}, Key(2)))};
        const auto f = [&](Tape<double>& tape, const Probe& p) {
          AuxiliaryLoss<double> auxiliary;
          Pass<double> pass = training ? Pass<double>::train(Key(3), &auxiliary) : Pass<double>::evaluate(Key(3));
          const Var<double> alpha = p.gate(tape.use(p.x), pass), total = sum(multiply(alpha, alpha));
          return auxiliary ? add(total, *auxiliary) : total;
        };
        const GradcheckReport report = gradcheck_model(probe, f, Key(4));
        CHECK(report.message == "");
        CHECK(report.entries == 3 * 4 + 3 + 5 * 4);
        const auto weights = [&](Tape<double>& tape, const Probe& p) {
          Pass<double> pass = training ? Pass<double>::train(Key(3)) : Pass<double>::evaluate(Key(3));
          return p.gate(tape.use(p.x), pass);
        };
        CHECK(gradcheck_model(probe, weights, Key(4)).message == "");
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
  const std::string range = "; dropout is from 0 to below 1, balance not negative";
  CHECK_THROWS_WITH_AS(make(4, 2, {.dropout = 1}), ("Gate: dropout 1 and balance 0" + range).c_str(), ConfigError);
  CHECK_THROWS_WITH_AS(make(4, 2, {.balance = -2}), ("Gate: dropout 0 and balance -2" + range).c_str(), ConfigError);
  CHECK_THROWS_AS(make(4, 2, {.dropout = -0.1}), ConfigError);
  CHECK_THROWS_AS(make(4, 2, {.dropout = NAN}), ConfigError);
  if constexpr (std::same_as<T, float>) {
    CHECK_THROWS_WITH_AS(make(4, 2, {.temperature = 1e-50}),
                         "Gate: temperature 1e-50 and balance 0; both and 1 / temperature must fit a float",
                         ConfigError);
    CHECK_THROWS_AS(make(4, 2, {.balance = 1e300}), ConfigError);
  }
  CHECK_THROWS_AS(make(4, 2, {.temperature = HUGE_VAL}), ConfigError);
}
