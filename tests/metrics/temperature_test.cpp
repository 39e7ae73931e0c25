// SPDX-License-Identifier: MIT
#include "wsym/metrics/temperature.hpp"

#include "metrics/members.hpp"

using namespace wsym;
using test::Labels;

namespace {
/// What the logits say, but for some of the first 20 rows.
template <Real T> Labels partly_right(const Tensor<T>& logits) {
  Labels labels = argmax(logits);
  for (std::size_t i = 0; i < 20; ++i)
    labels[i] = static_cast<std::int32_t>(i) % static_cast<std::int32_t>(logits.cols());
  return labels;
}
}  // namespace

TEST_CASE_TEMPLATE("temperature: two classes, right three times of four, have the known best temperature", T, float,
                   double) {
  const double margin = 2;  // the likelihood is best where sigmoid(margin / t) = 3/4
  const Tensor<T> logits({4, 2}, {T(margin), T(0), T(margin), T(0), T(0), T(margin), T(0), T(margin)});
  const Labels labels{0, 0, 1, 0};
  CHECK(fit_temperature(logits, labels) == doctest::Approx(margin / std::log(3.0)).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("temperature: logits that were multiplied by c need c times the temperature", T, float, double) {
  const Tensor<T> logits = test::random_members<T>(1, {60, 5})[0];
  const Labels labels = partly_right(logits);
  Tensor<T> warmer = logits;
  warmer.array() *= T(4);
  CHECK(fit_temperature(warmer, labels) == doctest::Approx(4 * fit_temperature(logits, labels)).epsilon(1e-9));
}

TEST_CASE("temperature: no other temperature has a better likelihood, and it changes no argmax") {
  const Tensor<double> logits = test::random_members<double>(1, {60, 5})[0];
  const Labels labels = partly_right(logits);
  const double t = fit_temperature(logits, labels), best = nll_from_logits(with_temperature(logits, t), labels);
  for (const double factor : {0.5, 0.9, 0.999, 1.001, 1.1, 2.0})
    CHECK(nll_from_logits(with_temperature(logits, t * factor), labels) > best);
  CHECK(best <= nll_from_logits(logits, labels));
  CHECK(argmax(with_temperature(logits, t)) == argmax(logits));
}

TEST_CASE_TEMPLATE("temperature: where no finite one is best it is at an end of its range", T, float, double) {
  const Tensor<T> logits({2, 2}, {T(1), T(0), T(0), T(1)});
  CHECK(fit_temperature(logits, Labels{0, 1}) == 1 / largest_temperature);  // all right
  CHECK(fit_temperature(logits, Labels{1, 0}) == largest_temperature);      // all wrong
  CHECK(fit_temperature(Tensor<T>({3, 4}), Labels{0, 1, 2}) == largest_temperature);
  CHECK(fit_temperature(Tensor<T>({3, 1}), Labels{0, 0, 0}) == largest_temperature);
}

TEST_CASE_TEMPLATE("temperature: a probability of 0 stays 0 and spoils nothing", T, float, double) {
  const Tensor<T> logits = test::logits_of<T>({4, 3}, {.8, .2, 0, .8, .2, 0, .8, .2, 0, .8, .2, 0});
  const Labels labels{0, 0, 0, 1};
  const double t = fit_temperature(logits, labels);
  CHECK(t == doctest::Approx(std::log(4.0) / std::log(3.0)).epsilon(1e-6));
  CHECK(confidences(with_temperature(logits, t))[0] == doctest::Approx(0.75));
}

TEST_CASE_TEMPLATE("temperature: a shift of a row, however large, changes no bit", T, float, double) {
  const Tensor<T> near({4, 2}, {4, 0, 4, 0, 4, 0, 4, 0});
  const std::vector<std::int32_t> labels{0, 0, 0, 1};
  for (const T shift : {T(1e4), T(-1e6), T(1e7)}) {
    Tensor<T> far = near;
    far.array() += shift;  // exact
    CHECK(fit_temperature<T>(far, labels) == fit_temperature<T>(near, labels));
  }
}

TEST_CASE("temperature: what cannot be scaled is refused") {
  CHECK_THROWS_WITH_AS(with_temperature(Tensor<float>({1, 2}), 0), "with_temperature: 0; a temperature is positive",
                       ConfigError);
  CHECK_THROWS_AS(with_temperature(Tensor<float>({1, 2}), std::nan("")), ConfigError);
  CHECK_THROWS_AS(fit_temperature(Tensor<float>({0, 2}), Labels{}), ShapeError);
  CHECK_THROWS_AS(fit_temperature(Tensor<float>({1, 2}, std::nanf("")), Labels{0}), DataError);
}
