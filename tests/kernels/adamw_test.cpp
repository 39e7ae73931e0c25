// SPDX-License-Identifier: MIT
#include "wsym/kernels/adamw.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

namespace {

template <class T> kernels::AdamwStep<T> step_of(std::int64_t t) {
  return kernels::adamw_step<T>(1e-3, 0.03, 0.9, 0.999, 1e-8, t);
}

template <class T> std::span<T> span_of(Guarded<T>& x) {
  return {x.data(), static_cast<std::size_t>(x.view().cols)};
}

}  // namespace

TEST_CASE("adamw: five steps of the specification to all digits") {
  const double gradients[] = {0.5, -0.2, 0.1, 0, 0.3};
  const double expected[] = {0.998970000020000, 0.998594425081165, 0.998185075475604, 0.997844355269850,
                             0.997321711687668};
  double theta = 1, m = 0, v = 0;
  for (int t = 0; t < 5; ++t) {
    kernels::adamw<double>({&theta, 1}, {&gradients[t], 1}, {&m, 1}, {&v, 1}, step_of<double>(t + 1));
    CHECK(std::abs(theta - expected[t]) <= 1e-15);
  }
}

TEST_CASE_TEMPLATE("adamw: a zero gradient only decays, and leaves the moments exactly 0", T, float, double) {
  T theta = 1, m = 0, v = 0;
  const T g = 0;
  for (int t = 1; t <= 1000; ++t) kernels::adamw<T>({&theta, 1}, {&g, 1}, {&m, 1}, {&v, 1}, step_of<T>(t));
  // Each step rounds by at most half a unit in the last place.
  CHECK(std::abs(theta - 0.970445096839409) <= 500 * std::numeric_limits<T>::epsilon());
  CHECK(m == T(0));
  CHECK(v == T(0));
}

TEST_CASE_TEMPLATE("adamw: agrees with the formula for any length and alignment", T, float, double) {
  for (Index n : testing::hard_sizes)
    for (Index offset : {0, 1, 3}) {
      testing::Numbers next;
      Guarded<T> theta(1, n, testing::Layout::by_rows, offset), g(1, n), m(1, n), v(1, n);
      theta.fill(next), m.fill([] { return 0; }), v.fill([] { return 0; });
      std::vector<reference::Adamw> expected(static_cast<std::size_t>(n));
      for (Index i = 0; i < n; ++i) expected[static_cast<std::size_t>(i)].theta = theta[i];
      for (int t = 1; t <= 7; ++t) {
        g.fill(next);
        for (Index i = 0; i < n; ++i) expected[static_cast<std::size_t>(i)].step(g[i]);
        kernels::adamw<T>(span_of(theta), span_of(g), span_of(m), span_of(v), step_of<T>(t));
      }
      double worst = 0;
      for (Index i = 0; i < n; ++i)
        worst = std::max(worst, std::abs(theta[i] - expected[static_cast<std::size_t>(i)].theta));
      CHECK(worst <= 10 * std::numeric_limits<T>::epsilon());
      CHECK((theta.intact() && m.intact() && v.intact()));
    }
}
