// SPDX-License-Identifier: MIT
// A mixture of experts on a function that is another one on each side of 0: the gate learns which expert knows which
// side.
#include <cmath>
#include <cstdio>
#include <wsym/wsym.hpp>

using namespace wsym;

/// y = sin(6 x) below 0 and x^2 / 2 - 1 above, on [-2, 2].
Dataset<float> two_laws(Index rows, const Key& key) {
  Dataset<float> data{Tensor<float>({rows, 1}), Tensor<float>({rows, 1})};
  for (Index i = 0; i < rows; ++i) {
    const double x = 4 * key.uniform(i) - 2;
    data.x[i] = static_cast<float>(x);
    data.y[i] = static_cast<float>(x < 0 ? std::sin(6 * x) : x * x / 2 - 1);
  }
  return data;
}

int main() {
  const Key key(1);
  const auto train = two_laws(1000, key.child("train")), valid = two_laws(300, key.child("valid")),
             test = two_laws(1000, key.child("test"));
  const MlpSize expert{.in = 1, .hidden = 8, .out = 1};
  const FitOptions options{.epochs = 200, .patience = 40, .batch_size = 50};
  const auto trained = [&](auto model, const char* name) {
    fit(model, AdamW<float>({.rate = 3e-3}), train, valid, options, key.child("fit"));
    std::printf("%-30s %4td numbers, rmse %.4f\n", name, count(model).parameters,
                rmse(predict(model, test.x, 1), test.y));
    return model;
  };
  trained(Mlp<float>(expert, key.child("one")), "one network:");
  // All four answer for every row, and are mixed by the gate's softmax; GateKind::gumbel adds noise that makes it
  // choose.
  const auto dense = trained(MixtureOfExperts<float>(4, expert, {.kind = GateKind::softmax}, key.child("dense")),
                             "four experts, all mixed:");
  // One of four answers for a row; a balance loss keeps the others from starving.
  const RouterOptions router{.choices = 1, .balance = {.weight = 0.01}};
  trained(SparseMoe<float>(4, expert, router, {}, key.child("sparse")), "four experts, one for a row:");

  std::printf("what the gate gives to each of the four:\n");
  for (const float x : {-1.5f, -0.5f, 0.5f, 1.5f}) {
    Tape<float> tape(false);
    const Tensor<float> at(Shape{1, 1}, {x});
    const Var<float> weights = dense.gate(tape.constant(at), Pass<float>::evaluate());
    std::printf("  x = %4.1f:", static_cast<double>(x));
    for (Index e = 0; e < 4; ++e) std::printf(" %.2f", static_cast<double>(weights.data()[e]));
    std::printf("\n");
  }
}
