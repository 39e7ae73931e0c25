// SPDX-License-Identifier: MIT
#include "wsym/data/preprocess.hpp"

#include <doctest/doctest.h>

#include <bit>

#include "wsym/core/random.hpp"

using namespace wsym;

namespace {

using enum ColumnKind;

Column numbers(const char* name, std::vector<double> values, ColumnKind kind = number) {
  return {.name = name, .kind = kind, .numbers = std::move(values)};
}
Column words(const char* name, std::vector<std::string> vocabulary, std::vector<std::int32_t> codes,
             ColumnKind kind = category, bool declared = true) {
  return {.name = name,
          .kind = kind,
          .codes = std::move(codes),
          .vocabulary = Vocabulary(std::move(vocabulary)),
          .declared = declared};
}

const double nan = std::numeric_limits<double>::quiet_NaN();

/// colour comes before x in the table, so after it among the features; id is none.
Table table() {
  return {.columns = {{.name = "id", .kind = identifier, .texts = {"a", "b", "c", "d", "e"}},
                      words("colour", {"red", "green", "blue"}, {0, 2, 0, 2, -1}),
                      numbers("x", {1, 2, 3, 4, nan}),
                      numbers("same", {7, 7, 7, 7, 9}),
                      words("y", {"no", "yes"}, {0, 1, 1, 0, 1}, target_class)},
          .rows = 5};
}

const std::vector<Index> train{0, 1, 2, 3};

}  // namespace

TEST_CASE("preprocess: the column 1, 2, 3, 4 has mean 2.5 and population sd 1.118033988750") {
  const Preprocessor fitted = Preprocessor::fit(table(), train);
  CHECK(fitted.mean[0] == 2.5);
  CHECK(fitted.sd[0] == doctest::Approx(1.118033988750).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("preprocess: numbers come first, scaled, then a feature a category", T, float, double) {
  const Preprocessor fitted = Preprocessor::fit(table(), train);
  CHECK(fitted.features() == 5);
  const Tensor<T> x = fitted.transform<T>(table(), train);
  const Tensor<T> one_hot({4, 3}, {1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1});
  for (Index i = 0; i < 4; ++i) {
    CHECK(x(i, 0) == static_cast<T>((static_cast<double>(i) - 1.5) / fitted.sd[0]));
    for (Index j = 0; j < 3; ++j) CHECK(x(i, 2 + j) == one_hot(i, j));
  }
}

TEST_CASE_TEMPLATE("preprocess: constant columns and what is not known become zeros", T, float, double) {
  const Preprocessor fitted = Preprocessor::fit(table(), train);
  const Tensor<T> last = fitted.transform<T>(table(), std::vector<Index>{4});  // x missing, same 9, no colour
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

TEST_CASE("preprocess: rows outside the fit never influence it") {
  Table perturbed = table();
  const Preprocessor before = Preprocessor::fit(perturbed, train);
  for (Column& column : perturbed.columns) {
    if (!column.numbers.empty()) column.numbers[4] = 1e6;
    if (!column.codes.empty()) column.codes[4] = 0;
  }
  CHECK(Preprocessor::fit(perturbed, train) == before);
  CHECK(Preprocessor::fit_on_all_rows(perturbed) != before);
}

TEST_CASE("preprocess: one-hot features are scaled when asked for") {
  const Preprocessor fitted = Preprocessor::fit(table(), train, {.one_hot = true});
  CHECK(fitted.mean == std::vector<double>{2.5, 7, 0.5, 0, 0.5});
  CHECK(fitted.sd[2] == 0.5);
  CHECK(fitted.sd[3] == 0);
  CHECK(fitted.transform<double>(table(), std::vector<Index>{0})(0, 2) == 1);
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
  Table collected = table();
  collected.columns[1].declared = false;
  const Preprocessor fitted = Preprocessor::fit(collected, train);
  CHECK(fitted.sources.back().vocabulary == Vocabulary({"red", "blue"}));

  Table other = table();
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

  const Preprocessor fitted = Preprocessor::fit(table(), train);
  Table other = table();
  other.columns.back() = words("y", {"yes", "no", "maybe"}, {0, 1, 0, 0, 2}, target_class);
  CHECK(fitted.dataset<T>(other, train).labels == std::vector<std::int32_t>{1, 0, 1, 1});
  CHECK_THROWS_WITH_AS(fitted.dataset<T>(other, std::vector<Index>{4}),
                       "column 'y': not one of the classes 'no', 'yes' (value: 'maybe')", DataError);
}

TEST_CASE("preprocess: a table that lacks a column or a row is refused") {
  const Preprocessor fitted = Preprocessor::fit(table(), train);
  Table other = table();
  CHECK_THROWS_WITH_AS(fitted.transform<float>(other, std::vector<Index>{5}), "Preprocessor: row 5 of a table with 5",
                       ConfigError);
  other.columns[2].name = "z";
  CHECK_THROWS_WITH_AS(fitted.transform<float>(other, train), "Preprocessor: the table has no column 'x'", ConfigError);
  other.columns[2] = words("x", {"a"}, {0, 0, 0, 0, 0});
  CHECK_THROWS_WITH_AS(fitted.transform<float>(other, train),
                       "Preprocessor: column 'x' is not of the kind it was fitted on", ConfigError);
  CHECK_THROWS_WITH_AS(Preprocessor::fit(table(), {}), "Preprocessor: no rows to fit on", ConfigError);
}

TEST_CASE("preprocess: JSON gives back the same value, bit for bit") {
  Preprocessor fitted = Preprocessor::fit(table(), train, {.one_hot = true});
  fitted.sources.push_back({"pixels", pixels, 50, {}});
  for (std::uint64_t i = 0; i < 50; ++i) {
    fitted.mean.push_back(Key(7).normal(i) * std::pow(10.0, static_cast<double>(i) * 6 - 150));
    fitted.sd.push_back(std::exp(Key(8).normal(i) * 50));
  }
  fitted.mean.back() = -0.0;
  fitted.sd.back() = 5e-324;
  const Preprocessor back = preprocessor_from_json(Json::parse(to_json(fitted).dump()));
  CHECK(back == fitted);
  for (std::size_t i = 0; i < fitted.mean.size(); ++i) {
    CHECK(std::bit_cast<std::uint64_t>(back.mean[i]) == std::bit_cast<std::uint64_t>(fitted.mean[i]));
    CHECK(std::bit_cast<std::uint64_t>(back.sd[i]) == std::bit_cast<std::uint64_t>(fitted.sd[i]));
  }
}

TEST_CASE("preprocess: JSON whose lists do not fit together is refused") {
  Json json = to_json(Preprocessor::fit(table(), train));
  json["mean"] = Json::array(std::vector<double>{1});
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: 1 means and 5 sds; the sources have 5 features",
                       FormatError);
  json = to_json(Preprocessor::fit(table(), train));
  json["sources"].push_back(Json::object({{"name", "p"}, {"pixels", 0}}));
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: source 'p' has 0 pixels; there are 5 means",
                       FormatError);
  CHECK_THROWS_AS(preprocessor_from_json(Json::object()), FormatError);
}
