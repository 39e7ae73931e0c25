// SPDX-License-Identifier: MIT
#include "wsym/ops/members/log_mean_softmax.hpp"

#include "ops/evaluate.hpp"
#include "wsym/metrics/averaging.hpp"
#include "wsym/ops/loss.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
auto averaged(Index members) {
  return [=](auto& x) {
    return log_mean_softmax(x[0], {.members = members});
  };
}
/// Spec 9.5: two members, two rows, three classes; labels 0 and 2.
template <Real T> Tensor<T> spec_logits() {
  return {{2, 2, 3}, {T(2), T(0), T(-1), T(0), T(0), T(0), T(.5), T(1.5), T(0), T(1), T(-1), T(3)}};
}
}  // namespace

TEST_CASE_TEMPLATE("log_mean_softmax: the spec's two members, the ensemble's loss and the training loss", T, float,
                   double) {
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-8;
  const Tensor<T> y = test::value_of<T>(averaged(2), {spec_logits<T>()});
  const double p[] = {.537509316, .371363459, .091127225, .225321881, .174604787, .600073333};
  for (Index i = 0; i < 6; ++i) CHECK(std::abs(std::exp(static_cast<double>(y[i])) - p[i]) < tolerance);
  const std::vector<std::int32_t> labels{0, 2};
  const auto ensemble_loss = [&](auto& x) {
    return cross_entropy(log_mean_softmax(x[0], {.members = 2}), std::span<const std::int32_t>(labels));
  };
  const auto training_loss = [&](auto& x) {
    return cross_entropy(x[0], std::span<const std::int32_t>(labels));
  };
  CHECK(std::abs(static_cast<double>(test::value_of<T>(ensemble_loss, {spec_logits<T>()})[0]) - .565756298) <
        tolerance);
  CHECK(std::abs(static_cast<double>(test::value_of<T>(training_loss, {spec_logits<T>()})[0]) - .71893968) < tolerance);
}

TEST_CASE_TEMPLATE("log_mean_softmax: agrees with the mean of an ensemble of tensors", T, float, double) {
  const Tensor<T> all = random_tensor<T>({3, 5, 7}, Key(1), 3);
  std::vector<Tensor<T>> members;
  for (std::size_t m = 0; m < 3; ++m) members.push_back(Tensor<T>({5, 7}, all.span().subspan(m * 35, 35)));
  const Tensor<T> expected = log_mean_probabilities(std::span<const Tensor<T>>(members));
  CHECK(test::worst_error(test::value_of<T>(averaged(3), {all}), expected) < test::tolerance<T>);
  CHECK(test::value_of<T>(averaged(3), {Tensor<T>({3, 2, 2, 7})}).shape() == Shape{2, 2, 7});
  CHECK(test::value_of<T>(averaged(1), {Tensor<T>({2, 7})}).shape() == Shape{2, 7});
}

TEST_CASE_TEMPLATE("log_mean_softmax: logits of any size stay finite", T, float, double) {
  const Tensor<T> y = test::value_of<T>(averaged(2), {Tensor<T>({2, 1, 2}, {T(1e4), 0, 0, T(1e4)})});
  CHECK(test::worst_error(y, std::vector<T>(2, -std::log(T(2)))) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("log_mean_softmax: a shift of a member's logits changes neither value nor gradient", T, float,
                   double) {
  const Tensor<T> near({2, 2, 2}, {0, 0, 8, 0, T(-16), 0, 0, T(-64)});
  for (const T shift : {T(1e4), T(-1e6), T(1e8)}) {
    Tensor<T> far = near;
    far.mat().topRows(2).array() += shift;  // exact
    CHECK(same_bits(test::value_of<T>(averaged(2), {far}), test::value_of<T>(averaged(2), {near})));
    CHECK(test::gradients_of<T>(averaged(2), {far}, Key(1)) == test::gradients_of<T>(averaged(2), {near}, Key(1)));
  }
}

TEST_CASE_TEMPLATE("log_mean_softmax: members share a gradient as their probabilities, however small these are", T,
                   float, double) {
  // class 1 has the probabilities exp(-2^30) and exp(-2^30 - 1024): the first member's alone counts
  const Tensor<T> logits({2, 1, 2}, {T(0), T(-1073741824), T(0), T(-1073742848)});
  const Parameter<T> x(logits);
  Tape<T> tape;
  tape.backward(log_mean_softmax(tape.use(x), {.members = 2}), std::vector<T>{0, 1});
  const std::vector<T> expected{-1, 1, 0, 0};
  CHECK(std::vector<T>(tape.gradient(x).begin(), tape.gradient(x).end()) == expected);
}

TEST_CASE_TEMPLATE("log_mean_softmax: a member's NaN gives NaN in its row alone", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
  const Tensor<T> y = test::value_of<T>(averaged(2), {Tensor<T>({2, 2, 2}, {nan, 0, 0, 0, 0, -infinity, 0, 0})});
  CHECK((std::isnan(y(0, 0)) && std::isnan(y(0, 1)) && y(1, 0) == y(1, 1) && std::isfinite(y(1, 0))));
}

TEST_CASE_TEMPLATE(
    "log_mean_softmax: a class that no member gives anything is -inf, and to the others as if it were not", T, float,
    double) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const auto run = [](const Tensor<T>& logits, const Tensor<T>& cotangent) {
    const Parameter<T> x(logits);
    Tape<T> tape;
    const Var<T> y = log_mean_softmax(tape.use(x), {.members = 2});
    tape.backward(y, cotangent.span());
    return std::pair(test::copy_of<T>(y), Tensor<T>(x.shape(), tape.gradient(x)));
  };
  const Tensor<T> logits = random_tensor<T>({2, 3, 3}, Key(1)), c = random_tensor<T>({3, 3}, Key(2));
  Tensor<T> wide({2, 3, 4}, -infinity), wide_c({3, 4}, T(2));
  wide.mat().leftCols(3) = logits.mat(), wide_c.mat().leftCols(3) = c.mat();
  const auto [y, dx] = run(logits, c);
  const auto [wide_y, wide_dx] = run(wide, wide_c);
  CHECK((wide_y.mat().col(3).array() == -infinity).all());
  CHECK((wide_dx.mat().col(3).array() == 0).all());
  Tensor<T> own_y(y.shape()), own_dx(dx.shape());
  own_y.mat() = wide_y.mat().leftCols(3), own_dx.mat() = wide_dx.mat().leftCols(3);
  CHECK(test::worst_error(own_y, y) < test::tolerance<T>);
  CHECK(test::worst_error(own_dx, dx) < test::tolerance<T>);
}

TEST_CASE("log_mean_softmax: gradcheck") {
  for (const Index members : {1, 2, 3})
    CHECK(gradcheck(averaged(members), {random_tensor<double>({members, 6, 4}, Key(1))}, Key(2)).message == "");
}

TEST_CASE_TEMPLATE("log_mean_softmax: rows without the members' axis, no rows and no classes are refused", T, float,
                   double) {
  const auto refused = [](const Shape& shape, const std::string& shown) {
    CHECK_THROWS_WITH_AS(test::value_of<T>(averaged(2), {Tensor<T>(shape)}),
                         ("log_mean_softmax: logits are " + shown +
                          " for 2 members; they need (members, rows, classes), at least one of each")
                             .c_str(),
                         ShapeError);
  };
  refused({4, 2}, "(4, 2)");
  refused({2, 2, 0}, "(2, 2, 0)");
  refused({2, 0, 2}, "(2, 0, 2)");
  CHECK_THROWS_AS(test::value_of<T>(averaged(0), {Tensor<T>({2, 2})}), ShapeError);
  CHECK(test::value_of<T>(averaged(2), {Tensor<T>({2, 2}, {0, 0, 0, 0})}).shape() == Shape{2});  // one row
}
