// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/multi_pred.hpp"

#include "nn/sparse.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
constexpr ResidualMlpSize small{.in = 3, .out = 2, .width = 8, .hidden = 12};

template <Real T> ResidualMlp<T, SparseMoe<T>> network(Index choices) {
  const auto make = [&](const Key& key) {
    return SparseMoe<T>(4, {8, 12, 8, 1}, {.choices = choices}, {.train = {dropless}, .equal_start = false}, key);
  };
  return {small, Key(1), make};
}
}  // namespace

TEST_CASE_TEMPLATE("MultiPred: with one choice it is the network", T, float, double) {
  const MultiPred<T> one{network<T>(1)};
  const Tensor<T> x = random_tensor<T>({7, 3}, Key(2));
  for (const Pass<T>& pass : {Pass<T>::evaluate(), Pass<T>::train(Key(3))})
    CHECK(same_bits(test::output_of(one, x, pass), test::output_of(one.network, x, pass)));
}

TEST_CASE_TEMPLATE("MultiPred: every choice of the last block goes on alone", T, float, double) {
  const MultiPred<T> model{network<T>(3)};
  const Tensor<T> x = random_tensor<T>({7, 3}, Key(2)), y = test::output_of(model, x, Pass<T>::evaluate());
  REQUIRE(y.shape() == Shape{3, 7, 2});
  const auto& last = *model.network.blocks.back().special;
  Tape<T> tape(false);
  Pass<T> pass = Pass<T>::evaluate();
  const Var<T> u = model.network.stream(tape.constant(x), pass, 3), normed = last.norm(u, pass);
  const Routing<T> routing = last.inner.router(normed, pass);
  double worst = 0;
  Tensor<T> sum({7, 8});  // of a row's streams
  for (Index n = 0; n < 7; ++n)
    for (Index k = 0; k < 3; ++k) {
      const auto& expert = last.inner.experts[static_cast<std::size_t>(routing.expert[n * 3 + k])];
      Tensor<T> row({1, 8}), stream({1, 8});
      row.mat() = normed.value().row(n);
      stream.mat() = u.value().row(n) + routing.weights.value()(n, k) * test::output_of(expert, row, pass).mat();
      sum.mat().row(n) += stream.mat();
      Var<T> s = tape.constant(stream);
      const Var<T> answer = model.network.head(model.network.norm(s, pass), pass);
      worst = std::max(worst, static_cast<double>((answer.value() - y.mat().row(k * 7 + n)).cwiseAbs().maxCoeff()));
    }
  CHECK(worst < 100 * std::numeric_limits<T>::epsilon());
  sum.mat() -= 2 * u.value();  // spec 9.1, 7: less all residuals but one it is what the last block gives
  const Var<T> out = model.network.stream(tape.constant(x), pass, 4);
  CHECK(test::worst_error(sum, test::copy_of<T>(out)) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("MultiPred: the same bits on one, two and four threads", T, float, double) {
  const ResidualMlpSize wide{.in = 64, .out = 2, .width = 64, .hidden = 512, .blocks = 2, .special = 1};
  const auto make = [](const Key& key) {
    return SparseMoe<T>(2, {64, 512, 64, 1}, {.choices = 2}, {.train = {dropless}, .equal_start = false}, key);
  };
  const MultiPred<T> model{{wide, Key(1), make}};
  CHECK(test::same_on_threads(model, random_tensor<T>({512, 64}, Key(2)), Pass<T>::train(Key(3))));
}

TEST_CASE("MultiPred: gradcheck through fixed noise and the balance losses") {
  test::WithInput<MultiPred<double>> probe{{network<double>(2)},
                                           Parameter<double>(random_tensor<double>({6, 3}, Key(2)))};
  const auto f = [](Tape<double>& tape, const auto& p) {
    return test::squares_and_balance(tape, p);
  };
  CHECK(gradcheck_model(probe, f, Key(4)).message == "");
}

TEST_CASE("MultiPred: refuses what has no sparse last block, and members") {
  MultiPred<float> dense{network<float>(2)}, members{network<float>(2)};
  dense.network.blocks.pop_back();
  members.network.members = 2;
  const Tensor<float> x = random_tensor<float>({7, 3}, Key(2));
  CHECK_THROWS_AS(test::output_of(dense, x, Pass<float>::evaluate()), ConfigError);
  CHECK_THROWS_AS(test::output_of(members, x, Pass<float>::evaluate()), ConfigError);
}
