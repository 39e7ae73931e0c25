// SPDX-License-Identifier: MIT
#include "wsym/nn/symmetry/w_asymmetry.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace wsym;

TEST_CASE_TEMPLATE("w_asymmetry: every row freezes exactly n_fix different entries", T, float, double) {
  struct Case {
    Index rows, cols, n_fix;
  };
  for (const Case c : {Case{64, 8, 2}, {64, 64, 3}, {1, 64, 3}, {1, 256, 4}, {9, 256, 4}, {5, 2, 1}, {3, 7, 6}}) {
    CAPTURE(c.rows);
    CAPTURE(c.cols);
    const Frozen<T> frozen = w_asymmetric_entries<T>(c.rows, c.cols, c.n_fix, 1, Key(1));
    REQUIRE(frozen.size() == c.rows * c.n_fix);
    for (Index i = 0; i < frozen.size(); ++i) CHECK(frozen.index[static_cast<std::size_t>(i)] / c.cols == i / c.n_fix);
    CHECK_NOTHROW(Parameter<T>(Tensor<T>({c.rows, c.cols}), frozen));  // positions ascend, so no two are equal
  }
}

TEST_CASE_TEMPLATE("w_asymmetry: a row depends on the key and its index, not on how many rows there are", T, float,
                   double) {
  const Frozen<T> narrow = w_asymmetric_entries<T>(64, 8, 2, 1, Key(4));
  Frozen<T> wide = w_asymmetric_entries<T>(128, 8, 2, 1, Key(4));
  wide.index.resize(narrow.index.size());
  wide.value.resize(narrow.value.size());
  CHECK(narrow == wide);
  CHECK_FALSE(narrow == w_asymmetric_entries<T>(64, 8, 2, 1, Key(5)));
}

TEST_CASE_TEMPLATE("w_asymmetry: a value depends on the key and its place, not on how many are frozen", T, float,
                   double) {
  const Frozen<T> few = w_asymmetric_entries<T>(32, 8, 2, 1, Key(4)),
                  many = w_asymmetric_entries<T>(32, 8, 7, 1, Key(4));
  std::map<Index, T> value;
  for (std::size_t i = 0; i < many.index.size(); ++i) value[many.index[i]] = many.value[i];
  Index common = 0;
  for (std::size_t i = 0; i < few.index.size(); ++i)
    if (value.contains(few.index[i])) {
      CHECK(few.value[i] == value[few.index[i]]);
      ++common;
    }
  CHECK(common > 32);  // 7 of 8 columns are in `many`, so of 64 places 56 are expected
}

TEST_CASE("w_asymmetry: every column is frozen equally often") {
  const Index rows = 20000, cols = 16, n_fix = 3;
  const Frozen<double> frozen = w_asymmetric_entries<double>(rows, cols, n_fix, 1, Key(11));
  std::vector<double> count(static_cast<std::size_t>(cols));
  for (const Index i : frozen.index) ++count[static_cast<std::size_t>(i % cols)];
  const double p = static_cast<double>(n_fix) / cols, expected = rows * p;
  double chi_square = 0;  // within a row the columns exclude each other, hence (cols - 1) / cols
  for (const double n : count)
    chi_square += (n - expected) * (n - expected) / (expected * (1 - p)) * (cols - 1) / static_cast<double>(cols);
  const double degrees = cols - 1;  // mean; variance 2 degrees; four standard deviations
  CHECK(std::abs(chi_square - degrees) < 4 * std::sqrt(2 * degrees));
}

TEST_CASE_TEMPLATE("w_asymmetry: frozen values are standard normal", T, float, double) {
  const Frozen<T> frozen = w_asymmetric_entries<T>(10000, 8, 4, 1, Key(12));
  const double n = static_cast<double>(frozen.size());
  double moment[5] = {};
  for (const T x : frozen.value)
    for (int k = 1; k <= 4; ++k) moment[k] += std::pow(static_cast<double>(x), k) / n;
  CHECK(std::abs(moment[1]) < 4 * std::sqrt(1 / n));  // four standard errors: Var x^k = 1, 2, 15, 96
  CHECK(std::abs(moment[2] - 1) < 4 * std::sqrt(2 / n));
  CHECK(std::abs(moment[3]) < 4 * std::sqrt(15 / n));
  CHECK(std::abs(moment[4] - 3) < 4 * std::sqrt(96 / n));
}

TEST_CASE_TEMPLATE("w_asymmetry: kappa scales the values and leaves the positions", T, float, double) {
  const Frozen<T> one = w_asymmetric_entries<T>(16, 8, 2, 1, Key(4)),
                  half = w_asymmetric_entries<T>(16, 8, 2, 0.5, Key(4));
  CHECK(one.index == half.index);
  for (std::size_t i = 0; i < one.value.size(); ++i) CHECK(half.value[i] == one.value[i] / 2);
}

TEST_CASE("w_asymmetry: n_fix 0 freezes nothing") {
  CHECK(w_asymmetric_entries<float>(64, 8, 0, 1, Key(1)).size() == 0);
  CHECK(w_asymmetric_entries<float>(64, 1, 0, 1, Key(1)).size() == 0);
}

TEST_CASE("w_asymmetry: an n_fix that leaves no free entry is refused") {
  CHECK_THROWS_WITH_AS(w_asymmetric_entries<float>(64, 8, 8, 1, Key(1)),
                       "n_fix is 8 but the fan-in is 8; it must be from 0 to 7", ConfigError);
  CHECK_THROWS_WITH_AS(w_asymmetric_entries<float>(64, 8, -1, 1, Key(1)),
                       "n_fix is -1 but the fan-in is 8; it must be from 0 to 7", ConfigError);
}

TEST_CASE("w_asymmetry: the rule is 2 in the first layer, then the fourth root of the width") {
  CHECK(n_fix_rule(4, 64) == std::vector<Index>{2, 3, 3, 3});
  CHECK(n_fix_rule(4, 128) == std::vector<Index>{2, 3, 3, 3});
  CHECK(n_fix_rule(4, 256) == std::vector<Index>{2, 4, 4, 4});
  CHECK(n_fix_rule(2, 16) == std::vector<Index>{2, 2});
}

TEST_CASE_TEMPLATE("same_rows: every row freezes what row 0 of the W-asymmetric weight does", T, float, double) {
  const Frozen<T> first = w_asymmetric_entries<T>(1, 16, 3, 0.5, Key(4)),
                  all = same_row_entries<T>(9, 16, 3, 0.5, Key(4));
  REQUIRE(all.size() == 9 * 3);
  for (std::size_t i = 0; i < all.index.size(); ++i) {
    CHECK(all.index[i] == static_cast<Index>(i / 3) * 16 + first.index[i % 3]);
    CHECK(all.value[i] == first.value[i % 3]);
  }
  CHECK(same_row_entries<T>(9, 16, 0, 1, Key(4)).size() == 0);
}

TEST_CASE_TEMPLATE("whole_rows: as many whole rows as come nearest to n_fix entries in each", T, float, double) {
  struct Case {
    Index rows, cols, n_fix, whole;
  };
  for (const Case c : {Case{64, 8, 2, 16},
                       {64, 13, 2, 10},
                       {64, 64, 3, 3},
                       {1, 64, 3, 0},
                       {10, 64, 3, 0},
                       {9, 64, 4, 1},
                       {256, 784, 2, 1},
                       {2, 4, 1, 1},
                       {64, 64, 0, 0}})
    for (const bool hidden : {false, true}) {
      CAPTURE(c.rows);
      CAPTURE(c.cols);
      const Frozen<T> frozen = whole_row_entries<T>(c.rows, c.cols, c.n_fix, 1, hidden, Key(1));
      REQUIRE(frozen.size() == c.whole * c.cols);
      for (Index i = 0; i < frozen.size(); ++i) CHECK(frozen.index[static_cast<std::size_t>(i)] % c.cols == i % c.cols);
      CHECK_NOTHROW(Parameter<T>(Tensor<T>({c.rows, c.cols}), frozen));
    }
}

TEST_CASE("whole_rows: every row is chosen equally often") {
  const Index rows = 8, draws = 4000;  // 2 of 8 rows each time: 1000 expected, sd sqrt(4000 3/16) = 27
  std::vector<Index> count(static_cast<std::size_t>(rows));
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(draws); ++i) {
    const Frozen<double> frozen = whole_row_entries<double>(rows, 4, 1, 1, false, Key(6).child(i));
    for (const Index at : frozen.index) ++count[static_cast<std::size_t>(at / 4)];
  }
  for (const Index n : count) CHECK(std::abs(static_cast<double>(n) / 4 - 1000) < 4 * 27.4);
}

TEST_CASE_TEMPLATE("whole_rows: values are normal, one a row over hidden units, which are cols times as many", T, float,
                   double) {
  const Index rows = 4096, cols = 4;
  const Frozen<T> inputs = whole_row_entries<T>(rows, cols, 3, 0.5, false, Key(12)),
                  hidden = whole_row_entries<T>(rows, cols, 3, 0.5, true, Key(12));
  CHECK(inputs.index == hidden.index);
  double square_inputs = 0, square_hidden = 0;
  for (std::size_t i = 0; i < inputs.value.size(); ++i) {
    CHECK(hidden.value[i] == hidden.value[i - i % cols]);
    square_inputs += static_cast<double>(inputs.value[i] * inputs.value[i]);
    square_hidden += static_cast<double>(hidden.value[i] * hidden.value[i]);
  }
  const double n = static_cast<double>(inputs.size());  // variances kappa^2 and kappa^2 / cols; four standard errors
  CHECK(std::abs(square_inputs / n - 0.25) < 4 * 0.25 * std::sqrt(2 / n));
  CHECK(std::abs(square_hidden / n - 0.0625) < 4 * 0.0625 * std::sqrt(2 * cols / n));
}

TEST_CASE("same_rows, whole_rows: an n_fix that leaves no free entry is refused") {
  CHECK_THROWS_WITH_AS(same_row_entries<float>(64, 8, 8, 1, Key(1)),
                       "n_fix is 8 but the fan-in is 8; it must be from 0 to 7", ConfigError);
  CHECK_THROWS_WITH_AS(whole_row_entries<float>(64, 8, -1, 1, true, Key(1)),
                       "n_fix is -1 but the fan-in is 8; it must be from 0 to 7", ConfigError);
}

TEST_CASE("w_asymmetry: a kappa whose values float cannot hold is refused, not frozen as infinity") {
  const char* const text = "w_asymmetry: kappa 1e+38; 9 kappa must fit a float";
  CHECK_THROWS_WITH_AS(w_asymmetric_entries<float>(2, 4, 1, 1e38, Key(1)), text, ConfigError);
  CHECK_THROWS_WITH_AS(same_row_entries<float>(2, 4, 1, 1e38, Key(1)), text, ConfigError);
  CHECK_THROWS_WITH_AS(whole_row_entries<float>(2, 4, 1, 1e38, false, Key(1)), text, ConfigError);
  CHECK_THROWS_AS(w_asymmetric_entries<double>(2, 4, 1, std::numeric_limits<double>::infinity(), Key(1)), ConfigError);
  CHECK(std::isfinite(w_asymmetric_entries<double>(2, 4, 1, 1e38, Key(1)).value[0]));
  CHECK(std::isfinite(w_asymmetric_entries<float>(2, 4, 1, 1e37, Key(1)).value[0]));
}

TEST_CASE("kappa_free: the standard deviation of a free weight") {
  CHECK(kappa_free(8) * kappa_free(8) == doctest::Approx(0.0416667).epsilon(1e-6));
  CHECK(kappa_free(256) * kappa_free(256) == doctest::Approx(0.00130208).epsilon(1e-5));
  CHECK_THROWS_WITH_AS(kappa_free(0), "kappa_free: fan-in is 0; at least 1 is needed", ConfigError);
}
