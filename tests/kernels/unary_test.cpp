// SPDX-License-Identifier: MIT
#include "wsym/kernels/unary.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace wsym;
using namespace wsym::kernels;

namespace {

using Long = long double;

Long sigmoid_of(Long x) {
  return 1 / (1 + std::exp(-x));
}
Long softplus_of(Long x) {
  return std::max<Long>(x, 0) + std::log1p(std::exp(-std::abs(x)));
}
Long selu_of(Long x) {
  const Long scale = 1.0507009873554804934L, alpha = 1.6732632423543772848L;
  return scale * (x > 0 ? x : alpha * std::expm1(x));
}

/// The largest error in units of the last place over `steps` numbers from `from` to `to` and their powers of ten down
/// to 1e-6 of them; where the expected value is below the normal numbers it is not counted.
template <Real T, class F, class Expected> double worst_ulp(F f, Expected expected, double from, double to) {
  double worst = 0;
  for (const double size : {1.0, 1e-1, 1e-2, 1e-3, 1e-6})
    for (int i = 0; i <= 4000; ++i) {
      const T x = static_cast<T>(size * (from + (to - from) * i / 4000));
      const Long right = expected(static_cast<Long>(x));
      if (std::abs(right) < static_cast<Long>(std::numeric_limits<T>::min())) continue;
      const Long error = std::abs(static_cast<Long>(f(x)) / right - 1);
      worst = std::max(worst, static_cast<double>(error / static_cast<Long>(std::numeric_limits<T>::epsilon())));
    }
  return worst;
}

/// Value and derivative at x, of a function that sets both.
template <Real T, class F> std::pair<T, T> both(F f, T x) {
  Vec<T> y, slope;
  f(broadcast(x), y, slope);
  return std::pair<T, T>(T(y[0]), T(slope[0]));
}

}  // namespace

TEST_CASE_TEMPLATE("expm1, log1p, log_of_any: a few units in the last place", T, float, double) {
  const auto at = [](auto f) {
    return [f](T x) {
      return f(broadcast(x))[0];
    };
  };
  const double most = std::log(std::numeric_limits<T>::max()) - 1e-3;
  const auto run_expm1 = at([](Vec<T> x) { return expm1<T>(x); });
  CHECK(worst_ulp<T>(
            run_expm1, [](Long x) { return std::expm1(x); }, -100, most) <= 2);
  CHECK(worst_ulp<T>(
            run_expm1, [](Long x) { return std::expm1(x); }, -3, 3) <= 2);
  CHECK(worst_ulp<T>(
            at([](Vec<T> x) { return log1p<T>(x); }), [](Long x) { return std::log1p(x); }, 0, 1) <= 2.5);
  const auto run_log = at([](Vec<T> x) { return log_of_any<T>(x); });
  CHECK(worst_ulp<T>(
            run_log, [](Long x) { return std::log(x); }, 1e-30, 1e30) <= 1.5);
  for (const T tiny : {std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::min() / 3})
    CHECK(std::abs(static_cast<Long>(run_log(tiny)) / std::log(static_cast<Long>(tiny)) - 1) <=
          2 * static_cast<Long>(std::numeric_limits<T>::epsilon()));
}

TEST_CASE_TEMPLATE("expm1, log_of_any: the ends", T, float, double) {
  const auto expm1_at = [](double x) {
    return static_cast<double>(expm1<T>(broadcast(static_cast<T>(x)))[0]);
  };
  const auto log_at = [](double x) {
    return static_cast<double>(log_of_any<T>(broadcast(static_cast<T>(x)))[0]);
  };
  CHECK(expm1_at(0) == 0);
  CHECK(expm1_at(-1e9) == -1);
  CHECK(expm1_at(-INFINITY) == -1);
  CHECK(expm1_at(1e9) == INFINITY);
  CHECK(expm1_at(INFINITY) == INFINITY);
  CHECK(std::isnan(expm1_at(NAN)));
  CHECK(log_at(0) == -INFINITY);
  CHECK(log_at(1) == 0);
  CHECK(log_at(INFINITY) == INFINITY);
  CHECK(std::isnan(log_at(-1)));
  CHECK(std::isnan(log_at(-INFINITY)));
  CHECK(std::isnan(log_at(NAN)));
}

TEST_CASE_TEMPLATE("activations: values to a few units in the last place, derivatives to a few of max(1, |f'|)", T,
                   float, double) {
  struct Function {
    const char* name;
    void (*run)(Vec<T>, Vec<T>&, Vec<T>&);
    Long (*value)(Long);
    double bound;
    double at_minus_infinity, at_infinity;
  };
  const Function functions[] = {
      {"tanh", [](Vec<T> x, Vec<T>& y, Vec<T>& s) { tanh_at<T>(x, y, s); }, [](Long x) { return std::tanh(x); }, 3, -1,
       1},
      {"sigmoid", [](Vec<T> x, Vec<T>& y, Vec<T>& s) { sigmoid_at<T>(x, y, s); }, sigmoid_of, 3, 0, 1},
      {"softplus", [](Vec<T> x, Vec<T>& y, Vec<T>& s) { softplus_at<T>(x, y, s); }, softplus_of, 3, 0, INFINITY},
      {"silu", [](Vec<T> x, Vec<T>& y, Vec<T>& s) { silu_at<T>(x, y, s); }, [](Long x) { return x * sigmoid_of(x); }, 4,
       0, INFINITY},
      {"mish", [](Vec<T> x, Vec<T>& y, Vec<T>& s) { mish_at<T>(x, y, s); },
       [](Long x) { return x * std::tanh(softplus_of(x)); }, 5, 0, INFINITY},
      {"selu", [](Vec<T> x, Vec<T>& y, Vec<T>& s) { selu_at<T>(x, y, s); }, selu_of, 3,
       -1.0507009873554804934 * 1.6732632423543772848, INFINITY}};
  for (const Function& f : functions) {
    CAPTURE(f.name);
    CHECK(worst_ulp<T>([&](T x) { return both<T>(f.run, x).first; }, f.value, -30, 30) <= f.bound);
    for (int i = -3000; i <= 3000; ++i) {
      if (i == 0) continue;  // selu has two derivatives there
      const Long x = static_cast<Long>(static_cast<T>(i * 0.01)), h = 1e-6L;
      const Long slope = (f.value(x + h) - f.value(x - h)) / (2 * h);
      const double bound = std::same_as<T, float> ? 1e-6 : 1e-11;
      REQUIRE(std::abs(static_cast<Long>(both<T>(f.run, static_cast<T>(x)).second) - slope) <=
              static_cast<Long>(bound));
    }
    const T far = std::numeric_limits<T>::infinity();
    CHECK(static_cast<double>(both<T>(f.run, -far).first) == doctest::Approx(f.at_minus_infinity));
    CHECK(static_cast<double>(both<T>(f.run, far).first) == f.at_infinity);
    CHECK_FALSE(std::isnan(both<T>(f.run, far).second));
    CHECK_FALSE(std::isnan(both<T>(f.run, -far).second));
    CHECK(std::isnan(both<T>(f.run, std::numeric_limits<T>::quiet_NaN()).first));
    CHECK(std::isnan(both<T>(f.run, std::numeric_limits<T>::quiet_NaN()).second));
  }
}

TEST_CASE_TEMPLATE("tanh, selu: 0 has its sign", T, float, double) {
  CHECK(std::signbit(both<T>([](Vec<T> x, Vec<T>& y, Vec<T>& s) { tanh_at<T>(x, y, s); }, T(-0.0)).first));
  CHECK(both<T>([](Vec<T> x, Vec<T>& y, Vec<T>& s) { tanh_at<T>(x, y, s); }, T(0)) == std::pair<T, T>(0, 1));
}

TEST_CASE_TEMPLATE("whole_power: agrees with plain products", T, float, double) {
  for (int n = -9; n <= 9; ++n)
    for (const double x : {-2.5, -1.0, 0.75, 3.0}) {
      double expected = 1;
      for (int i = 0; i < std::abs(n); ++i) expected *= x;
      if (n < 0) expected = 1 / expected;
      CHECK(static_cast<double>(whole_power<T>(broadcast(static_cast<T>(x)), n)[0]) ==
            doctest::Approx(expected).epsilon(std::same_as<T, float> ? 1e-6 : 1e-14));
    }
  CHECK(whole_power<T>(broadcast(T(0)), 0)[0] == 1);
}

TEST_CASE_TEMPLATE("map: an element's bits do not depend on its position, and what lies behind is not touched", T,
                   float, double) {
  std::vector<T> x(70), y(70, 9), slope(70, 9);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(0.5);
  for (const Index n : {0, 1, 3, 7, 16, 17, 33, 64}) {
    std::fill(y.begin(), y.end(), T(9));
    map(x.data(), y.data(), slope.data(), n, [](Vec<T> v, Vec<T>& value, Vec<T>& d) { tanh_at<T>(v, value, d); });
    for (Index i = 0; i < 70; ++i) REQUIRE(y[static_cast<std::size_t>(i)] == (i < n ? y[0] : T(9)));
  }
}
