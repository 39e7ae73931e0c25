// SPDX-License-Identifier: MIT
#include "wsym/data/table_schema.hpp"

#include <doctest/doctest.h>

using namespace wsym;

namespace {
TableSchema schema() {
  using enum ColumnKind;
  return {.columns = {{"id", identifier},
                      {.name = "size", .missing = {"", "?"}},
                      {.name = "colour",
                       .kind = category,
                       .vocabulary = {"red", "blue"},
                       .missing = "",
                       .unknown = UnknownCategory::accept},
                      {.name = "price", .kind = target_number}},
          .separator = Separator::comma_space,
          .header = true,
          .preamble = "|"};
}
}  // namespace

TEST_CASE("table_schema: markers are none, one word, the empty field, or several") {
  CHECK(ColumnSchema{.name = "x"}.missing.empty());
  CHECK(MissingMarkers({}).empty());
  CHECK(MissingMarkers("?").words() == std::vector<std::string>{"?"});
  CHECK(MissingMarkers("").words() == std::vector<std::string>{""});
  CHECK(MissingMarkers(std::string("NA")).contains("NA"));
  CHECK(MissingMarkers{"", "NA"}.words() == std::vector<std::string>{"", "NA"});
  CHECK_FALSE(MissingMarkers().contains(""));
}

TEST_CASE("table_schema: JSON gives back the same schema, with enumerators by name") {
  const Json json = to_json(schema());
  CHECK(json["columns"][2].dump() ==
        R"({"name":"colour","kind":"category","vocabulary":["red","blue"],"missing":[""],"unknown":"accept"})");
  CHECK(json.string("separator") == "comma_space");
  CHECK(table_schema_from_json(Json::parse(json.dump())) == schema());
  TableSchema other = schema();
  other.columns[0].kind = ColumnKind::target_class, other.columns[3].kind = ColumnKind::number;
  other.separator = Separator::comma, other.header = false, other.preamble = "";
  CHECK(table_schema_from_json(Json::parse(to_json(other).dump())) == other);
}

TEST_CASE("table_schema: JSON that is no schema is refused") {
  Json json = to_json(schema());
  json["separator"] = "semi";
  CHECK_THROWS_WITH_AS(table_schema_from_json(json),
                       "json: member 'separator' is 'semi'; comma or comma_space is needed", FormatError);
  json = to_json(schema());
  json["columns"].push_back(json["columns"].items()[0]);
  CHECK_THROWS_WITH_AS(table_schema_from_json(json), "TableSchema: two columns 'id'", FormatError);
  CHECK_THROWS_WITH_AS(table_schema_from_json(Json::object()), "json: member 'columns' is missing", FormatError);
  TableSchema pixels = schema();
  pixels.columns[0].kind = ColumnKind::pixels;
  CHECK_THROWS_AS(table_schema_from_json(to_json(pixels)), FormatError);
}
