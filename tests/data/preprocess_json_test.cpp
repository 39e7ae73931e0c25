// SPDX-License-Identifier: MIT
#include "wsym/data/preprocess_json.hpp"

#include <doctest/doctest.h>

#include <bit>

#include "data/scratch_file.hpp"
#include "data/small_table.hpp"
#include "wsym/core/random.hpp"

using namespace wsym;
using namespace wsym::test;
using enum ColumnKind;

TEST_CASE("preprocess_json: JSON gives back the same value, bit for bit") {
  Preprocessor fitted = Preprocessor::fit(small_table(), train, {.one_hot = true});
  fitted.sources.push_back({"pixels", pixels, 50, {}});
  for (std::uint64_t i = 0; i < 50; ++i) {
    fitted.mean.push_back(Key(7).normal(i) * std::pow(10.0, static_cast<double>(i) * 6 - 150));
    fitted.sd.push_back(std::exp(Key(8).normal(i) * 50));
  }
  fitted.mean.back() = -0.0;
  fitted.sd.back() = 5e-324;
  CHECK_FALSE(to_json(fitted).contains("target_mean"));
  const Preprocessor back = preprocessor_from_json(Json::parse(to_json(fitted).dump()));
  CHECK(back == fitted);
  for (std::size_t i = 0; i < fitted.mean.size(); ++i) {
    CHECK(std::bit_cast<std::uint64_t>(back.mean[i]) == std::bit_cast<std::uint64_t>(fitted.mean[i]));
    CHECK(std::bit_cast<std::uint64_t>(back.sd[i]) == std::bit_cast<std::uint64_t>(fitted.sd[i]));
  }
}

TEST_CASE("preprocess_json: JSON whose lists do not fit together is refused") {
  Json json = to_json(Preprocessor::fit(small_table(), train));
  json["mean"] = Json::array(std::vector<double>{1});
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: 1 means and 5 sds; the sources have 5 features",
                       FormatError);
  json = to_json(Preprocessor::fit(small_table(), train));
  json["sources"].push_back(Json::object({{"name", "p"}, {"pixels", 0}}));
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: source 'p' has 0 pixels; there are 5 means",
                       FormatError);
  CHECK_THROWS_AS(preprocessor_from_json(Json::object()), FormatError);
  json = to_json(Preprocessor::fit(small_table(), train));
  json["sources"].push_back(json["sources"].items()[0]);
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: two sources 'x'", FormatError);
  json = to_json(Preprocessor::fit(small_table(), train));
  json["classes"] = Json::array(std::vector<std::string>{"no", "no"});
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "Vocabulary: 'no' comes twice", FormatError);
  json = to_json(Preprocessor::fit(small_table(), train));
  json["target_mean"] = 1.0, json["target_sd"] = 2.0;
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: the target 'y' has classes and is scaled",
                       FormatError);
  json["classes"] = Json::array();
  CHECK(preprocessor_from_json(json).target_sd == 2);
  json["target_sd"] = -2.0;
  CHECK_THROWS_WITH_AS(preprocessor_from_json(json), "preprocessor: an sd of -2; it is not negative", FormatError);
}

TEST_CASE("preprocess_json: the scale of a target is in the JSON only if it is scaled") {
  const Table prices{.columns = {numbers("x", {1, 2}), numbers("price", {0.1, 0.3}, target_number)}, .rows = 2};
  const Preprocessor fitted = Preprocessor::fit_on_all_rows(prices, {.target = true});
  CHECK(preprocessor_from_json(Json::parse(to_json(fitted).dump())) == fitted);
  CHECK(to_json(fitted).number("target_sd") == fitted.target_sd);
}

namespace {
/// A category before a number, which are the other way round among the sources; "" is a size that is not known.
TableSchema sizes_schema() {
  return {.columns = {{"id", identifier},
                      {.name = "colour", .kind = category, .unknown = UnknownCategory::accept},
                      {.name = "size", .missing = ""},
                      {"price", target_number}},
          .header = true};
}
}  // namespace

TEST_CASE_TEMPLATE("input_schema: rows to predict are read by name, with or without target, whatever the order", T,
                   float, double) {
  const test::ScratchFile training("a.csv", "id,colour,size,price\na,red,1,10\nb,blue,,20\nc,red,3,30\n");
  const Table table = read_table(training.path(), sizes_schema());
  const std::vector<Index> rows{0, 1, 2};
  const Preprocessor fitted = Preprocessor::fit_on_all_rows(table);
  const Tensor<T> wanted = fitted.transform<T>(table, rows);
  const TableSchema inputs = input_schema(fitted, sizes_schema());
  CHECK(inputs == TableSchema{.columns = {sizes_schema().columns[2], sizes_schema().columns[1]}, .header = true});
  for (const char* text :
       {"colour,size\nred,1\nblue,\nred,3\n", "price,size,note,colour\n?,1,,red\n,,x,blue\n,3,,red\n"}) {
    const test::ScratchFile file("b.csv", text);
    CHECK(same_bits(fitted.transform<T>(read_columns(file.path(), inputs), rows), wanted));
  }
  const test::ScratchFile file("c.csv", "colour,size\ngreen,1\n");
  const Table other = read_columns(file.path(), input_schema(fitted));
  CHECK(same_bits(fitted.transform<T>(other, std::vector<Index>{0}), Tensor<T>({1, 3}, {wanted(0, 0), 0, 0})));
}

TEST_CASE("input_schema: refuses a schema without its columns, and pixels") {
  const Preprocessor fitted = Preprocessor::fit(small_table(), train);
  CHECK_THROWS_WITH_AS(input_schema(fitted, sizes_schema()),
                       "input_schema: the schema has no column 'x' of the kind it was fitted on", ConfigError);
  Preprocessor images = fitted;
  images.sources[0].kind = pixels;
  CHECK_THROWS_WITH_AS(input_schema(images), "TableSchema: column 'x' holds pixels; a CSV file has numbers",
                       ConfigError);
}
