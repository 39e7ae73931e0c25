// SPDX-License-Identifier: MIT
#include "wsym/data/preprocess.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "data/small_table.hpp"
#include "wsym/core/random.hpp"
#include "wsym/data/split.hpp"

using namespace wsym;
using namespace wsym::test;
using enum ColumnKind;

TEST_CASE("preprocess: the column 1, 2, 3, 4 has mean 2.5 and population sd 1.118033988750") {
  const Preprocessor fitted = Preprocessor::fit(small_table(), train);
  CHECK(fitted.mean[0] == 2.5);
  CHECK(fitted.sd[0] == doctest::Approx(1.118033988750).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("preprocess: numbers come first, scaled, then a feature a category", T, float, double) {
  const Preprocessor fitted = Preprocessor::fit(small_table(), train);
  CHECK(fitted.features() == 5);
  const Tensor<T> x = fitted.transform<T>(small_table(), train);
  const Tensor<T> one_hot({4, 3}, {1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1});
  for (Index i = 0; i < 4; ++i) {
    CHECK(x(i, 0) == static_cast<T>((static_cast<double>(i) - 1.5) / fitted.sd[0]));
    for (Index j = 0; j < 3; ++j) CHECK(x(i, 2 + j) == one_hot(i, j));
  }
}

TEST_CASE_TEMPLATE("preprocess: constant columns and what is not known become zeros", T, float, double) {
  const Preprocessor fitted = Preprocessor::fit(small_table(), train);
  const Tensor<T> last = fitted.transform<T>(small_table(), std::vector<Index>{4});  // x missing, same 9, no colour
  CHECK(same_bits(last, Tensor<T>({1, 5})));
}

TEST_CASE("preprocess: a column of equal numbers is constant though their mean is rounded") {
  const Table tenths{
      .columns = {numbers("x", std::vector<double>(10, 0.1)), numbers("y", std::vector<double>(10, 1), target_number)},
      .rows = 10};
  const Preprocessor fitted = Preprocessor::fit_on_all_rows(tenths);
  CHECK(fitted.sd[0] == 0);
  CHECK(fitted.mean[0] == 0.1);
}

TEST_CASE("preprocess: numbers of any size have a mean and an sd") {
  const auto fitted_on = [](std::vector<double> x) {
    const auto n = static_cast<Index>(x.size());
    const std::vector<double> y(x.size(), 1);
    return Preprocessor::fit_on_all_rows(
        {.columns = {numbers("x", std::move(x)), numbers("y", y, target_number)}, .rows = n});
  };
  const double most = std::numeric_limits<double>::max(), least = 5e-324;
  const auto moments_are = [&](std::vector<double> x, double mean, double sd) {
    const Preprocessor fitted = fitted_on(std::move(x));
    CHECK(fitted.mean[0] == doctest::Approx(mean).epsilon(1e-14));
    CHECK(fitted.sd[0] == doctest::Approx(sd).epsilon(1e-14));
  };
  const double third = std::sqrt(2.0 / 3);
  moments_are({1, 2, 3, -most}, -most / 4, most / 4 * std::sqrt(3.0));
  moments_are({1e200, 2e200, 3e200}, 2e200, third * 1e200);
  moments_are({1e308, 1.5e308}, 1.25e308, 0.25e308);
  moments_are({-most, most}, 0, most);
  moments_are({most, most, -most}, most / 3, most / 3 * std::sqrt(8.0));
  CHECK(fitted_on({1e-200, 2e-200, 3e-200}).sd[0] / 1e-200 == doctest::Approx(third).epsilon(1e-14));
  CHECK(fitted_on({1 + 1e-200, 1e-170, 1e-171}).sd[0] == doctest::Approx(std::sqrt(2.0) / 3).epsilon(1e-14));
  CHECK(fitted_on({0, 4 * least}).mean[0] == 2 * least);
  CHECK(fitted_on({0, 4 * least}).sd[0] == 2 * least);
  CHECK(fitted_on({most, most, most}).sd[0] == 0);
}

TEST_CASE("preprocess: where plain sums of squares are fit to be used, sd is theirs to the last bit") {
  for (const double size : {1e-140, 1e-125, 1e-110, 1.0, 1e100, 1e125, 1e140}) {
    std::vector<double> x;
    double sum = 0, plain = 0, fused = 0;  // which of them depends on the build
    for (Index i = 0; i < 1000; ++i) x.push_back(size * (Key(3).normal(i) + 0.5)), sum += x.back();
    const double mean = sum / 1000;
    for (const double one : x) {
      const double d = one - mean;
      plain += d * d, fused = std::fma(d, d, fused);
    }
    const std::vector<double> y(1000, 1);
    const Preprocessor fitted =
        Preprocessor::fit_on_all_rows({.columns = {numbers("x", x), numbers("y", y, target_number)}, .rows = 1000});
    CHECK(fitted.mean[0] == mean);
    const double sd = fitted.sd[0];
    CHECK((sd == std::sqrt(plain / 1000) || sd == std::sqrt(fused / 1000)));
  }
}

TEST_CASE_TEMPLATE("preprocess: the squares of scaled numbers add up to the rows, for numbers of any size", T, float,
                   double) {
  const double most = std::numeric_limits<double>::max();
  for (const std::vector<double>& x : {std::vector<double>{1, 2, 3, -most},
                                       {1e200, 2e200, 3e200},
                                       {-most, most, -most},
                                       {1e308, 1.5e308},
                                       {1e-200, 2e-200, 3e-200},
                                       {-most, most, most, most, most}}) {
    const auto n = static_cast<Index>(x.size());
    const std::vector<double> y(x.size(), 1);
    const Table one{.columns = {numbers("x", x), numbers("y", y, target_number)}, .rows = n};
    const Tensor<T> z = Preprocessor::fit_on_all_rows(one).transform<T>(one, detail::all_rows(n));
    double squares = 0;
    for (Index i = 0; i < n; ++i) squares += static_cast<double>(z[i]) * static_cast<double>(z[i]);
    CHECK(squares == doctest::Approx(static_cast<double>(n)).epsilon(1e-6));
  }
}

TEST_CASE("preprocess: rows outside the fit never influence it") {
  Table perturbed = small_table();
  const Preprocessor before = Preprocessor::fit(perturbed, train);
  for (Column& column : perturbed.columns) {
    if (!column.numbers.empty()) column.numbers[4] = 1e6;
    if (!column.codes.empty()) column.codes[4] = 0;
  }
  CHECK(Preprocessor::fit(perturbed, train) == before);
  CHECK(Preprocessor::fit_on_all_rows(perturbed) != before);
}

TEST_CASE("preprocess: one-hot features are scaled when asked for") {
  const Preprocessor fitted = Preprocessor::fit(small_table(), train, {.one_hot = true});
  CHECK(fitted.mean == std::vector<double>{2.5, 7, 0.5, 0, 0.5});
  CHECK(fitted.sd[2] == 0.5);
  CHECK(fitted.sd[3] == 0);
  CHECK(fitted.transform<double>(small_table(), std::vector<Index>{0})(0, 2) == 1);
}

TEST_CASE("preprocess: pixels scaled together share mean and sd, apart they do not") {
  Table images{.columns = {{.name = "pixels", .kind = pixels, .pixels = {0, 10, 0, 30}, .width = 2},
                           words("digit", {"0", "1"}, {0, 1}, target_class)},
               .rows = 2};
  const Preprocessor apart = Preprocessor::fit_on_all_rows(images);
  CHECK(apart.mean == std::vector<double>{0, 20});
  CHECK(apart.sd == std::vector<double>{0, 10});
  const Preprocessor together = Preprocessor::fit_on_all_rows(images, {.together = true});
  CHECK(together.mean == std::vector<double>{10, 10});
  CHECK(together.sd[0] == doctest::Approx(std::sqrt(150.0)));
  CHECK(together.sd[1] == together.sd[0]);
  const Dataset<double> data = together.dataset<double>(images, std::vector<Index>{1});
  CHECK(data.x(0, 1) == doctest::Approx(20 / std::sqrt(150.0)));
  CHECK(data.labels == std::vector<std::int32_t>{1});
}

TEST_CASE("preprocess: a collected vocabulary is that of the fitted rows, and words are matched by name") {
  Table collected = small_table();
  collected.columns[1].declared = false;
  const Preprocessor fitted = Preprocessor::fit(collected, train);
  CHECK(fitted.sources.back().vocabulary == Vocabulary({"red", "blue"}));

  Table other = small_table();
  other.columns[1] = words("colour", {"black", "blue", "red"}, {2, 1, 0, 2, 1});
  const Tensor<double> x = fitted.transform<double>(other, train);
  CHECK(x(0, 2) == 1);
  CHECK(x(1, 3) == 1);
  CHECK(x(2, 2) + x(2, 3) == 0);  // black was not seen
}

TEST_CASE_TEMPLATE("preprocess: targets keep their unit, labels are those of the fitted classes", T, float, double) {
  const Table prices{.columns = {numbers("x", {1, 2}), numbers("price", {4.526, 3.585}, target_number)}, .rows = 2};
  const Dataset<T> data = Preprocessor::fit_on_all_rows(prices).dataset<T>(prices, std::vector<Index>{1, 0});
  CHECK(data.task == Task{TaskKind::regression, 1});
  CHECK(same_bits(data.y, Tensor<T>({2, 1}, {static_cast<T>(3.585), static_cast<T>(4.526)})));
  CHECK_NOTHROW(check(data));

  const Preprocessor fitted = Preprocessor::fit(small_table(), train);
  Table other = small_table();
  other.columns.back() = words("y", {"yes", "no", "maybe"}, {0, 1, 0, 0, 2}, target_class);
  CHECK(fitted.dataset<T>(other, train).labels == std::vector<std::int32_t>{1, 0, 1, 1});
  CHECK_THROWS_WITH_AS(fitted.dataset<T>(other, std::vector<Index>{4}),
                       "column 'y': row 4 (from 0): not one of the classes 'no', 'yes' (value: 'maybe')", DataError);
}

TEST_CASE("preprocess: a table that lacks a column or a row is refused") {
  const Preprocessor fitted = Preprocessor::fit(small_table(), train);
  Table other = small_table();
  CHECK_THROWS_WITH_AS(fitted.transform<float>(other, std::vector<Index>{5}), "Preprocessor: row 5 of a table with 5",
                       ConfigError);
  other.columns[2].name = "z";
  CHECK_THROWS_WITH_AS(fitted.transform<float>(other, train), "Preprocessor: the table has no column 'x'", ConfigError);
  other.columns[2] = words("x", {"a"}, {0, 0, 0, 0, 0});
  CHECK_THROWS_WITH_AS(fitted.transform<float>(other, train),
                       "Preprocessor: column 'x' is not of the kind it was fitted on", ConfigError);
  CHECK_THROWS_WITH_AS(Preprocessor::fit(small_table(), {}), "Preprocessor: no rows to fit on", ConfigError);
}

TEST_CASE("preprocess: a number that float cannot hold is named by column and row, and double takes it") {
  const std::vector<Index> rows{0, 1, 2};
  Table prices{.columns = {numbers("x", {1, 2, 1e300}), numbers("price", {1, 2, 3}, target_number)}, .rows = 3};
  const Preprocessor fitted = Preprocessor::fit(prices, std::vector<Index>{0, 1});
  CHECK_THROWS_WITH_AS(fitted.transform<float>(prices, rows),
                       "column 'x': row 2 (from 0): (x - 1.5) / 0.5 does not fit a float (value: '1e+300')", DataError);
  CHECK(fitted.transform<double>(prices, rows)(2, 0) == 2e300);
  prices.sources.push_back({"prices.csv", 0, 2});
  CHECK_THROWS_WITH_AS(fitted.transform<float>(prices, rows),
                       "prices.csv:4: column 'x': (x - 1.5) / 0.5 does not fit a float (value: '1e+300')", DataError);
  prices.columns[0].numbers[2] = 3, prices.columns[1].numbers[2] = 1e39;
  CHECK_THROWS_WITH_AS(fitted.dataset<float>(prices, rows),
                       "prices.csv:4: column 'price': the target does not fit a float (value: '1e+39')", DataError);
  CHECK(fitted.dataset<double>(prices, rows).y[2] == 1e39);
}

TEST_CASE("preprocess: a table made by hand is looked at before it is used") {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto refuse = [](const std::function<void(Table&)>& spoil, const char* text) {
    Table spoilt = small_table();
    spoil(spoilt);
    CHECK_THROWS_WITH_AS(Preprocessor::fit(spoilt, train).dataset<float>(spoilt, train), text, DataError);
    CHECK_THROWS_WITH_AS(Preprocessor::fit(small_table(), train).dataset<float>(spoilt, train), text, DataError);
  };
  refuse([&](Table& t) { t.columns[2].numbers[1] = -infinity; },
         "column 'x': row 1 (from 0): not a finite number (value: '-inf')");
  refuse([](Table& t) { t.columns[1].codes[3] = 77; },
         "column 'colour': row 3 (from 0): not a code of 3 words (value: '77')");
  refuse([](Table& t) { t.columns[1].codes[0] = -2; },
         "column 'colour': row 0 (from 0): not a code of 3 words (value: '-2')");
  refuse([](Table& t) { t.columns[4].codes[2] = 2; }, "column 'y': row 2 (from 0): not a code of 2 words (value: '2')");
  refuse([](Table& t) { t.columns[4].codes[2] = -1; },
         "column 'y': row 2 (from 0): the class is not known (value: '-1')");

  Table collected = small_table();
  collected.columns[1].declared = false, collected.columns[1].codes[1] = 3;
  CHECK_THROWS_AS(Preprocessor::fit(collected, train), DataError);
  Table longer = small_table();
  longer.rows = 6;
  const std::vector<Index> last{5};
  CHECK_THROWS_WITH_AS(Preprocessor::fit(longer, last),
                       "Preprocessor: column 'colour' has 5 values, 1 a row; the table has 6 rows", ShapeError);
  longer.columns[1].codes.push_back(0);
  CHECK_THROWS_WITH_AS(Preprocessor::fit(small_table(), train).transform<float>(longer, last),
                       "Preprocessor: column 'x' has 5 values, 1 a row; the table has 6 rows", ShapeError);
  for (const std::size_t i : {2u, 3u}) longer.columns[i].numbers.push_back(0);
  CHECK_NOTHROW(Preprocessor::fit(small_table(), train).transform<float>(longer, last));
  CHECK_THROWS_WITH_AS(Preprocessor::fit(small_table(), train).dataset<float>(longer, last),
                       "Preprocessor: column 'y' has 5 values, 1 a row; the table has 6 rows", ShapeError);
  const Table images{.columns = {{.name = "p", .kind = pixels, .pixels = {1, 2, 3}, .width = 2}, longer.columns[4]},
                     .rows = 5};
  CHECK_THROWS_WITH_AS(Preprocessor::fit_on_all_rows(images),
                       "Preprocessor: column 'p' has 3 values, 2 a row; the table has 5 rows", ShapeError);
}

TEST_CASE("preprocess: a target that is not known or not finite is named") {
  for (const bool scale : {false, true}) {
    Table prices{.columns = {numbers("x", {1, 2}), numbers("price", {1, not_known}, target_number)}, .rows = 2};
    const auto data = [&] {
      return Preprocessor::fit_on_all_rows(prices, {.target = scale}).dataset<double>(prices, std::vector<Index>{0, 1});
    };
    CHECK_THROWS_WITH_AS(data(), "column 'price': row 1 (from 0): the target is not known (value: 'nan')", DataError);
    prices.columns[1].numbers[1] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(data(), "column 'price': row 1 (from 0): not a finite number (value: 'inf')", DataError);
  }
}

TEST_CASE_TEMPLATE("preprocess: a target is scaled where asked, by the fitted rows, and predictions come back", T,
                   float, double) {
  const Table prices{
      .columns = {numbers("x", {1, 2, 3, 4, 5}), numbers("price", {1001, 1002, 1003, 1004, 9000}, target_number)},
      .rows = 5};
  const Preprocessor plain = Preprocessor::fit(prices, train);
  CHECK_FALSE(plain.scales_target());
  const Preprocessor fitted = Preprocessor::fit(prices, train, {.target = true});
  CHECK(fitted.scales_target());
  CHECK(fitted.target_mean == 1002.5);
  CHECK(fitted.target_sd == fitted.sd[0]);
  CHECK(fitted.mean == plain.mean);
  const std::vector<Index> all{0, 1, 2, 3, 4};
  Dataset<T> data = fitted.dataset<T>(prices, all);
  CHECK(same_bits(data.x, plain.dataset<T>(prices, all).x));
  CHECK(data.y[0] == static_cast<T>(-1.5 / fitted.target_sd));
  CHECK(data.y[4] == static_cast<T>(7997.5 / fitted.target_sd));
  fitted.unscale_target(data.y.mat());
  for (Index i = 0; i < 5; ++i)
    CHECK(data.y[i] == doctest::Approx(prices.columns[1].numbers[static_cast<std::size_t>(i)]).epsilon(1e-6));

  Tensor<T> y({1, 2}, {T(2.5), std::numeric_limits<T>::quiet_NaN()});
  fitted.unscale_target(y.mat());
  CHECK(y[0] == static_cast<T>(std::fma(2.5, fitted.target_sd, 1002.5)));
  CHECK(std::isnan(y[1]));
  Tensor<T> kept({1, 1}, T(2.5));
  plain.unscale_target(kept.mat());
  CHECK(kept[0] == T(2.5));
  CHECK_THROWS_WITH_AS(Preprocessor::fit(small_table(), train, {.target = true}),
                       "Preprocessor: the target 'y' is a class; only a number can be scaled", ConfigError);
}

TEST_CASE("preprocess: a constant target is 0 scaled, and its value when predicted") {
  const Table prices{.columns = {numbers("x", {1, 2}), numbers("price", {7, 7}, target_number)}, .rows = 2};
  const Preprocessor fitted = Preprocessor::fit_on_all_rows(prices, {.target = true});
  Dataset<float> data = fitted.dataset<float>(prices, std::vector<Index>{0, 1});
  CHECK(same_bits(data.y, Tensor<float>({2, 1})));
  data.y[1] = 3;
  fitted.unscale_target(data.y.mat());
  CHECK(same_bits(data.y, Tensor<float>({2, 1}, {7, 7})));
}

TEST_CASE("preprocess: a target that float cannot hold is refused also when scaled, and so is such a prediction") {
  const Table prices{.columns = {numbers("x", {1, 2}), numbers("price", {1e39, 2e39}, target_number)}, .rows = 2};
  const Preprocessor fitted = Preprocessor::fit_on_all_rows(prices, {.target = true});
  CHECK_THROWS_WITH_AS(fitted.dataset<float>(prices, std::vector<Index>{1}),
                       "column 'price': row 1 (from 0): the target does not fit a float (value: '2e+39')", DataError);
  CHECK(fitted.dataset<double>(prices, std::vector<Index>{1}).y[0] == doctest::Approx(1));
  Tensor<float> y({2, 1}, {-3, 1});
  CHECK_THROWS_WITH_AS(fitted.unscale_target(y.mat()),
                       "column 'price': row 1, column 0 (from 0) of the predictions does not fit a float "
                       "(value: '2e+39')",
                       DataError);
}
