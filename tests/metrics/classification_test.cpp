// SPDX-License-Identifier: MIT
#include "wsym/metrics/classification.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "wsym/core/random.hpp"

using wsym::Index;
using wsym::Shape;
using wsym::ShapeError;
using wsym::Tensor;
using Labels = std::vector<std::int32_t>;

namespace {
template <class T> Tensor<T> random_logits(Shape shape, std::uint64_t seed) {
  Tensor<T> logits(shape);
  for (Index i = 0; i < logits.size(); ++i) logits[i] = static_cast<T>(3 * wsym::Key(seed).normal(i));
  return logits;
}
}  // namespace

TEST_CASE_TEMPLATE("argmax: ties go to the lowest class", T, float, double) {
  const Tensor<T> scores({4, 3}, {T(1), T(2), T(2), T(5), T(5), T(5), T(-3), T(-2), T(-1), T(0), T(-1), T(0)});
  CHECK(wsym::argmax(scores) == Labels{1, 0, 2, 0});
  CHECK(wsym::argmax(Tensor<T>({0, 3})).empty());
  CHECK(wsym::argmax(Tensor<T>({2, 1})) == Labels{0, 0});
}

TEST_CASE_TEMPLATE("accuracy: it is the fraction of rows with the label on top, and the error rate the rest", T, float,
                   double) {
  const Tensor<T> scores({4, 2}, {T(1), T(0), T(0), T(1), T(2), T(2), T(2), T(2)});
  const Labels labels{0, 1, 0, 1};
  CHECK(wsym::accuracy(scores, labels) == 0.75);
  CHECK(wsym::error_rate(scores, labels) == 0.25);
}

TEST_CASE_TEMPLATE("nll_from_logits: oracle 8.8, the cross-entropy of (2, 1, 0.1) with class 0", T, float, double) {
  const Tensor<T> logits({1, 3}, {T(2), T(1), T(0.1)});
  CHECK(wsym::nll_from_logits(logits, Labels{0}) ==
        doctest::Approx(0.417030016278).epsilon(std::is_same_v<T, float> ? 1e-7 : 1e-11));
}

TEST_CASE_TEMPLATE("nll_from_logits: equal scores cost ln(classes), and a shift of a row changes nothing", T, float,
                   double) {
  CHECK(wsym::nll_from_logits(Tensor<T>({5, 9}), Labels{0, 3, 8, 1, 1}) == doctest::Approx(std::log(9.0)));
  const Tensor<T> logits({2, 3}, {T(1), T(2), T(3), T(1000), T(1001), T(1002)});
  const Labels labels{1, 1};
  CHECK(wsym::nll_from_logits(logits, labels) == doctest::Approx(-std::log(0.244728471055)));
  const Tensor<T> far({1, 2}, {T(0), T(30000)});
  CHECK(wsym::nll_from_logits(far, Labels{0}) == 30000);
  CHECK(wsym::nll_from_logits(far, Labels{1}) == 0);
}

TEST_CASE_TEMPLATE("nll_from_logits: it agrees with the probabilities' own", T, float, double) {
  const Tensor<T> logits = random_logits<T>({65, 7}, 3);
  Tensor<T> probabilities(logits.shape()), log_probabilities(logits.shape());
  for (Index row = 0; row < logits.rows(); ++row) {
    double sum = 0;
    for (Index c = 0; c < logits.cols(); ++c) sum += std::exp(double{logits(row, c)});
    for (Index c = 0; c < logits.cols(); ++c) {
      probabilities(row, c) = static_cast<T>(std::exp(double{logits(row, c)}) / sum);
      log_probabilities(row, c) = static_cast<T>(logits(row, c) - std::log(sum));
    }
  }
  Labels labels;
  for (int i = 0; i < 65; ++i) labels.push_back(i % 7);
  const double nll = wsym::nll_from_logits(logits, labels);
  CHECK(wsym::nll_from_probabilities(probabilities, labels) == doctest::Approx(nll).epsilon(1e-6));
  CHECK(wsym::nll_from_logits(log_probabilities, labels) == doctest::Approx(nll).epsilon(1e-6));
  CHECK(wsym::argmax(probabilities) == wsym::argmax(logits));
}

TEST_CASE("nll_from_probabilities: a label of probability 0 costs infinity") {
  CHECK(wsym::nll_from_probabilities(Tensor<double>({1, 2}, {1.0, 0.0}), Labels{1}) ==
        std::numeric_limits<double>::infinity());
}

TEST_CASE_TEMPLATE("nll_from_probabilities: a label of negative probability is refused, of 0 it is none", T, float,
                   double) {
  const Tensor<T> probabilities({2, 3}, {T(1), T(0), T(0), T(0.75), T(-0.25), T(0.5)});
  CHECK_THROWS_WITH_AS(wsym::nll_from_probabilities(probabilities, Labels{0, 1}),
                       "nll_from_probabilities: probability -0.25 of class 1; none is negative", wsym::DataError);
  CHECK(wsym::nll_from_probabilities(probabilities, Labels{1, 0}) == std::numeric_limits<double>::infinity());
}

TEST_CASE("log_sum_exp: of -inf alone it is -inf, beside a number they are nothing, and a NaN is not hidden") {
  const double infinity = std::numeric_limits<double>::infinity();
  const double none[] = {-infinity, -infinity, -infinity}, one[] = {-infinity, 2, -infinity};
  for (const Index n : {1, 3}) CHECK(wsym::detail::log_sum_exp(none, n) == -infinity);
  CHECK(wsym::detail::log_sum_exp(one, 3) == 2);
  for (const std::vector<double>& x : {std::vector{-infinity, std::nan("")}, std::vector{std::nan(""), -infinity}})
    CHECK(std::isnan(wsym::detail::log_sum_exp(x.data(), 2)));
}

TEST_CASE_TEMPLATE("softmax metrics: a shift of a row, however large, changes no bit", T, float, double) {
  const Tensor<T> near({3, 4}, {0, 0, 0, 0, 16, 0, -16, -32, 0, 64, 64, -64});
  const Labels labels{0, 0, 1};
  for (const T shift : {T(1e4), T(-1e6), T(1e8)}) {
    Tensor<T> far = near;
    far.array() += shift;  // exact
    CHECK(wsym::nll_from_logits<T>(far, labels) == wsym::nll_from_logits<T>(near, labels));
    CHECK(wsym::brier_from_logits<T>(far, labels) == wsym::brier_from_logits<T>(near, labels));
    CHECK(wsym::confidences(far) == wsym::confidences(near));
  }
  for (const double size : {1.0, 1e12, 1e17, 1e30}) {
    const Tensor<T> equal({1, 2}, static_cast<T>(size));
    CHECK(wsym::nll_from_logits<T>(equal, Labels{0}) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
    CHECK(wsym::brier_from_logits<T>(equal, Labels{0}) == 0.5);
    CHECK(wsym::confidences(equal) == std::vector<double>{0.5});
  }
}

TEST_CASE_TEMPLATE("brier_from_logits: values worked out by hand, from 0 to 2", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  CHECK(wsym::brier_from_logits(Tensor<T>({1, 2}, {T(0), -infinity}), Labels{0}) == 0);
  CHECK(wsym::brier_from_logits(Tensor<T>({1, 2}, {T(0), -infinity}), Labels{1}) == 2);
  CHECK(wsym::brier_from_logits(Tensor<T>({3, 4}), Labels{0, 1, 2}) == doctest::Approx(0.5625 + 3 * 0.0625));
  CHECK(wsym::brier_from_logits(Tensor<T>({2, 1}, {T(3), T(-4)}), Labels{0, 0}) == 0);
  const Tensor<T> logits({1, 3}, {T(1), T(2), T(3)});
  const double p[] = {0.090030573170, 0.244728471055, 0.665240955775};
  CHECK(wsym::brier_from_logits(logits, Labels{1}) ==
        doctest::Approx(p[0] * p[0] + (1 - p[1]) * (1 - p[1]) + p[2] * p[2]).epsilon(1e-7));
}

TEST_CASE_TEMPLATE("confidences: the largest probability of each row", T, float, double) {
  const std::vector<double> found = wsym::confidences(Tensor<T>({2, 3}, {T(1), T(2), T(3), T(-800), T(0), T(-900)}));
  CHECK(found[0] == doctest::Approx(0.665240955775).epsilon(1e-7));
  CHECK(found[1] == 1);
  CHECK(wsym::confidences(Tensor<T>({0, 3})).empty());
  CHECK_THROWS_AS(wsym::confidences(Tensor<T>({2, 0})), ShapeError);
}

TEST_CASE_TEMPLATE("classification metrics: NaN, +inf and rows without any number are refused", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const Tensor<T> bad({2, 2}, {T(1), T(2), T(3), nan}), infinite({1, 2}, {T(0), infinity}),
      empty({1, 2}, {-infinity, -infinity});
  CHECK_THROWS_WITH_AS(wsym::accuracy(bad, Labels{0, 0}),
                       "accuracy: row 1 has score nan for class 1; scores are finite or -inf", wsym::DataError);
  CHECK_THROWS_AS(wsym::nll_from_logits(bad, Labels{0, 0}), wsym::DataError);
  CHECK_THROWS_AS(wsym::brier_from_logits(infinite, Labels{0}), wsym::DataError);
  CHECK_THROWS_AS(wsym::confidences(bad), wsym::DataError);
  CHECK_THROWS_WITH_AS(wsym::brier_from_logits(empty, Labels{0}),
                       "brier_from_logits: row 0 has no finite score; at least one class needs one", wsym::DataError);
  CHECK(wsym::nll_from_logits(Tensor<T>({1, 2}, {T(0), -infinity}), Labels{1}) ==
        std::numeric_limits<double>::infinity());
}

TEST_CASE("classification metrics: wrong sizes and labels are an error that shows them") {
  const Tensor<float> scores({2, 3});
  CHECK_THROWS_WITH_AS(
      wsym::accuracy(scores, Labels{0}),
      "accuracy: scores are (2, 3) but there are 1 labels; one label for each of at least one row is needed",
      ShapeError);
  CHECK_THROWS_WITH_AS(wsym::nll_from_logits(scores, Labels{0, 3}),
                       "nll_from_logits: label 3 in row 1; it needs to be in 0 .. 2", ShapeError);
  CHECK_THROWS_WITH_AS(wsym::nll_from_probabilities(scores, Labels{-1, 0}),
                       "nll_from_probabilities: label -1 in row 0; it needs to be in 0 .. 2", ShapeError);
  CHECK_THROWS_AS(wsym::error_rate(Tensor<float>({0, 3}), Labels{}), ShapeError);
  CHECK_THROWS_WITH_AS(wsym::argmax(Tensor<float>({2, 0})), "argmax: scores are (2, 0); at least one class is needed",
                       ShapeError);
}
