// SPDX-License-Identifier: MIT
#include "wsym/ops/loss.hpp"

#include "ops/evaluate.hpp"
#include "reference/ops.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
using Labels = std::vector<std::int32_t>;

/// The same numbers in both precisions; none by default.
class Both {
 public:
  explicit Both(Tensor<float> x = {}) : narrow_(std::move(x)), wide_(narrow_.shape()) {
    std::copy_n(narrow_.data(), narrow_.size(), wide_.data());
  }
  template <Real T> const Tensor<T>& in() const {
    if constexpr (std::same_as<T, float>)
      return narrow_;
    else
      return wide_;
  }

 private:
  Tensor<float> narrow_;
  Tensor<double> wide_;
};

auto run_mse(Both target, Both weights = Both()) {
  return [=]<Real T>(const std::vector<Var<T>>& x) {
    return mse(x[0], x[0].tape().constant(target.in<T>()), weights.in<T>().span());
  };
}
auto run_cross_entropy(Labels labels, Both weights = Both()) {
  return [=]<Real T>(const std::vector<Var<T>>& x) {
    return cross_entropy(x[0], labels, weights.in<T>().span());
  };
}

/// The value and the gradient in the one input.
template <Real T> struct Loss {
  T value;
  std::vector<T> gradient;
};
template <Real T, class F> Loss<T> loss_of(F f, const Tensor<T>& x) {
  const Parameter<T> p(x);
  Tape<T> tape;
  std::vector<Var<T>> leaf{tape.use(p)};
  const Var<T> loss = f(leaf);
  CHECK(loss.shape() == Shape{1});
  tape.backward(loss);
  const std::span<T> gradient = tape.gradient(p);
  return {loss.item(), {gradient.begin(), gradient.end()}};
}

Labels random_labels(Index rows, Index classes, const Key& key) {
  Labels labels;
  for (Index i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(key.below(i, classes)));
  return labels;
}
/// Positive, between 0.5 and 1.5.
Both random_weights(Index rows, const Key& key) {
  Tensor<float> weights(Shape{rows});
  for (Index i = 0; i < rows; ++i) weights[i] = static_cast<float>(0.5 + key.uniform(i));
  return Both(weights);
}
Both random_target(Shape shape, const Key& key) {
  return Both(random_tensor<float>(shape, key));
}
reference::Vector plain_weights(const Both& weights, Index rows) {
  const Tensor<double>& w = weights.in<double>();
  return w.size() == 0 ? reference::Vector(static_cast<std::size_t>(rows), 1.0)
                       : reference::Vector(w.span().begin(), w.span().end());
}
}  // namespace

TEST_CASE_TEMPLATE("mse, cross_entropy: agree with plain loops for every hard shape, weighted and not", T, float,
                   double) {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<T> x = random_tensor<T>(shape, Key(1), 2);
    const Both target = random_target(shape, Key(2));
    const Labels labels = random_labels(shape.rows(), shape.cols(), Key(3));
    CAPTURE(shape);
    for (const Both& weights : {Both(), random_weights(shape.rows(), Key(4))}) {
      const reference::Vector w = plain_weights(weights, shape.rows());
      const double squares = reference::mse(reference::matrix(x), reference::matrix(target.in<T>()), w);
      const double entropy = reference::cross_entropy(reference::matrix(x), labels, w);
      const Tensor<T> m = test::value_of<T>(run_mse(target, weights), {x});
      const Tensor<T> c = test::value_of<T>(run_cross_entropy(labels, weights), {x});
      REQUIRE(std::abs(static_cast<double>(m[0]) - squares) < test::tolerance<T> * std::max(1.0, squares));
      REQUIRE(std::abs(static_cast<double>(c[0]) - entropy) < test::tolerance<T> * std::max(1.0, entropy));
    }
  }
}

TEST_CASE("mse, cross_entropy: gradcheck, weighted and not") {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<double> x = random_tensor<double>(shape, Key(5), 2);
    const Both target = random_target(shape, Key(6));
    const Labels labels = random_labels(shape.rows(), shape.cols(), Key(7));
    for (const Both& weights : {Both(), random_weights(shape.rows(), Key(8))}) {
      CHECK(gradcheck(run_mse(target, weights), {x}, Key(9)).message == "");
      CHECK(gradcheck(run_cross_entropy(labels, weights), {x}, Key(9)).message == "");
    }
  }
}

TEST_CASE("mse, cross_entropy: the gradients in float are those in double") {
  const Tensor<float> x = random_tensor<float>({17, 65}, Key(10));
  const Both weights = random_weights(17, Key(11));
  CHECK(test::float_gradient_error(run_mse(random_target({17, 65}, Key(12)), weights), {x}, Key(13)) < 1e-6);
  CHECK(test::float_gradient_error(run_cross_entropy(random_labels(17, 65, Key(14)), weights), {x}, Key(13)) < 1e-6);
}

TEST_CASE_TEMPLATE("mse: 1, 2 and 4 against 1.5 have the specification's mean error", T, float, double) {
  const Both target(Tensor<float>({3, 1}, 1.5f));
  const auto [value, gradient] = loss_of(run_mse(target), Tensor<T>({3, 1}, {1, 2, 4}));
  CHECK(value == doctest::Approx(2.25));
  CHECK(test::worst_error(gradient, std::vector<double>{-1.0 / 3, 1.0 / 3, 5.0 / 3}) < 1e-6);
}

TEST_CASE_TEMPLATE("mse: of the target itself is 0 with gradient 0", T, float, double) {
  const Both target = random_target({7, 3}, Key(15));
  const auto [value, gradient] = loss_of(run_mse(target), target.in<T>());
  CHECK(value == 0);
  CHECK(gradient == std::vector<T>(21));
}

TEST_CASE_TEMPLATE("cross_entropy: the specification's value and gradient", T, float, double) {
  const double bound = std::same_as<T, float> ? 1e-7 : 1e-12;
  const auto [value, gradient] = loss_of(run_cross_entropy({0}), Tensor<T>({1, 3}, {2, 1, T(0.1)}));
  // The logit 0.1 has no exact float; its rounding is far below the bound.
  CHECK(std::abs(static_cast<double>(value) - 0.417030016278) < bound);
  CHECK(test::worst_error(gradient, std::vector<double>{-0.340998861114, 0.242432970705, 0.098565890409}) < bound);
}

TEST_CASE_TEMPLATE("cross_entropy: equal logits of any size give ln(classes)", T, float, double) {
  for (const T size : {T(0), T(-1000), T(1e30)})
    for (const Index classes : {2, 9, 17}) {
      const auto [value, gradient] = loss_of(run_cross_entropy({1}), Tensor<T>({1, classes}, size));
      CHECK(std::abs(static_cast<double>(value) - std::log(static_cast<double>(classes))) < test::tolerance<T>);
      CHECK(test::worst_error(std::vector<T>{gradient[0]}, std::vector<double>{1.0 / static_cast<double>(classes)}) <
            test::tolerance<T>);
    }
  CHECK(loss_of(run_cross_entropy({0, 0}), Tensor<T>({2, 1}, {5, -7})).value == 0);
}

TEST_CASE_TEMPLATE("cross_entropy: huge logits leave value and gradient finite", T, float, double) {
  const Tensor<T> x({3, 3}, {T(1e30), T(-1e30), 0, T(1e30), T(-1e30), 0, T(1e4), T(-1e4), T(1e4)});
  const auto [value, gradient] = loss_of(run_cross_entropy({0, 1, 2}), x);
  CHECK(static_cast<double>(value) == doctest::Approx(2e30 / 3));
  CHECK(test::worst_error(gradient, std::vector<double>{0, 0, 0, 1.0 / 3, -1.0 / 3, 0, 1.0 / 6, 0, -1.0 / 6}) < 1e-6);
  CHECK(loss_of(run_cross_entropy({0}), Tensor<T>({1, 2}, {T(1e30), T(-1e30)})).value == 0);
}

TEST_CASE_TEMPLATE("cross_entropy: a NaN logit gives a NaN loss", T, float, double) {
  for (const Index classes : {2, 9, 65}) {
    Tensor<T> x({3, classes}, T(1));
    x(1, classes - 1) = std::numeric_limits<T>::quiet_NaN();
    CHECK(std::isnan(loss_of(run_cross_entropy({0, 0, 0}), x).value));
  }
}

TEST_CASE_TEMPLATE("cross_entropy: a shift of a row changes nothing, and its gradient sums to 0", T, float, double) {
  const Labels labels = random_labels(7, 9, Key(16));
  Tensor<T> x = random_tensor<T>({7, 9}, Key(17));
  const auto [value, gradient] = loss_of(run_cross_entropy(labels), x);
  for (Index j = 0; j < 9; ++j) x(3, j) += 64;
  const auto [shifted, shifted_gradient] = loss_of(run_cross_entropy(labels), x);
  const double bound = std::same_as<T, float> ? 1e-5 : 1e-13;
  CHECK(std::abs(static_cast<double>(value - shifted)) < bound);
  CHECK(test::worst_error(gradient, shifted_gradient) < bound);
  for (std::size_t row = 0; row < 7; ++row) {
    double sum = 0;
    for (std::size_t j = 0; j < 9; ++j) sum += static_cast<double>(gradient[row * 9 + j]);
    CHECK(std::abs(sum) < 1e-7);
  }
}

TEST_CASE_TEMPLATE("weights: equal ones give the bits of none, whatever their size", T, float, double) {
  const Tensor<T> x = random_tensor<T>({17, 3}, Key(18));
  const Both target = random_target({17, 3}, Key(19));
  const Labels labels = random_labels(17, 3, Key(20));
  for (const float weight : {1.0f, 4.0f}) {
    const Both weights(Tensor<float>({17}, weight));
    const Loss<T> m = loss_of(run_mse(target, weights), x), m0 = loss_of(run_mse(target), x);
    const Loss<T> c = loss_of(run_cross_entropy(labels, weights), x), c0 = loss_of(run_cross_entropy(labels), x);
    CHECK(m.value == m0.value);
    CHECK(m.gradient == m0.gradient);
    CHECK(c.value == c0.value);
    CHECK(c.gradient == c0.gradient);
  }
}

TEST_CASE_TEMPLATE("weights: 2 counts a row twice, 0 leaves it out", T, float, double) {
  const T bound = std::same_as<T, float> ? T(1e-6) : T(1e-14);
  const Tensor<T> x({3, 2}, {1, 2, 3, -4, 5, 7}), rows({3, 2}, {1, 2, 1, 2, 5, 7});
  const Both weights(Tensor<float>({3}, {2, 0, 1}));
  const Both target(Tensor<float>({3, 2}, {0, 1, 2, 3, 4, 5})), twice(Tensor<float>({3, 2}, {0, 1, 0, 1, 4, 5}));
  const Loss<T> m = loss_of(run_mse(target, weights), x), c = loss_of(run_cross_entropy({0, 1, 1}, weights), x);
  CHECK(std::abs(m.value - loss_of(run_mse(twice), rows).value) < bound);
  CHECK(std::abs(c.value - loss_of(run_cross_entropy({0, 0, 1}), rows).value) < bound);
  for (const auto& gradient : {m.gradient, c.gradient}) {
    CHECK(gradient[0] != 0);
    CHECK(gradient[2] == 0);
    CHECK(gradient[3] == 0);
  }
}

TEST_CASE_TEMPLATE("mse, cross_entropy: several answers to the rows have the bits of targets written out for each", T,
                   float, double) {
  const Tensor<T> x = random_tensor<T>({3, 2, 70, 3}, Key(21));
  const Tensor<float> y = random_tensor<float>({70, 3}, Key(22));
  const Labels labels = random_labels(70, 3, Key(23));
  Tensor<float> every({3, 2, 70, 3});
  Labels each;
  for (Index a = 0; a < 6; ++a) {
    std::copy_n(y.data(), y.size(), every.data() + a * y.size());
    each.insert(each.end(), labels.begin(), labels.end());
  }
  for (const bool weighted : {false, true}) {
    Tensor<float> w(Shape{weighted ? 70 : 0}), all(Shape{weighted ? 420 : 0});
    for (Index i = 0; i < all.size(); ++i)
      w[i % 70] = all[i] = static_cast<float>(0.5 + Key(24).uniform(std::uint64_t(i % 70)));
    const Loss<T> m = loss_of(run_mse(Both(y), Both(w)), x), m6 = loss_of(run_mse(Both(every), Both(all)), x);
    const Loss<T> c = loss_of(run_cross_entropy(labels, Both(w)), x),
                  c6 = loss_of(run_cross_entropy(each, Both(all)), x);
    CHECK(m.value == m6.value);
    CHECK(m.gradient == m6.gradient);
    CHECK(c.value == c6.value);
    CHECK(c.gradient == c6.gradient);
  }
}

TEST_CASE("mse, cross_entropy: gradcheck of several answers to the rows") {
  const Tensor<double> x = random_tensor<double>({2, 3, 5, 3}, Key(5), 2);
  for (const Both& weights : {Both(), random_weights(5, Key(8))}) {
    CHECK(gradcheck(run_mse(random_target({5, 3}, Key(6)), weights), {x}, Key(9)).message == "");
    CHECK(gradcheck(run_cross_entropy(random_labels(5, 3, Key(7)), weights), {x}, Key(9)).message == "");
  }
}

TEST_CASE_TEMPLATE("mse: refuses a target of another shape and weights that do not fit or weigh nothing", T, float,
                   double) {
  const auto run = [](Shape p, Shape y, Tensor<float> weights) {
    return test::value_of<T>(run_mse(Both(Tensor<float>(y)), Both(std::move(weights))), {Tensor<T>(p)});
  };
  CHECK_THROWS_WITH_AS(run({3, 2}, {2, 3}, {}),
                       "mse: prediction is (3, 2) but target is (2, 3); they must be equal, "
                       "or the target's axes the prediction's last",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({6, 2}, {3, 2}, {}),
                       "mse: prediction is (6, 2) but target is (3, 2); they must be equal, "
                       "or the target's axes the prediction's last",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({3, 2}, {3, 2}, Tensor<float>({2}, 1.0f)), "mse: 2 weights for 3 rows; one each, or none",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({3, 2}, {3, 2}, Tensor<float>({3}, {1, 0, -2})),
                       "mse: row 2 has weight -2; weights are not negative", ConfigError);
  CHECK_THROWS_WITH_AS(run({0, 2}, {0, 2}, {}), "mse: no rows; at least 1 is needed", ShapeError);
  CHECK_NOTHROW(run({3, 2}, {3, 2}, Tensor<float>({3})));
}

TEST_CASE_TEMPLATE("cross_entropy: refuses labels that are out of range or too few, and weights that do not fit", T,
                   float, double) {
  const auto run = [](Labels labels, Tensor<float> weights) {
    return test::value_of<T>(run_cross_entropy(std::move(labels), Both(std::move(weights))), {Tensor<T>({2, 3})});
  };
  CHECK_THROWS_WITH_AS(run({0, 3}, {}), "cross_entropy: label 3 with 3 classes; labels run from 0 to 2", ConfigError);
  CHECK_THROWS_WITH_AS(run({-1, 0}, {}), "cross_entropy: label -1 with 3 classes; labels run from 0 to 2", ConfigError);
  CHECK_THROWS_WITH_AS(run({0}, {}), "cross_entropy: logits are (2, 3) but there are 1 labels; one per row is needed",
                       ShapeError);
  const auto four = [](Shape logits) {
    return test::value_of<T>(run_cross_entropy({0, 1, 1, 0}), {Tensor<T>(logits)});
  };
  CHECK_THROWS_WITH_AS(four({8, 3}), "cross_entropy: logits are (8, 3) but there are 4 labels; one per row is needed",
                       ShapeError);
  CHECK_THROWS_AS(four({4, 2, 3}), ShapeError);
  CHECK_THROWS_AS(four({0, 4, 3}), ShapeError);
  for (const Shape& fits : {Shape{4, 3}, Shape{2, 4, 3}, Shape{2, 2, 3}, Shape{5, 2, 2, 3}}) CHECK_NOTHROW(four(fits));
  CHECK_THROWS_WITH_AS(run({0, 1}, Tensor<float>({3}, 1.0f)), "cross_entropy: 3 weights for 2 rows; one each, or none",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run({0, 1}, Tensor<float>({2}, {1, -1})),
                       "cross_entropy: row 1 has weight -1; weights are not negative", ConfigError);
}

TEST_CASE_TEMPLATE("weights: a row of weight 0 adds nothing to loss or gradient, even where its own loss is infinite",
                   T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  const Tensor<T> x({3, 2}, {0, 0, infinity, 3, 0, 0}), logits({3, 2}, {0, 0, 3, -infinity, 0, 0});
  const Both weights(Tensor<float>({3}, {1, 0, 1})), target(Tensor<float>({3, 2}, 1.0f));
  const Loss<T> m = loss_of(run_mse(target, weights), x), c = loss_of(run_cross_entropy({0, 1, 1}, weights), logits);
  CHECK(m.value == T(1));
  CHECK(m.gradient == std::vector<T>{-0.5, -0.5, 0, 0, -0.5, -0.5});
  CHECK(std::abs(c.value - T(0.69314718055994531)) < T(1e-6));
  CHECK(c.gradient == std::vector<T>{-0.25, 0.25, 0, 0, 0.25, -0.25});
}

TEST_CASE_TEMPLATE("weights: sums that cannot be divided by are refused", T, float, double) {
  const T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::denorm_min();
  const auto run = [](T weight) {
    const Tensor<T> weights({2}, weight), target({2, 1});
    return test::value_of<T>([&](auto& v) { return mse(v[0], v[0].tape().constant(target), weights.span()); },
                             {Tensor<T>({2, 1})});
  };
  CHECK_THROWS_WITH_AS(run(most), "mse: the weights of 2 rows sum to inf; their sum and its inverse must be finite",
                       ConfigError);
  CHECK_THROWS_AS(run(least), ConfigError);
}

TEST_CASE_TEMPLATE("loss: rows of weight 0 alone give a loss and a gradient of 0", T, float, double) {
  const Parameter<T> p(Tensor<T>({2, 3}, {1, 2, 3, -1, 0, 1}));
  const Tensor<T> target({2, 3}), none({2});
  const std::int32_t labels[] = {0, 1};
  for (const bool classes : {false, true}) {
    Tape<T> tape;
    const Var<T> loss = classes ? cross_entropy<T>(tape.use(p), labels, none.span())
                                : mse(tape.use(p), tape.constant(target), none.span());
    CHECK(loss.item() == T(0));
    tape.backward(loss);
    for (const T g : tape.gradient(p)) CHECK(g == T(0));
  }
}
