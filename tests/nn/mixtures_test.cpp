// SPDX-License-Identifier: MIT
// What holds for mixtures of experts and of interpolated experts alike.
#include "nn/mixtures.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/optim/adamw.hpp"

using namespace wsym;
using test::random_tensor;

#define BOTH_MIXTURES                                                                     \
  MixtureOfExperts<float>, MixtureOfExperts<double>, MixtureOfInterpolatedExperts<float>, \
      MixtureOfInterpolatedExperts<double>

namespace {
constexpr GateOptions gates[] = {{GateKind::softmax}, {GateKind::gumbel, 2, 3}};
constexpr GateOptions regularised[] = {{.dropout = 0.4, .balance = 0.1}, {GateKind::gumbel, 2, 3, 0.4, true, 0.1}};
const WAsymmetry shared_mask{.mask = Key(9)};

template <class M> struct Probe {
  M model;
  Parameter<double> x;
  static void visit(auto& self, auto&& v) {
    v("model", self.model);
    v("x", self.x);
  }
};
}  // namespace

TEST_CASE_TEMPLATE("mixtures: K experts and the gate have K P + K (in + 1) parameters", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  for (const Index experts : {1, 2, 64})
    for (const MlpSize& size : {MlpSize{8, 64, 1}, MlpSize{93, 64, 9}, MlpSize{8, 64, 1, 4}}) {
      const ParameterCount one = count(test::w_asymmetric<T>(size));
      const ParameterCount all = count(M(experts, size, {}, Key(1), &shared_mask));
      CHECK(all.parameters == experts * one.parameters + experts * (size.in + 1));
      CHECK(all.frozen == experts * one.frozen);
    }
  CHECK(count(M(2, {8, 64, 1}, {}, Key(1))).parameters == 2 * 8961 + 2 * 9);
}

TEST_CASE_TEMPLATE("mixtures: every parameter has the name of its expert and layer", M, BOTH_MIXTURES) {
  const M model(2, {3, 4, 1, 1}, {}, Key(1));
  std::vector<std::string> names;
  for_each_named_parameter(model, [&](const std::string& name, const auto&) { names.push_back(name); });
  REQUIRE(names.size() == 10);
  CHECK(names.front() == "gate.linear.weight");
  CHECK(names[2] == "experts.0.layers.0.weight");
  CHECK(names.back() == "experts.1.layers.1.bias");
}

TEST_CASE_TEMPLATE("mixtures: experts share one mask and its values, and differ in what is free", M, BOTH_MIXTURES) {
  const M model(3, {8, 16, 2}, {}, Key(1), &shared_mask);
  for (std::size_t l = 0; l < 4; ++l) {
    CHECK(model.experts[0].layers[l].weight.frozen().size() > 0);
    for (std::size_t e = 1; e < 3; ++e) {
      CHECK(model.experts[e].layers[l].weight.frozen() == model.experts[0].layers[l].weight.frozen());
      CHECK_FALSE(same_bits(model.experts[e].layers[l].weight.value(), model.experts[0].layers[l].weight.value()));
      CHECK_FALSE(same_bits(model.experts[e].layers[l].bias.value(), model.experts[0].layers[l].bias.value()));
    }
  }
}

TEST_CASE_TEMPLATE("mixtures: a one-hot gate gives that expert, bit for bit", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  for (const Index outputs : {1, 3}) {
    M model(4, {8, 17, outputs}, {}, Key(1));
    for (std::size_t e = 0; e < 4; ++e) {
      std::vector<double> logits(4);
      logits[e] = 1e4;
      test::answer_always(model.gate, logits);
      CHECK(same_bits(predict(model, x, outputs), predict(model.experts[e], x, outputs)));
    }
  }
}

TEST_CASE_TEMPLATE("mixtures: equal experts give what each gives", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  for (const GateOptions& gate : gates) {
    M model(5, {8, 17, 3}, gate, Key(1));
    for (Mlp<T>& expert : model.experts) expert = model.experts[0];
    CHECK(test::worst_error(predict(model, x, 3), predict(model.experts[0], x, 3)) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("mixtures: with one expert it is that network, bit for bit, and the gate learns nothing", M,
                   BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  for (const GateOptions& gate : {GateOptions{}, GateOptions{GateKind::gumbel, 2, 1}}) {
    const M model(1, {8, 17, 3}, gate, Key(1), &shared_mask);
    CHECK(same_bits(predict(model, x, 3), predict(model.experts[0], x, 3)));
    const auto all = test::parameter_gradients(model, x, Pass<T>::train(Key(3)));
    const auto expert = test::parameter_gradients(model.experts[0], x, Pass<T>::train(Key(3)));
    REQUIRE(all.size() == 9 + expert.size());
    CHECK(std::vector<T>(all.begin(), all.begin() + 9) == std::vector<T>(9));
    CHECK(test::worst_error(std::vector<T>(all.begin() + 9, all.end()), expert) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("mixtures: gradcheck of the whole model and its input, through fixed Gumbel noise too", M,
                   MixtureOfExperts<double>, MixtureOfInterpolatedExperts<double>) {
  for (const GateOptions& gate : gates)
    for (const bool training : {true, false})
      for (const WAsymmetry* asymmetry : {static_cast<const WAsymmetry*>(nullptr), &shared_mask}) {
        Probe<M> probe{M(3, {4, 5, 2, 2}, gate, Key(1), asymmetry),
                       Parameter<double>(random_tensor<double>({6, 4}, Key(2)))};
        const auto f = [&](Tape<double>& tape, const Probe<M>& p) {
          Pass<double> pass = training ? Pass<double>::train(Key(3)) : Pass<double>::evaluate(Key(3));
          return p.model(tape.use(p.x), pass);
        };
        const GradcheckReport report = gradcheck_model(probe, f, Key(4));
        CHECK(report.message == "");
        CHECK(report.entries == count(probe.model).parameters + 24);
      }
}

TEST_CASE_TEMPLATE("mixtures: Gumbel noise is new for each key of a training step, and the same for the same", M,
                   BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const M model(4, {8, 17, 3}, gates[1], Key(1));
  const Tensor<T> x = random_tensor<T>({20, 8}, Key(2)), y = test::output_of(model, x, Pass<T>::train(Key(3)));
  CHECK(same_bits(test::output_of(model, x, Pass<T>::train(Key(3))), y));
  CHECK_FALSE(same_bits(test::output_of(model, x, Pass<T>::train(Key(4))), y));
}

TEST_CASE_TEMPLATE("mixtures: a row's prediction has the same bits in whatever block it comes", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  for (const GateOptions& gate : gates) {
    const M model(3, {8, 17, 2}, gate, Key(1));
    const Tensor<T> x = random_tensor<T>({530, 8}, Key(2)), blocks = predict(model, x, 2);  // three blocks
    CHECK(same_bits(test::output_of(model, x, Pass<T>::evaluate()), blocks));
    for (const Index n : {0, 1, 255, 256, 511, 529})
      CHECK(
          same_bits(test::output_of(model, test::row_of(x, n), Pass<T>::evaluate(Key(0), n)), test::row_of(blocks, n)));
    DeepEnsemble<M> alone{{model}, {TaskKind::regression, 2}};
    CHECK(same_bits(predict(alone, x), blocks));
    Workspace<T> workspace;
    Dataset<T> data{x, blocks, {}, {TaskKind::regression, 2}};
    CHECK(evaluate(model, data, workspace) == 0);
  }
}

TEST_CASE_TEMPLATE("mixtures: leading axes are rows", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const M model(3, {8, 17, 2}, gates[1], Key(1));
  const Tensor<T> x = random_tensor<T>({6, 8}, Key(2)), flat = predict(model, x, 2);
  const Tensor<T> folded = test::output_of(model, Tensor<T>({2, 3, 8}, x.span()), Pass<T>::evaluate());
  CHECK(folded.shape() == Shape{2, 3, 2});
  CHECK(same_bits(Tensor<T>({6, 2}, folded.span()), flat));
}

TEST_CASE("mixtures: float and double agree") {
  const auto agree = []<class F, class D>(const F& narrow, const D& wide) {
    const Tensor<float> x = random_tensor<float>({50, 8}, Key(2));
    CHECK(test::worst_error(predict(narrow, x, 2), predict(wide, random_tensor<double>({50, 8}, Key(2)), 2)) < 1e-5);
  };
  for (const GateOptions& gate : gates) {
    agree(MixtureOfExperts<float>(4, {8, 64, 2}, gate, Key(1), &shared_mask),
          MixtureOfExperts<double>(4, {8, 64, 2}, gate, Key(1), &shared_mask));
    agree(MixtureOfInterpolatedExperts<float>(4, {8, 64, 2}, gate, Key(1), &shared_mask),
          MixtureOfInterpolatedExperts<double>(4, {8, 64, 2}, gate, Key(1), &shared_mask));
  }
}

TEST_CASE_TEMPLATE("mixtures: training moves every free entry, lowers the loss and keeps the frozen entries' bits", M,
                   BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Dataset<T> train = test::waves<T>(128, Key(1)), valid = test::waves<T>(64, Key(2));
  for (const GateOptions& gate : gates) {
    const M before(3, {3, 16, 2}, gate, Key(3), &shared_mask), other(3, {3, 16, 2}, gate, Key(5), &shared_mask);
    M model = before;
    Workspace<T> workspace;
    const double start = evaluate(model, valid, workspace);
    const FitReport report =
        fit(model, AdamW<T>({.rate = 1e-2}), train, valid, {.epochs = 25, .batch_size = 32}, Key(4));  // 100 steps
    CHECK(report.best_loss < 0.7 * start);  // 1.0 -> 0.1 to 0.5 here; a gradient that is wrong leaves it above
    for (std::size_t e = 0; e < 3; ++e)
      for (std::size_t l = 0; l < 4; ++l) {
        const Parameter<T>&old = before.experts[e].layers[l].weight, &now = model.experts[e].layers[l].weight;
        CHECK(now.frozen() == old.frozen());
        Index frozen_moved = 0, free_stuck = 0;
        std::vector<bool> is_frozen(static_cast<std::size_t>(now.size()));
        for (const Index i : now.frozen().index) is_frozen[static_cast<std::size_t>(i)] = true;
        for (Index i = 0; i < now.size(); ++i) {
          const bool moved = now.value()[i] != old.value()[i];
          (is_frozen[static_cast<std::size_t>(i)] ? frozen_moved : free_stuck) +=
              is_frozen[static_cast<std::size_t>(i)] ? moved : !moved;
        }
        CHECK(frozen_moved == 0);
        CHECK(free_stuck == 0);
        const Tensor<T>&b = model.experts[e].layers[l].bias.value(), &c = before.experts[e].layers[l].bias.value();
        CHECK((b.array() != c.array()).all());
      }
    CHECK((model.gate.linear.weight.value().array() != before.gate.linear.weight.value().array()).all());
    const M models[] = {model, other};  // two mixtures of one mask: their line keeps it
    CHECK(same_frozen<M>(models));
    CHECK(lerp(model, other, 0.3).experts[2].layers[1].weight.frozen() == before.experts[0].layers[1].weight.frozen());
  }
}

TEST_CASE_TEMPLATE("mixtures: an expert that is left out for a row takes no part in it, and learns nothing from it", M,
                   BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Tensor<T> x = random_tensor<T>({20, 8}, Key(2));
  M model(4, {8, 17, 3}, {.dropout = 0.6, .dropout_by_batch = true}, Key(1));
  Tape<T> tape;
  const Pass<T> pass = Pass<T>::train(Key(3));
  Pass<T> gate_pass = pass.child(0), own = pass;
  const Var<T> alpha = model.gate(tape.constant(x), gate_pass), y = model(tape.constant(x), own);
  const Tensor<T> before = test::copy_of<T>(y);
  tape.backward(y, random_tensor<T>(y.shape(), Key(4)).span());
  Index left_out = 0;
  for (std::size_t e = 0; e < 4; ++e) {
    const bool out = alpha.data()[e] == 0;
    const std::span<const T> g = tape.gradient(model.experts[e].layers[1].weight);
    CHECK(std::all_of(g.begin(), g.end(), [](T v) { return v == 0; }) == out);
    if (out) model.experts[e] = Mlp<T>({8, 17, 3}, Key(77).child(e)), ++left_out;
  }
  REQUIRE(left_out > 0);
  REQUIRE(left_out < 4);
  CHECK(same_bits(test::output_of(model, x, pass), before));
}

TEST_CASE_TEMPLATE("mixtures: gradcheck with dropout", M, MixtureOfExperts<double>,
                   MixtureOfInterpolatedExperts<double>) {
  for (const GateOptions& gate : regularised) {
    M model(3, {4, 5, 2, 2}, gate, Key(1));
    const Tensor<double> x = random_tensor<double>({6, 4}, Key(2));
    const auto f = [&](Tape<double>& tape, const M& m) {
      Pass<double> pass = Pass<double>::train(Key(3));
      return m(tape.constant(x), pass);
    };
    CHECK(gradcheck_model(model, f, Key(4)).message == "");
  }
}

TEST_CASE_TEMPLATE("mixtures: fit adds the balance loss, so the experts are loaded more evenly", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Dataset<T> train = test::waves<T>(128, Key(1));
  const auto imbalance = [&](const GateOptions& gate) {
    M model(4, {3, 8, 2}, gate, Key(3));
    test::answer_always(model.gate, {2, 0, 0, 0});  // the first expert has 0.7 of the load
    fit(model, AdamW<T>({.rate = 3e-2}), train, train, {.epochs = 25, .batch_size = 32}, Key(4));
    Workspace<T> workspace;
    double worst = 0;
    for (const double weight : gate_use(model.gate, train.x, workspace).mean) worst = std::max(worst, weight);
    return worst;
  };
  CHECK(imbalance({.balance = 1}) < 0.3);
  CHECK(imbalance({}) > 0.4);
}

TEST_CASE_TEMPLATE("mixtures: dropout and balance leave evaluation alone, and their steps allocate nothing", M,
                   BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  for (std::size_t i = 0; i < 2; ++i) {
    M model(4, {8, 17, 3}, regularised[i], Key(1), &shared_mask);
    const Tensor<T> x = random_tensor<T>({32, 8}, Key(2)), target({32, 3});
    CHECK(same_bits(predict(model, x, 3), predict(M(4, {8, 17, 3}, gates[i], Key(1), &shared_mask), x, 3)));
    AdamW<T> optimizer;
    Tape<T> tape;
    const auto step = [&](std::uint64_t at) {
      tape.clear();
      AuxiliaryLoss<T> auxiliary;
      Pass<T> pass = Pass<T>::train(Key(3).child(at), &auxiliary);
      const Var<T> loss = mse(model(tape.constant(x), pass), tape.constant(target));
      tape.backward(add(loss, *auxiliary));
      optimizer.step(model, tape);
    };
    step(0), step(1);
    const Index before = test::allocations();
    step(2), step(3);
    CHECK(test::allocations() == before);
  }
}

TEST_CASE_TEMPLATE("mixtures: training gives the same bits for any number of threads", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const auto train = [](Index i) -> TrainedMember<M> {
    const Key key = Key(7).child(i);
    M model(3, {4, 12, 3}, i < 2 ? gates[i] : regularised[i - 2], key.child("init"), &shared_mask);
    const FitReport report = fit(model, AdamW<T>(), test::circle<T>(60, Key(1)), test::circle<T>(20, Key(2)),
                                 {.epochs = 3, .batch_size = 16}, key.child("fit"));
    return {std::move(model), report};
  };
  const auto expected = train_members(4, {1}, train);
  for (const Parallel& way : {Parallel{2}, Parallel{4}, Parallel{3, Executor::std_threads}}) {
    const auto members = train_members(4, way, train);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(test::same_parameters(members[i].model, expected[i].model));
      CHECK(members[i].report.valid_loss == expected[i].report.valid_loss);
    }
  }
  CHECK_FALSE(test::same_parameters(expected[0].model, expected[2].model));
}

TEST_CASE_TEMPLATE("mixtures: after the first step of a shape neither training nor prediction allocates", M,
                   BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  for (const GateOptions& gate : gates) {
    M model(4, {8, 17, 3}, gate, Key(1), &shared_mask);
    AdamW<T> optimizer;
    const Tensor<T> x = random_tensor<T>({32, 8}, Key(2)), target({32, 3});
    Tensor<T> y({32, 3});
    Tape<T> tape;
    Workspace<T> workspace;
    const auto step = [&](std::uint64_t i) {
      tape.clear();
      Pass<T> pass = Pass<T>::train(Key(3).child(i));
      tape.backward(mse(model(tape.constant(x), pass), tape.constant(target)));
      optimizer.step(model, tape);
      predict(model, x.mat(), y.mat(), workspace);
    };
    step(0), step(1);
    const Index before = test::allocations();
    step(2), step(3);
    CHECK(test::allocations() == before);
  }
}

TEST_CASE_TEMPLATE("mixtures: refuse gates and experts that do not fit", M, BOTH_MIXTURES) {
  using T = test::RealOf<M>;
  const Tensor<T> x({4, 8});
  const std::string name = std::same_as<M, MixtureOfExperts<T>> ? "MixtureOfExperts" : "MixtureOfInterpolatedExperts";
  const auto refuses = [&](const M& model, const std::string& reason) {
    CHECK_THROWS_WITH_AS(predict(model, x, 1), (name + ": " + reason).c_str(), ShapeError);
  };
  const M good(3, {8, 4, 1}, {}, Key(1));
  M bad = good;
  bad.experts.pop_back();
  refuses(bad, "the gate weighs 3 experts but there are 2");
  for (int i = 0; i < 4; ++i) bad.experts.push_back(good.experts[0]);  // 6: a multiple of 3
  refuses(bad, "the gate weighs 3 experts but there are 6");
  bad.experts.clear();
  refuses(bad, "the gate weighs 3 experts but there are 0");
  bad = good;
  bad.experts[2] = Mlp<T>({8, 4, 1, 1}, Key(1));
  refuses(bad, "expert 2 has 2 layers but expert 0 has 4; they must be equal");
  bad.experts[2] = Mlp<T>({8, 5, 1}, Key(1));
  CHECK_THROWS_AS(predict(bad, x, 1), ShapeError);
  CHECK_THROWS_WITH_AS(M(0, {8, 4, 1}, {}, Key(1)), "Gate: 0 experts; at least 1 is needed", ConfigError);
  CHECK_THROWS_AS(M(2, {8, 0, 1}, {}, Key(1)), ConfigError);
  CHECK_THROWS_AS(predict(M(), x, 1), ShapeError);
}
