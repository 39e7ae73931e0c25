// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/interpolated_moe.hpp"

#include "nn/mixtures.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// How close materialised weights are, relative to the largest value.
template <Real T> constexpr double rounding = std::same_as<T, float> ? 1e-6 : 1e-12;

/// Experts of one affine layer.
template <Real T> std::vector<Mlp<T>> affine_experts(std::size_t count, Index in, Index out) {
  std::vector<Mlp<T>> experts(count);
  for (std::size_t e = 0; e < count; ++e) experts[e].layers.emplace_back(in, out, Key(5).child(e));
  return experts;
}

/// The weights of experts for each row of x.
template <Real T>
reference::Matrix weights_of(const MixtureOfInterpolatedExperts<T>& model, const Tensor<T>& x, const Pass<T>& pass) {
  return reference::softmax(reference::each(reference::matrix(test::output_of(model.gate, x, pass.child(0))),
                                            [](double alpha) { return std::log(alpha); }));
}

double relu_of(double x) {
  return std::max(x, 0.0);
}
}  // namespace

TEST_CASE_TEMPLATE("moie: the spec's scalar experts, value and gradients", T, float, double) {
  auto model = test::two_scalar_experts<MixtureOfInterpolatedExperts<T>>();
  const Tensor<T> x({1, 1}, {1});
  const auto near = [](T found, double expected) {
    return std::abs(static_cast<double>(found) - expected) < test::tolerance<T>;
  };
  Tape<T> tape;
  Pass<T> pass = Pass<T>::train(Key(1));
  const Var<T> y = model(tape.constant(x), pass);
  CHECK(near(y.item(), -0.163014338191));
  tape.backward(y);
  const double logits[] = {-0.022340479519, 0.022340479519}, w1[] = {0.000294149397, 0.000686348593},
               w2[] = {-0.050956985427, -0.118899632663}, b2[] = {0.3, 0.7};
  for (std::size_t e = 0; e < 2; ++e) {
    const auto& layers = model.experts[e].layers;
    CHECK(near(tape.gradient(model.gate.linear.bias)[e], logits[e]));
    CHECK(near(tape.gradient(layers[0].weight)[0], w1[e]));
    CHECK(near(tape.gradient(layers[0].bias)[0], w1[e]));  // x is 1
    CHECK(near(tape.gradient(layers[1].weight)[0], w2[e]));
    CHECK(near(tape.gradient(layers[1].bias)[0], b2[e]));
  }

  const Parameter<T> alpha(Tensor<T>({1, 2}, {T(0.3), T(0.7)}));
  tape.clear();
  tape.backward(model.interpolated(tape.use(alpha), tape.constant(x)));
  CHECK(near(tape.gradient(alpha)[0], -0.238242489195));
  CHECK(near(tape.gradient(alpha)[1], -0.131859253392));

  tape.clear();
  const Var<T> z = interpolated_linear(tape.use(alpha), tape.constant(x), detail::expert_layer(tape, model.experts, 0));
  CHECK(near(z.item(), -0.775));
  CHECK(near(gelu(z).item(), -0.169856618090));
  model.options.relu = true;
  CHECK(near(predict(model, x, 1)[0], -0.18));
}

TEST_CASE_TEMPLATE("moie: each row's answer is that of the network whose parameters are interpolated for it", T, float,
                   double) {
  const WAsymmetry mask{.mask = Key(9)};
  for (const GateOptions& options : {GateOptions{}, GateOptions{GateKind::gumbel, 2, 4}})
    for (const WAsymmetry* asymmetry : {static_cast<const WAsymmetry*>(nullptr), &mask}) {
      const MixtureOfInterpolatedExperts<T> model(4, {8, 17, 3}, options, Key(1), asymmetry);
      const Tensor<T> x = random_tensor<T>({20, 8}, Key(2)), y = predict(model, x, 3);
      const reference::Matrix alpha = weights_of(model, x, Pass<T>::evaluate());
      std::vector<const Mlp<T>*> experts;
      for (const Mlp<T>& expert : model.experts) experts.push_back(&expert);
      for (Index n = 0; n < 20; ++n) {
        const Mlp<T> own =
            combine<Mlp<T>>(experts, std::span(alpha.values).subspan(static_cast<std::size_t>(4 * n), 4));
        for (std::size_t l = 0; l < 4; ++l)  // frozen entries stay what they are
          CHECK(own.layers[l].weight.frozen() == model.experts[0].layers[l].weight.frozen());
        CHECK(test::worst_error(predict(own, test::row_of(x, n), 3), test::row_of(y, n)) < rounding<T>);
      }
    }
}

TEST_CASE_TEMPLATE("moie: it agrees with plain loops over materialised weights, with GELU and with ReLU", T, float,
                   double) {
  for (const bool relu : {false, true}) {
    const WAsymmetry asymmetry{.mask = Key(9),
                               .n_fix = {2, 2, 2, 2, 2}};  // the authors' code: five layers, n_fix 2, ReLU
    const MixtureOfInterpolatedExperts<T> model(3, {8, 17, 2, 4}, {GateKind::gumbel}, Key(1), &asymmetry,
                                                {.relu = relu});
    const Tensor<T> x = random_tensor<T>({20, 8}, Key(2));
    const reference::Matrix alpha = weights_of(model, x, Pass<T>::evaluate());
    reference::Matrix h = reference::matrix(x);
    for (std::size_t l = 0; l < 5; ++l) {
      std::vector<reference::Matrix> w, b;
      for (const Mlp<T>& expert : model.experts) {
        w.push_back(reference::matrix(expert.layers[l].weight.value()));
        b.push_back(reference::matrix(expert.layers[l].bias.value()));
      }
      h = reference::interpolated_linear(alpha, h, w, b);
      if (l < 4) h = reference::each(h, relu ? relu_of : reference::gelu);
    }
    CHECK(test::worst_error(predict(model, x, 2), h.values) < rounding<T>);
  }
}

TEST_CASE_TEMPLATE("moie: with a single affine layer it is the mixture of experts, bit for bit", T, float, double) {
  for (const GateOptions& options : {GateOptions{}, GateOptions{GateKind::gumbel, 2, 4}}) {
    const Gate<T> gate(8, 5, options, Key(1));
    const MixtureOfExperts<T> moe(gate, affine_experts<T>(5, 8, 3));
    const MixtureOfInterpolatedExperts<T> moie(gate, affine_experts<T>(5, 8, 3));
    const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
    CHECK(same_bits(predict(moie, x, 3), predict(moe, x, 3)));
    CHECK(test::worst_error(test::parameter_gradients(moie, x, Pass<T>::train(Key(3))),
                            test::parameter_gradients(moe, x, Pass<T>::train(Key(3)))) < 10 * test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("moie: with hidden layers it is another network than the mixture", T, float, double) {
  const MixtureOfExperts<T> moe(5, {8, 17, 3}, {}, Key(1));
  const MixtureOfInterpolatedExperts<T> moie(moe.gate, moe.experts);
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  CHECK(test::worst_error(predict(moie, x, 3), predict(moe, x, 3)) > 1e-3);
}

TEST_CASE_TEMPLATE("moie: average_outputs is the mean of the networks of every Gumbel sample, at evaluation alone", T,
                   float, double) {
  MixtureOfInterpolatedExperts<T> model(4, {8, 17, 3}, {GateKind::gumbel, 0.5, 6}, Key(1));
  const Tensor<T> x = random_tensor<T>({20, 8}, Key(2)), gates = predict(model, x, 3),
                  training = test::output_of(model, x, Pass<T>::train(Key(3)));
  model.options.average_outputs = true;
  const Tensor<T> outputs = predict(model, x, 3);
  Tape<T> tape(false);
  Pass<T> gate_pass = Pass<T>::evaluate().child(0);
  const Var<T> in = tape.constant(x), logits = model.gate.linear(in, gate_pass);
  Tensor<T> mean({20, 3});
  for (Index i = 0; i < 6; ++i)
    mean.mat() += model.interpolated(model.gate.sample(logits, gate_pass, i), in).value() / 6;
  CHECK(test::worst_error(outputs, mean) < test::tolerance<T>);
  CHECK(test::worst_error(outputs, gates) > 1e-4);  // not linear in alpha: another estimate
  CHECK(same_bits(test::output_of(model, x, Pass<T>::train(Key(3))), training));

  model.gate.options.samples = 1;  // one sample: the two are one
  const Tensor<T> one = predict(model, x, 3);
  model.options.average_outputs = false;
  CHECK(same_bits(predict(model, x, 3), one));

  model.gate.options.kind = GateKind::softmax;  // nothing to average
  const Tensor<T> plain = predict(model, x, 3);
  model.options.average_outputs = true;
  CHECK(same_bits(predict(model, x, 3), plain));
}

TEST_CASE_TEMPLATE("moie: average_outputs keeps a row's bits in whatever block it comes", T, float, double) {
  const MixtureOfInterpolatedExperts<T> model(3, {8, 17, 2}, {GateKind::gumbel, 2, 3}, Key(1), nullptr,
                                              {.average_outputs = true});
  const Tensor<T> x = random_tensor<T>({300, 8}, Key(2)), y = predict(model, x, 2);
  CHECK(same_bits(test::output_of(model, x, Pass<T>::evaluate()), y));
  CHECK(same_bits(test::output_of(model, test::row_of(x, 299), Pass<T>::evaluate(Key(0), 299)), test::row_of(y, 299)));
}

TEST_CASE("moie: gradcheck with ReLU, and where outputs of samples are averaged") {
  for (const MoieOptions& options : {MoieOptions{true, false}, MoieOptions{false, true}}) {
    MixtureOfInterpolatedExperts<double> model(3, {4, 5, 2, 2}, {GateKind::gumbel, 1, 3}, Key(1), nullptr, options);
    const Tensor<double> x = random_tensor<double>({6, 4}, Key(2));
    const auto f = [&](Tape<double>& tape, const auto& m) {
      Pass<double> pass = Pass<double>::evaluate(Key(3));
      return m(tape.constant(x), pass);
    };
    CHECK(gradcheck_model(model, f, Key(4)).message == "");
  }
}
