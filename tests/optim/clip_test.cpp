// SPDX-License-Identifier: MIT
#include "wsym/optim/clip.hpp"

#include <doctest/doctest.h>

#include "optim/gradients.hpp"

using namespace wsym;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Gradients (3, 12) of the weight and (4, 0) of the bias: norm 13.
template <Real T> struct Thirteen {
  test::Pair<T> model = test::random_pair<T>(2, Key(1));
  Tensor<T> w{{1, 2}, {T(3), T(12)}}, b{{2}, {T(4), T(0)}};
  Tape<T> tape;

  Thirteen() { test::set_gradients(tape, model, w, b); }
  std::vector<T> gradients() {
    std::vector<T> all;
    for (const Parameter<T>* p : {&model.weight, &model.bias})
      for (const T g : tape.gradient(*p)) all.push_back(g);
    return all;
  }
};
}  // namespace

TEST_CASE_TEMPLATE("clip: the norm is Euclidean over all parameters together", T, float, double) {
  Thirteen<T> of;
  CHECK(gradient_norm(of.model, of.tape) == 13);
}

TEST_CASE_TEMPLATE("clip: by norm scales every gradient by largest / norm, or none", T, float, double) {
  Thirteen<T> of;
  CHECK(clip_by_norm(of.model, of.tape, 13) == 13);
  CHECK(of.gradients() == std::vector<T>{3, 12, 4, 0});
  CHECK(clip_by_norm(of.model, of.tape, 6.5) == 13);
  CHECK(of.gradients() == std::vector<T>{T(1.5), 6, 2, 0});
  CHECK(gradient_norm(of.model, of.tape) == 6.5);
}

TEST_CASE_TEMPLATE("clip: by value bounds every entry by itself", T, float, double) {
  Thirteen<T> of;
  of.w[0] = T(-30);
  test::set_gradients(of.tape, of.model, of.w, of.b);
  clip_by_value(of.model, of.tape, 5);
  CHECK(of.gradients() == std::vector<T>{-5, 5, 4, 0});
}

TEST_CASE_TEMPLATE("clip: frozen entries count 0", T, float, double) {
  Thirteen<T> of;
  of.model.weight = Parameter<T>(of.model.weight.value(), {{1}, {T(2)}});
  test::set_gradients(of.tape, of.model, of.w, of.b);
  CHECK(gradient_norm(of.model, of.tape) == 5);
}

TEST_CASE_TEMPLATE("clip: a norm that is not finite changes nothing and is returned", T, float, double) {
  Thirteen<T> of;
  of.w[0] = std::numeric_limits<T>::infinity();
  test::set_gradients(of.tape, of.model, of.w, of.b);
  CHECK(clip_by_norm(of.model, of.tape, 1) == infinity);
  CHECK(of.gradients() == std::vector<T>{of.w[0], 12, 4, 0});
}

TEST_CASE_TEMPLATE("clip: by value bounds an infinite entry and leaves NaN to be seen", T, float, double) {
  Thirteen<T> of;
  of.w[0] = -std::numeric_limits<T>::infinity();
  of.w[1] = std::numeric_limits<T>::quiet_NaN();
  test::set_gradients(of.tape, of.model, of.w, of.b);
  clip_by_value(of.model, of.tape, 1);
  CHECK(of.gradients()[0] == T(-1));
  CHECK(std::isnan(of.gradients()[1]));
}

TEST_CASE_TEMPLATE("clip: a parameter that the loss did not reach counts 0", T, float, double) {
  std::vector<Parameter<T>> model;
  model.emplace_back(Tensor<T>({1}, {T(1)}));
  model.emplace_back(Tensor<T>({2}, {T(3), T(4)}));
  Tape<T> tape;
  test::set_gradient(tape, model, {T(8)});
  CHECK(clip_by_norm(model, tape, 2) == 8);
  CHECK(tape.gradient(model[0])[0] == T(2));
}

TEST_CASE_TEMPLATE("clip: a bound that is not positive is refused", T, float, double) {
  Thirteen<T> of;
  CHECK_THROWS_WITH_AS(clip_by_norm(of.model, of.tape, 0), "clip_by_norm: 0; the largest norm must be positive",
                       ConfigError);
  CHECK_THROWS_WITH_AS(clip_by_value(of.model, of.tape, -1), "clip_by_value: -1; the largest value must be positive",
                       ConfigError);
}
