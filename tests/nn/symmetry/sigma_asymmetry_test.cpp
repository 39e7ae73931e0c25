// SPDX-License-Identifier: MIT
#include "wsym/nn/symmetry/sigma_asymmetry.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/autodiff/gradcheck.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/fit.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
constexpr MlpSize size{4, 12, 3};

template <Real T> bool same_mixing(const SigmaMlp<T>& a, const SigmaMlp<T>& b) {
  bool same = a.mixing.size() == b.mixing.size();
  for (std::size_t l = 0; same && l < a.mixing.size(); ++l) same = same_bits(a.mixing[l], b.mixing[l]);
  return same;
}

/// Unit i of hidden layer `layer` is unit order[i] of the model; with_mixing also lets C's rows and columns follow.
template <Real T>
SigmaMlp<T> permuted(const SigmaMlp<T>& model, std::size_t layer, const std::vector<Index>& order, bool with_mixing) {
  Mlp<T> weights;
  weights.layers = model.layers;
  SigmaMlp<T> twin = model;
  twin.layers = test::permuted(weights, layer, order).layers;
  if (with_mixing)
    for (Index i = 0; i < twin.mixing[layer].rows(); ++i)
      for (Index j = 0; j < twin.mixing[layer].cols(); ++j)
        twin.mixing[layer](i, j) =
            model.mixing[layer](order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  return twin;
}
}  // namespace

TEST_CASE_TEMPLATE("sigma_mlp: affine layers with figlu between them, the parameters of an MLP of the same key", T,
                   float, double) {
  const SigmaMlp<T> model({3, 5, 2, 2}, Key(8), Key(1));
  const Mlp<T> plain({3, 5, 2, 2}, Key(1));
  REQUIRE(model.layers.size() == 3);
  REQUIRE(model.mixing.size() == 2);
  for (std::size_t l = 0; l < 3; ++l) CHECK(same_bits(model.layers[l].weight.value(), plain.layers[l].weight.value()));
  CHECK(count(model).parameters == count(plain).parameters);

  const Tensor<T> x = random_tensor<T>({4, 3}, Key(2)), y = predict(model, x, 2);
  for (Index n = 0; n < 4; ++n) {
    std::vector<double> h(x.data() + 3 * n, x.data() + 3 * n + 3);
    for (std::size_t l = 0; l < 3; ++l) {
      std::vector<double> z(model.layers[l].bias.value().span().begin(), model.layers[l].bias.value().span().end());
      for (std::size_t o = 0; o < z.size(); ++o)
        for (std::size_t i = 0; i < h.size(); ++i)
          z[o] +=
              static_cast<double>(model.layers[l].weight.value()(static_cast<Index>(o), static_cast<Index>(i))) * h[i];
      h = z;
      for (std::size_t o = 0; l < 2 && o < z.size(); ++o) {
        double gate = 0;
        for (std::size_t i = 0; i < z.size(); ++i)
          gate += static_cast<double>(model.mixing[l](static_cast<Index>(o), static_cast<Index>(i))) * z[i];
        h[o] = z[o] / (1 + std::exp(-gate));
      }
    }
    for (Index o = 0; o < 2; ++o)
      CHECK(std::abs(static_cast<double>(y(n, o)) - h[static_cast<std::size_t>(o)]) <= test::tolerance<T>);
  }
}

TEST_CASE("sigma_mlp: gradients of the whole network agree with central differences") {
  SigmaMlp<double> model({4, 7, 3}, Key(8), Key(1));
  const Tensor<double> x = random_tensor<double>({6, 4}, Key(2));
  const auto run = [&](Tape<double>& tape, const SigmaMlp<double>& m) {
    Pass<double> pass = Pass<double>::train(Key(0));
    return m(tape.constant(x), pass);
  };
  const GradcheckReport report = gradcheck_model(model, run, Key(4));
  CHECK_MESSAGE(report, report.message);
  CHECK(report.entries == count(model).parameters);
}

TEST_CASE_TEMPLATE("sigma_mlp: C is standard normal, and a function of its key and layer alone", T, float, double) {
  const SigmaMlp<T> a({4, 64, 3}, Key(8), Key(1)), b({4, 64, 3}, Key(8), Key(2)), c({4, 64, 3}, Key(9), Key(1));
  CHECK(same_mixing(a, b));
  CHECK_FALSE(same_mixing(a, c));
  CHECK_FALSE(same_bits(a.mixing[0], a.mixing[1]));
  const double n = 64 * 64;
  for (const Tensor<T>& mixing : a.mixing) {
    double first = 0, second = 0;
    for (const T z : mixing.span()) first += static_cast<double>(z) / n, second += static_cast<double>(z * z) / n;
    CHECK(std::abs(first) < 4 * std::sqrt(1 / n));
    CHECK(std::abs(second - 1) < 4 * std::sqrt(2 / n));
  }
}

TEST_CASE_TEMPLATE("sigma_mlp: training moves the weights and leaves C", T, float, double) {
  const SigmaMlp<T> before(size, Key(8), Key(1));
  SigmaMlp<T> model = before;
  const Dataset<T> train = test::circle<T>(200, Key(2)), valid = test::circle<T>(50, Key(3));
  const FitReport report = fit(model, AdamW<T>(), train, valid, {.epochs = 30, .batch_size = 20}, Key(4));
  Workspace<T> workspace;
  CHECK(same_mixing(model, before));
  CHECK(distance(model, before) > 0.1);
  CHECK(report.best_loss < evaluate(before, valid, workspace) - 0.1);
}

TEST_CASE_TEMPLATE("sigma_mlp: an average of networks that share C keeps it, and C is no part of the distance", T,
                   float, double) {
  const SigmaMlp<T> a(size, Key(8), Key(1)), b(size, Key(8), Key(2)), other(size, Key(9), Key(1));
  for (const double t : {0.1, 0.5, 0.9}) {
    const SigmaMlp<T> between = lerp(a, b, t);
    for (std::size_t l = 0; l < 3; ++l)
      CHECK(test::worst_error(between.mixing[l], a.mixing[l]) <= std::numeric_limits<T>::epsilon());
  }
  CHECK(distance(a, other) == 0);
}

TEST_CASE_TEMPLATE("sigma_mlp: C is saved and loaded with the weights", T, float, double) {
  const SigmaMlp<T> model(size, Key(8), Key(1));
  SigmaMlp<T> copy(size, Key(9), Key(2));
  from_bytes(copy, to_bytes(model));
  CHECK(same_mixing(copy, model));
  CHECK(distance(copy, model) == 0);
}

TEST_CASE_TEMPLATE("sigma_mlp: hidden units cannot trade places unless C follows them", T, float, double) {
  const SigmaMlp<T> model(size, Key(8), Key(1));
  const Tensor<T> x = random_tensor<T>({50, 4}, Key(2)), y = predict(model, x, 3);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    const std::vector<Index> order = Key(layer).permutation(12);
    CHECK(test::worst_error(y, predict(permuted(model, layer, order, true), x, 3)) <= test::tolerance<T>);
    CHECK(test::worst_error(y, predict(permuted(model, layer, order, false), x, 3)) > 1e-2);
  }
}

TEST_CASE("sigma_mlp: a size below 1 is refused") {
  CHECK_THROWS_AS(SigmaMlp<float>({4, 0, 3}, Key(8), Key(1)), ConfigError);
}
