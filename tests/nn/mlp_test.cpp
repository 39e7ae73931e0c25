// SPDX-License-Identifier: MIT
#include "wsym/nn/mlp.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/autodiff/gradcheck.hpp"
#include "wsym/nn/predict.hpp"
#include "wsym/train/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
struct CountRow {
  Index in, out, hidden, parameters, weights, frozen, trainable;
};
/// The paper's networks: California, Churn, Adult, Otto, MNIST, each with three widths.
constexpr CountRow count_rows[] = {
    {8, 1, 64, 8961, 8768, 515, 8446},           {8, 1, 128, 34305, 33920, 1027, 33278},
    {8, 1, 256, 134145, 133376, 2564, 131581},   {13, 2, 64, 9346, 9152, 518, 8828},
    {13, 2, 128, 35074, 34688, 1030, 34044},     {13, 2, 256, 135682, 134912, 2568, 133114},
    {108, 2, 64, 15426, 15232, 518, 14908},      {108, 2, 128, 47234, 46848, 1030, 46204},
    {108, 2, 256, 160002, 159232, 2568, 157434}, {93, 9, 64, 14921, 14720, 539, 14382},
    {93, 9, 128, 46217, 45824, 1051, 45166},     {93, 9, 256, 157961, 157184, 2596, 155365},
    {784, 10, 64, 59210, 59008, 542, 58668},     {784, 10, 128, 134794, 134400, 1054, 133740},
    {784, 10, 256, 335114, 334336, 2600, 332514}};

constexpr MlpSize california{8, 64, 1};

using Kind = WAsymmetry::Kind;
constexpr Kind kinds[] = {Kind::frozen, Kind::same_rows, Kind::whole_rows, Kind::trainable};

/// Pairs of units of hidden layer l that can trade places and leave all frozen positions and values as they are.
template <Real T> Index automorphisms(const Mlp<T>& model, std::size_t l) {
  const auto dense = [](const Parameter<T>& weight) {
    const Tensor<T> free(weight.shape(), std::numeric_limits<T>::infinity());
    return Parameter<T>(free, weight.frozen()).value();
  };
  const Tensor<T> in = dense(model.layers[l].weight), out = dense(model.layers[l + 1].weight);
  Index pairs = 0;
  for (Index i = 0; i < in.rows(); ++i)
    for (Index j = 0; j < i; ++j)
      pairs += (in.mat().row(i).array() == in.mat().row(j).array()).all() &&
               (out.mat().col(i).array() == out.mat().col(j).array()).all();
  return pairs;
}

}  // namespace

TEST_CASE_TEMPLATE("mlp: it has the paper's numbers of parameters, weights and frozen entries", T, float, double) {
  for (const CountRow& row : count_rows) {
    CAPTURE(row.in);
    CAPTURE(row.hidden);
    const Mlp<T> model = test::w_asymmetric<T>({row.in, row.hidden, row.out});
    const ParameterCount n = count(model);
    CHECK(n.parameters == row.parameters);
    CHECK(n.weights == row.weights);
    CHECK(n.frozen == row.frozen);
    CHECK(n.trainable() == row.trainable);
    for (const Linear<T>& layer : model.layers) CHECK(layer.bias.frozen().size() == 0);
  }
  const ParameterCount plain = count(Mlp<T>({8, 64, 1}, Key(1)));
  CHECK(plain.parameters == 8961);
  CHECK(plain.trainable() == 8961);
}

TEST_CASE_TEMPLATE("mlp: it is affine layers with the exact GELU between them", T, float, double) {
  const Mlp<T> model({3, 5, 2, 2}, Key(1));
  REQUIRE(model.layers.size() == 3);
  const Tensor<T> x = random_tensor<T>({4, 3}, Key(2)), y = predict(model, x, 2);
  for (Index n = 0; n < 4; ++n) {
    std::vector<double> h(x.data() + 3 * n, x.data() + 3 * n + 3);
    for (std::size_t l = 0; l < 3; ++l) {
      const Linear<T>& layer = model.layers[l];
      std::vector<double> z(layer.bias.value().span().begin(), layer.bias.value().span().end());
      for (std::size_t o = 0; o < z.size(); ++o) {
        for (std::size_t i = 0; i < h.size(); ++i)
          z[o] += static_cast<double>(layer.weight.value()(static_cast<Index>(o), static_cast<Index>(i))) * h[i];
        if (l < 2) z[o] *= std::erfc(-z[o] / std::sqrt(2.0)) / 2;
      }
      h = z;
    }
    for (Index o = 0; o < 2; ++o)
      CHECK(std::abs(static_cast<double>(y(n, o)) - h[static_cast<std::size_t>(o)]) <= test::tolerance<T>);
  }
}

TEST_CASE("mlp: float and double agree") {
  for (const bool asymmetric : {false, true}) {
    const auto outputs = [&]<class T>(T) {
      const Mlp<T> model = asymmetric ? test::w_asymmetric<T>({8, 64, 2}) : Mlp<T>({8, 64, 2}, Key(1));
      return predict(model, random_tensor<T>({20, 8}, Key(2)), 2);
    };
    CHECK(test::worst_error(outputs(float()), outputs(double())) <= 1e-5);
  }
}

TEST_CASE_TEMPLATE("mlp: each layer keeps to its own fan-in's bound, frozen entries apart", T, float, double) {
  const Mlp<T> model = test::w_asymmetric<T>({13, 64, 2});
  for (const Linear<T>& layer : model.layers) {
    const double bound = linear_bound(layer.weight.value().cols());
    Tensor<T> free = layer.weight.value();
    layer.weight.frozen().clear(free.span());
    CHECK(static_cast<double>(free.array().abs().maxCoeff()) <= bound);
    CHECK(static_cast<double>(layer.bias.value().array().abs().maxCoeff()) <= bound);
  }
}

TEST_CASE_TEMPLATE("mlp: the mask follows from its key alone, the free entries from theirs", T, float, double) {
  const Key mask(9);
  const Mlp<T> a(california, {.mask = mask}, Key(1)), b(california, {.mask = mask}, Key(2)), plain(california, Key(1));
  for (std::size_t l = 0; l < a.layers.size(); ++l) {
    CHECK(a.layers[l].weight.frozen() == b.layers[l].weight.frozen());
    CHECK_FALSE(same_bits(a.layers[l].weight.value(), b.layers[l].weight.value()));
    CHECK(same_bits(a.layers[l].bias.value(), plain.layers[l].bias.value()));
    const Tensor<T> imposed = Parameter<T>(plain.layers[l].weight.value(), a.layers[l].weight.frozen()).value();
    CHECK(same_bits(a.layers[l].weight.value(), imposed));
  }
  const Mlp<T> other(california, {.mask = Key(10)}, Key(1));
  CHECK_FALSE(a.layers[1].weight.frozen() == other.layers[1].weight.frozen());
  CHECK_FALSE(a.layers[1].weight.frozen() == a.layers[2].weight.frozen());  // equal sizes, own streams
}

TEST_CASE_TEMPLATE("mlp: a unit's mask does not depend on the width where the fan-in does not", T, float, double) {
  const Frozen<T> narrow = test::w_asymmetric<T>({8, 64, 1}).layers[0].weight.frozen();
  Frozen<T> wide = test::w_asymmetric<T>({8, 128, 1}).layers[0].weight.frozen();
  wide.index.resize(narrow.index.size());
  wide.value.resize(narrow.value.size());
  CHECK(narrow == wide);
}

TEST_CASE_TEMPLATE("mlp: n_fix and kappa hold layer by layer", T, float, double) {
  const Mlp<T> one(california, {.mask = Key(9), .n_fix = {1, 2, 0, 5}}, Key(1));
  const Mlp<T> scaled(california, {Key(9), {1, 2, 0, 5}, {1, 0.5, 3, 0.25}}, Key(1));
  const Index frozen[] = {64, 128, 0, 5};
  const T kappa[] = {T(1), T(0.5), T(3), T(0.25)};
  for (std::size_t l = 0; l < 4; ++l) {
    const Frozen<T>&a = one.layers[l].weight.frozen(), &b = scaled.layers[l].weight.frozen();
    CHECK(a.size() == frozen[l]);
    CHECK(a.index == b.index);
    for (std::size_t i = 0; i < a.value.size(); ++i) CHECK(b.value[i] == kappa[l] * a.value[i]);
  }
}

TEST_CASE_TEMPLATE("mlp: with n_fix 0 every kind of asymmetric network is the plain one, bit for bit", T, float,
                   double) {
  const Mlp<T> plain(california, Key(1));
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  for (const Kind kind : kinds) {
    const Mlp<T> asymmetric(california, {Key(9), {0, 0, 0, 0}, {}, kind}, Key(1));
    CHECK(test::same_parameters(plain, asymmetric));
    CHECK(count(asymmetric).frozen == 0);
    CHECK(same_bits(predict(plain, x, 1), predict(asymmetric, x, 1)));
  }
}

TEST_CASE_TEMPLATE("mlp: trainable entries start where the frozen ones stand, and move", T, float, double) {
  const Mlp<T> frozen(california, {.mask = Key(9)}, Key(1));
  Mlp<T> trainable(california, {Key(9), {}, {}, Kind::trainable}, Key(1));
  CHECK(test::same_parameters(frozen, trainable));
  CHECK(count(trainable).frozen == 0);
  Parameter<T>& weight = trainable.layers[1].weight;
  weight.change([](std::span<T> values) { std::fill(values.begin(), values.end(), T(0)); });
  CHECK((weight.value().array() == T(0)).all());
}

TEST_CASE_TEMPLATE("mlp: same_rows and whole_rows freeze about as many entries as the W-asymmetric network", T, float,
                   double) {
  CHECK(count(Mlp<T>(california, {Key(9), {}, {}, Kind::same_rows}, Key(1))).frozen == 515);
  CHECK(count(Mlp<T>(california, {Key(9), {}, {}, Kind::whole_rows}, Key(1))).frozen == 16 * 8 + 2 * 3 * 64);
}

TEST_CASE_TEMPLATE("mlp: permuting hidden units changes nothing until frozen entries are put back", T, float, double) {
  const Mlp<T> plain({8, 32, 3}, Key(1)), asymmetric = test::w_asymmetric<T>({8, 32, 3});
  const Tensor<T> x = random_tensor<T>({50, 8}, Key(2));
  for (std::size_t layer = 0; layer < 3; ++layer) {
    const std::vector<Index> order = Key(layer).permutation(32);
    for (const Mlp<T>& model : {plain, asymmetric}) {
      const Mlp<T> twin = test::permuted(model, layer, order);
      const Tensor<T> before = predict(model, x, 3);
      CHECK_FALSE(test::same_parameters(model, twin));
      CHECK(test::worst_error(before, predict(twin, x, 3)) <= test::tolerance<T>);
      const double after = test::worst_error(before, predict(test::with_frozen_of(model, twin), x, 3));
      if (count(model).frozen == 0)
        CHECK(after <= test::tolerance<T>);
      else
        CHECK(after > 1e-2);
    }
  }
}

TEST_CASE_TEMPLATE("mlp: no exchange of two hidden units leaves the mask and its values as they are", T, float,
                   double) {
  const Mlp<T> model = test::w_asymmetric<T>(california);  // 64 rows over 28 patterns in layer 1: patterns do repeat
  for (std::size_t l = 0; l < 3; ++l) CHECK(automorphisms(model, l) == 0);
}

TEST_CASE_TEMPLATE("mlp: any weights that sum to 1 keep a shared mask bit for bit, and no others do", T, float,
                   double) {
  std::vector<Mlp<T>> models;
  for (std::uint64_t i = 0; i < 3; ++i) models.push_back(Mlp<T>(california, {.mask = Key(9)}, Key(i)));
  const Mlp<T>* list[] = {&models[0], &models[1], &models[2]};
  const double inside[] = {0.5, -1.25, 1.75}, outside[] = {0.5, -1.25, 1.5};
  const Mlp<T> kept = combine<Mlp<T>>(list, inside);
  CHECK(test::same_parameters(kept, test::with_frozen_of(models[0], kept)));
  CHECK(count(kept).frozen == 515);
  CHECK(count(combine<Mlp<T>>(list, outside)).frozen == 0);
}

TEST_CASE_TEMPLATE("mlp: under same_rows and whole_rows all but a few units can trade places", T, float, double) {
  const auto pairs = [](Index n) {
    return n * (n - 1) / 2;
  };
  const Mlp<T> same(california, {Key(9), {}, {}, Kind::same_rows}, Key(1)),
      whole(california, {Key(9), {}, {}, Kind::whole_rows}, Key(1));
  const Index frozen_rows[] = {16, 3, 3};
  for (std::size_t l = 0; l < 3; ++l) {
    CHECK(automorphisms(same, l) == pairs(64 - 3));
    CHECK(automorphisms(whole, l) == pairs(64 - frozen_rows[l]));
  }
}

TEST_CASE("mlp: gradients of whole networks agree with central differences, and are 0 at frozen entries") {
  const Index rows = 6;
  const Tensor<double> x = random_tensor<double>({rows, 4}, Key(2)), y = random_tensor<double>({rows, 3}, Key(3));
  const std::vector<std::int32_t> labels{0, 2, 1, 1, 0, 2};
  const std::vector<double> weights{1, 2, 0.5, 1, 3, 1};
  for (const TaskKind kind : {TaskKind::regression, TaskKind::classification})
    for (const bool asymmetric : {false, true})
      for (const bool weighted : {false, true}) {
        Mlp<double> model = asymmetric ? test::w_asymmetric<double>({4, 7, 3}) : Mlp<double>({4, 7, 3}, Key(1));
        const auto loss = [&](Tape<double>& tape, const Mlp<double>& m) {
          Pass<double> pass = Pass<double>::train(Key(0));
          return task_loss<double>({kind, 3}, m(tape.constant(x), pass), y.span(), labels,
                                   weighted ? std::span<const double>(weights) : std::span<const double>());
        };
        const GradcheckReport report = gradcheck_model(model, loss, Key(4));
        CHECK_MESSAGE(report, report.message);
        CHECK(report.entries == count(model).parameters);

        Tape<double> tape;
        tape.backward(loss(tape, model));
        for_each_parameter(model, [&](const Parameter<double>& p) {
          for (const Index i : p.frozen().index) CHECK(tape.gradient(p)[static_cast<std::size_t>(i)] == 0.0);
        });
      }
}

TEST_CASE("mlp: sizes and lists that do not fit are refused") {
  CHECK_THROWS_WITH_AS(Mlp<float>({8, 0, 1}, Key(1)),
                       "Mlp: in 8, hidden 0, out 1, hidden layers 3; each must be at least 1", ConfigError);
  CHECK_THROWS_WITH_AS(Mlp<float>({8, 4, 1, 0}, Key(1)),
                       "Mlp: in 8, hidden 4, out 1, hidden layers 0; each must be at least 1", ConfigError);
  CHECK_THROWS_WITH_AS(Mlp<float>({8, 4, 1}, {Key(2), {1, 1}, {1}}, Key(1)),
                       "Mlp: 2 values of n_fix and 1 of kappa; each of the 4 layers needs one", ConfigError);
  CHECK_THROWS_WITH_AS(Mlp<float>({8, 4, 1}, {.mask = Key(2), .n_fix = {8, 1, 1, 1}}, Key(1)),
                       "n_fix is 8 but the fan-in is 8; it must be from 0 to 7", ConfigError);
}

TEST_CASE_TEMPLATE("Mlp: a weight of more elements than can be counted is refused", T, float, double) {
  constexpr Index many = Index{1} << 31;
  CHECK_THROWS_WITH_AS(Mlp<T>({.in = 4 * many, .hidden = many, .out = 1}, Key(1)),
                       "Shape: (2147483648, 8589934592) has more than 2^59 elements", ShapeError);
  CHECK_THROWS_AS(Mlp<T>({.in = 1, .hidden = Index{1} << 62, .out = 1}, Key(1)), ShapeError);
}
