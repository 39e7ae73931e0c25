// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/dense_moe.hpp"

#include "nn/mixtures.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// A network of the user's own: the mixture knows nothing of its inside.
template <Real T> struct Wrapped {
  Mlp<T> net;
  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return net(x, pass); }
  static void visit(auto& self, auto&& v) { v("net", self.net); }
};

/// Answers with what its pass draws.
template <Real T> struct Drawing {
  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    T* y = x.tape().scratch(x.rows());
    std::fill(y, y + x.rows(), static_cast<T>(pass.key().uniform(0)));
    return x.tape().constant(x.shape().with_cols(1), y);
  }
  static void visit(auto&, auto&&) {}
};

template <Real T> MixtureOfExperts<T, Wrapped<T>> wrapped(const MixtureOfExperts<T>& model) {
  std::vector<Wrapped<T>> experts;
  for (const Mlp<T>& expert : model.experts) experts.push_back({expert});
  return {model.gate, std::move(experts)};
}
}  // namespace

TEST_CASE_TEMPLATE("moe: the spec's scalar experts, value and gradient", T, float, double) {
  const auto model = test::two_scalar_experts<MixtureOfExperts<T>>();
  const Tensor<T> x({1, 1}, {1});
  const double experts[] = {2.899578396193, -0.229896475488}, mixture = 0.708945986016, alpha[] = {0.3, 0.7};
  Tape<T> tape;
  Pass<T> pass = Pass<T>::train(Key(1));
  const Var<T> f = model.stacked(tape.constant(x)), y = model(tape.constant(x), pass);
  for (Index e = 0; e < 2; ++e) CHECK(std::abs(static_cast<double>(f.data()[e]) - experts[e]) < 3 * test::tolerance<T>);
  CHECK(std::abs(static_cast<double>(y.item()) - mixture) < test::tolerance<T>);
  tape.backward(y);
  for (std::size_t e = 0; e < 2; ++e) {  // df_e = alpha_e, and ds_e = alpha_e (f_e - y)
    CHECK(std::abs(static_cast<double>(tape.gradient(model.experts[e].layers[1].bias)[0]) - alpha[e]) <
          test::tolerance<T>);
    CHECK(std::abs(static_cast<double>(tape.gradient(model.gate.linear.bias)[e]) - alpha[e] * (experts[e] - mixture)) <
          3 * test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("moe: it is the gate's weighted sum of what the experts answer alone", T, float, double) {
  for (const GateOptions& options : {GateOptions{}, GateOptions{GateKind::gumbel, 2, 4}}) {
    const MixtureOfExperts<T> model(5, {8, 17, 3}, options, Key(1));
    const Tensor<T> x = random_tensor<T>({40, 8}, Key(2));
    const Tensor<T> alpha = test::output_of(model.gate, x, Pass<T>::evaluate(Key(3)).child(0));
    Tensor<T> f({40, 15});
    for (std::size_t e = 0; e < 5; ++e)
      f.mat().middleCols(static_cast<Index>(3 * e), 3) = predict(model.experts[e], x, 3).mat();
    CHECK(test::worst_error(test::output_of(model, x, Pass<T>::evaluate(Key(3))),
                            reference::mix(reference::matrix(alpha), reference::matrix(f)).values) <
          test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("moe: averaging outputs over Gumbel samples is averaging gate vectors", T, float, double) {
  const MixtureOfExperts<T> model(5, {8, 17, 3}, {GateKind::gumbel, 2, 10}, Key(1));
  const Tensor<T> x = random_tensor<T>({40, 8}, Key(2));
  Tape<T> tape(false);
  const Pass<T> pass = Pass<T>::evaluate(Key(3)), gate_pass = pass.child(0);
  Pass<T> linear_pass = gate_pass;
  const Var<T> in = tape.constant(x), logits = model.gate.linear(in, linear_pass), f = model.stacked(in);
  Tensor<T> mean({40, 3});
  for (Index i = 0; i < 10; ++i) mean.mat() += mix(model.gate.sample(logits, gate_pass, i), f).value() / 10;
  CHECK(test::worst_error(test::output_of(model, x, pass), mean) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("moe: stacked experts have the bits of experts called one by one", T, float, double) {
  for (const Index experts : {1, 2, 5})
    for (const MlpSize& size : {MlpSize{8, 17, 3}, MlpSize{3, 64, 1, 1}, MlpSize{1, 1, 10, 4}}) {
      const WAsymmetry asymmetry{Key(9), std::vector<Index>(static_cast<std::size_t>(size.hidden_layers + 1), 0), {}};
      const MixtureOfExperts<T> model(experts, size, {}, Key(1), &asymmetry);
      const Tensor<T> x = random_tensor<T>({33, size.in}, Key(2));
      Tape<T> tape;
      CHECK(same_bits(test::copy_of<T>(model.stacked(tape.constant(x))),
                      test::copy_of<T>(model.one_by_one(tape.constant(x), Pass<T>::train(Key(3))))));
    }
}

TEST_CASE_TEMPLATE("moe: over a module of the user's own it has the same bits, gradients included", T, float, double) {
  const WAsymmetry asymmetry{.mask = Key(9)};
  for (const GateOptions& options : {GateOptions{}, GateOptions{GateKind::gumbel, 2, 4}}) {
    const MixtureOfExperts<T> model(4, {8, 17, 3}, options, Key(1), &asymmetry);
    const auto own = wrapped(model);
    const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
    CHECK(same_bits(predict(model, x, 3), predict(own, x, 3)));
    for (const Pass<T>& pass : {Pass<T>::train(Key(3)), Pass<T>::evaluate(Key(3))})
      CHECK(test::parameter_gradients(model, x, pass) == test::parameter_gradients(own, x, pass));
    CHECK(count(own).parameters == count(model).parameters);
  }
}

TEST_CASE("moe: gradcheck over a module of the user's own") {
  auto model = wrapped(MixtureOfExperts<double>(3, {4, 5, 2, 1}, {GateKind::gumbel, 2, 4}, Key(1)));
  const Tensor<double> x = random_tensor<double>({6, 4}, Key(2));
  const auto f = [&](Tape<double>& tape, const auto& m) {
    Pass<double> pass = Pass<double>::train(Key(3));
    return m(tape.constant(x), pass);
  };
  CHECK(gradcheck_model(model, f, Key(4)).message == "");
}

TEST_CASE_TEMPLATE("moe: the user's experts may differ in all but the width of their outputs", T, float, double) {
  const std::vector<Wrapped<T>> experts{{Mlp<T>({8, 5, 3}, Key(1))}, {Mlp<T>({8, 17, 3, 1}, Key(2))}};
  const MixtureOfExperts<T, Wrapped<T>> model(Gate<T>(8, 2, {}, Key(3)), experts);
  const Tensor<T> x = random_tensor<T>({9, 8}, Key(4)), y = predict(model, x, 3),
                  alpha = test::output_of(model.gate, x, Pass<T>::evaluate());
  const Tensor<T> first = predict(experts[0].net, x, 3), second = predict(experts[1].net, x, 3);
  for (Index n = 0; n < 9; ++n)
    for (Index j = 0; j < 3; ++j)
      CHECK(std::abs(static_cast<double>(y(n, j) - alpha(n, 0) * first(n, j) - alpha(n, 1) * second(n, j))) <
            test::tolerance<T>);

  const MixtureOfExperts<T, Wrapped<T>> unlike(model.gate, {experts[0], {Mlp<T>({8, 5, 1}, Key(1))}});
  CHECK_THROWS_WITH_AS(predict(unlike, x, 2),
                       "MixtureOfExperts: expert 1 has 1 outputs but expert 0 has 3; they must be equal", ShapeError);
  const MixtureOfExperts<T, Wrapped<T>> none(model.gate, {});
  CHECK_THROWS_WITH_AS(predict(none, x, 3), "MixtureOfExperts: the gate weighs 2 experts but there are 0", ShapeError);
}

TEST_CASE_TEMPLATE("moe: every expert draws from a stream of its own, which is not the gate's", T, float, double) {
  const MixtureOfExperts<T, Drawing<T>> model(Gate<T>(2, 3, {}, Key(1)), std::vector<Drawing<T>>(3));
  Tape<T> tape;
  const Tensor<T> x({1, 2});
  const Pass<T> pass = Pass<T>::train(Key(5));
  const Var<T> drawn = model.one_by_one(tape.constant(x), pass);
  CHECK(drawn.data()[0] != drawn.data()[1]);
  CHECK(drawn.data()[0] != drawn.data()[2]);
  CHECK(drawn.data()[1] != drawn.data()[2]);
  const T lone = test::output_of(model, x, pass)[0];
  CHECK(lone > 0);
  CHECK(lone < 1);
}
