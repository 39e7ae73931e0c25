// SPDX-License-Identifier: MIT
#include "wsym/optim/schedule.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace wsym;

TEST_CASE("schedule: constant is 1") {
  CHECK(constant_schedule()(0) == 1);
  CHECK(constant_schedule()(1000000) == 1);
}

TEST_CASE("schedule: step multiplies by the factor at every multiple of `every`") {
  const Schedule schedule = step_schedule(3, 0.5);
  const double expected[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.25};
  for (Index t = 0; t < 7; ++t) CHECK(schedule(t) == expected[t]);
}

TEST_CASE("schedule: cosine falls from 1 over the half-way mean to its last value and stays") {
  const Schedule schedule = cosine_schedule(4, 0.2);
  CHECK(schedule(0) == 1);
  CHECK(schedule(1) == doctest::Approx(0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2).epsilon(1e-14));
  CHECK(schedule(2) == doctest::Approx(0.6).epsilon(1e-14));
  CHECK(schedule(4) == doctest::Approx(0.2).epsilon(1e-14));
  CHECK(schedule(5) == schedule(4));
  CHECK(cosine_schedule(10)(10) == doctest::Approx(0));
}

TEST_CASE("schedule: warm-up rises to 1 and then counts the next schedule from 0") {
  const Schedule schedule = warm_up(4, step_schedule(2, 0.1));
  const double expected[] = {0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1};
  for (Index t = 0; t < 8; ++t) CHECK(schedule(t) == doctest::Approx(expected[t]).epsilon(1e-15));
  CHECK(warm_up(0)(0) == 1);
}

TEST_CASE("schedule: linear falls from 1 to its last value and stays") {
  const Schedule schedule = linear_schedule(4, 0.2);
  const double expected[] = {1, 0.8, 0.6, 0.4, 0.2, 0.2};
  for (Index t = 0; t < 6; ++t) CHECK(schedule(t) == doctest::Approx(expected[t]).epsilon(1e-15));
  CHECK(linear_schedule(10)(10) == 0);
}

TEST_CASE("schedule: the second paper's cosine with warm-up, from a rate of 0") {
  const double peak = 0.003, last = 1e-5;
  const Schedule schedule = warm_up(500, cosine_schedule(9500, last / peak), 0);
  const std::pair<Index, double> expected[] = {
      {0, 0}, {1, 6e-6}, {250, .0015}, {500, .003}, {2875, .00256212}, {5250, .001505}, {10000, 1e-5}, {12000, 1e-5}};
  for (const auto& [step, rate] : expected) {
    const Index t = step;  // clang 14 captures no structured binding
    CAPTURE(t);
    CHECK(std::abs(peak * schedule(t) - rate) < 5e-9);
  }
  const Schedule line = warm_up(500, linear_schedule(9500, last / peak), 0);
  CHECK(peak * line(5250) == doctest::Approx(.001505).epsilon(1e-12));
  CHECK(peak * line(10000) == doctest::Approx(1e-5).epsilon(1e-12));
}

TEST_CASE("schedule: plateau waits for `patience` epochs in a row that are not below the best") {
  Plateau plateau(0.5, 2);
  const double losses[] = {4, 3, 3, 2, 2, 2, 5, 1, 1, 1, 1, 1};
  const double expected[] = {1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125};
  for (std::size_t i = 0; i < 12; ++i) {
    CAPTURE(i);
    CHECK(plateau.update(losses[i]) == expected[i]);
    CHECK(plateau.multiplier() == expected[i]);
  }
}

TEST_CASE("schedule: plateau stops at its smallest multiplier, and NaN is no improvement") {
  Plateau plateau(0.1, 1, 0.05);
  CHECK(plateau.update(1) == 1);
  CHECK(plateau.update(std::nan("")) == doctest::Approx(0.1));
  CHECK(plateau.update(1) == 0.05);
  CHECK(plateau.update(1) == 0.05);
}

TEST_CASE("schedule: options out of range are refused") {
  CHECK_THROWS_WITH_AS(step_schedule(0, 0.5), "step_schedule: every 0 steps; at least 1 is needed", ConfigError);
  CHECK_THROWS_WITH_AS(cosine_schedule(0), "cosine_schedule: 0 steps; at least 1 is needed", ConfigError);
  CHECK_THROWS_WITH_AS(linear_schedule(0), "linear_schedule: 0 steps; at least 1 is needed", ConfigError);
  CHECK_THROWS_WITH_AS(warm_up(5, constant_schedule(), 2), "warm_up: first 2; it is 0 or 1", ConfigError);
  CHECK_THROWS_WITH_AS(warm_up(-1), "warm_up: -1 steps; at least 0 are needed", ConfigError);
  const char* plateau = "Plateau: factor 1, patience 3; the factor lies in (0, 1) and the patience is at least 1";
  CHECK_THROWS_WITH_AS(Plateau(1, 3), plateau, ConfigError);
  CHECK_THROWS_AS(Plateau(0, 3), ConfigError);
  CHECK_THROWS_AS(Plateau(0.5, 0), ConfigError);
}
