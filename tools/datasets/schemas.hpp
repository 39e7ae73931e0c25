// SPDX-License-Identifier: MIT
#pragma once
#include <sys/stat.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wsym/data/table.hpp"

namespace wsym::datasets {

namespace detail {

inline bool exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

/// dir/folder/name for the first of the names that exists. Throws DataError that says what is missing, and what to do.
inline std::string find_file(const std::string& dir, const std::string& folder, const std::vector<std::string>& names) {
  std::string other;
  for (const std::string& name : names) {
    if (const std::string path = dir + "/" + folder + "/" + name; exists(path)) return path;
    if (name != names.front()) other += ", nor is " + name + " beside it";
  }
  throw DataError(message(exists(dir) ? "no such file" : "no such data directory", other, "; 'scripts/fetch_data.sh ",
                          dir, "' downloads it, or says where to get it and where to put it"),
                  dir + "/" + folder + "/" + names.front());
}

/// A column in a form that costs a compiler little; its words are separated by blanks.
struct ColumnLine {
  const char* name;
  ColumnKind kind = ColumnKind::number;
  std::string_view words = {};
};

inline std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return words;
}

inline void add_column(TableSchema& schema, const ColumnLine& line) {
  ColumnSchema& column = schema.columns.emplace_back();
  column.name = line.name;
  column.kind = line.kind;
  column.vocabulary = words_of(line.words);
}

inline TableSchema schema_of(std::initializer_list<ColumnLine> lines) {
  TableSchema schema;
  for (const ColumnLine& line : lines) add_column(schema, line);
  return schema;
}

inline constexpr std::string_view digit_words = "0 1 2 3 4 5 6 7 8 9";

/// A column of numbers computed row by row. Throws DataError where the result is no finite number.
template <class F>
Column computed(const char* name, ColumnKind kind, const Table& table, const std::string& path, F&& f) {
  Column column{.name = name, .kind = kind};
  for (std::size_t i = 0; i < static_cast<std::size_t>(table.rows); ++i) {
    column.numbers.push_back(f(i));
    if (!std::isfinite(column.numbers.back()))
      throw DataError("cannot be computed from this row", path, static_cast<std::int64_t>(i) + 1, name);
  }
  return column;
}

}  // namespace detail

/// California housing (20,640 districts, 8 numbers; target MedHouseVal in $100,000, capped at 5.00001), from
/// dir/california_housing/cal_housing.data, as scikit-learn's fetch_california_housing derives it.
/// Source: Pace and Barry, "Sparse spatial autoregressions" (1997), StatLib.
inline Table read_california_housing(const std::string& dir) {
  const std::string path = detail::find_file(dir, "california_housing", {"cal_housing.data"});
  const TableSchema schema = detail::schema_of({{"longitude"},
                                                {"latitude"},
                                                {"housingMedianAge"},
                                                {"totalRooms"},
                                                {"totalBedrooms"},
                                                {"population"},
                                                {"households"},
                                                {"medianIncome"},
                                                {"medianHouseValue"}});
  const Table raw = read_table(path, schema);
  const auto column = [&](const char* name) -> const std::vector<double>& {
    return raw.find(name)->numbers;
  };
  const auto &rooms = column("totalRooms"), &bedrooms = column("totalBedrooms"), &people = column("population"),
             &households = column("households"), &value = column("medianHouseValue");
  Table table{.rows = raw.rows, .fingerprint = raw.fingerprint, .sources = raw.sources};
  const auto same = [&](const char* name, const char* from) {
    table.columns.push_back({.name = name, .kind = ColumnKind::number, .numbers = column(from)});
  };
  const auto per_household = [&](const char* name, const std::vector<double>& total) {
    table.columns.push_back(
        detail::computed(name, ColumnKind::number, raw, path, [&](std::size_t i) { return total[i] / households[i]; }));
  };
  same("MedInc", "medianIncome");
  same("HouseAge", "housingMedianAge");
  per_household("AveRooms", rooms);
  per_household("AveBedrms", bedrooms);
  same("Population", "population");
  per_household("AveOccup", people);
  same("Latitude", "latitude");
  same("Longitude", "longitude");
  table.columns.push_back(detail::computed("MedHouseVal", ColumnKind::target_number, raw, path,
                                           [&](std::size_t i) { return value[i] / 100000; }));
  return table;
}

/// Churn modelling (10,000 bank customers, 8 numbers and 2 categories; does the customer leave), from
/// dir/churn_modelling/Churn_Modelling.csv. Source: SuperDataScience course data, Kaggle.
inline Table read_churn_modelling(const std::string& dir) {
  using enum ColumnKind;
  TableSchema schema = detail::schema_of({{"RowNumber", identifier},
                                          {"CustomerId", identifier},
                                          {"Surname", identifier},
                                          {"CreditScore"},
                                          {"Geography", category, "France Germany Spain"},
                                          {"Gender", category, "Female Male"},
                                          {"Age"},
                                          {"Tenure"},
                                          {"Balance"},
                                          {"NumOfProducts"},
                                          {"HasCrCard"},
                                          {"IsActiveMember"},
                                          {"EstimatedSalary"},
                                          {"Exited", target_class, "0 1"}});
  schema.header = true;
  return read_table(detail::find_file(dir, "churn_modelling", {"Churn_Modelling.csv"}), schema);
}

namespace detail {

/// The schema of adult.data. "?", where it occurs, is a category like any other. The vocabularies are those of both
/// files: Holand-Netherlands, on one row of adult.data, is what makes 108 features.
inline TableSchema adult_schema() {
  using enum ColumnKind;
  TableSchema schema = schema_of({
      {"age"},
      {"workclass", category,
       "? Federal-gov Local-gov Never-worked Private Self-emp-inc Self-emp-not-inc State-gov Without-pay"},
      {"fnlwgt"},
      {"education", category,
       "10th 11th 12th 1st-4th 5th-6th 7th-8th 9th Assoc-acdm Assoc-voc Bachelors Doctorate HS-grad Masters Preschool "
       "Prof-school Some-college"},
      {"education-num"},
      {"marital-status", category,
       "Divorced Married-AF-spouse Married-civ-spouse Married-spouse-absent Never-married Separated Widowed"},
      {"occupation", category,
       "? Adm-clerical Armed-Forces Craft-repair Exec-managerial Farming-fishing Handlers-cleaners Machine-op-inspct "
       "Other-service Priv-house-serv Prof-specialty Protective-serv Sales Tech-support Transport-moving"},
      {"relationship", category, "Husband Not-in-family Other-relative Own-child Unmarried Wife"},
      {"race", category, "Amer-Indian-Eskimo Asian-Pac-Islander Black Other White"},
      {"sex", category, "Female Male"},
      {"capital-gain"},
      {"capital-loss"},
      {"hours-per-week"},
      {"native-country", category,
       "? Cambodia Canada China Columbia Cuba Dominican-Republic Ecuador El-Salvador England France Germany Greece "
       "Guatemala Haiti Holand-Netherlands Honduras Hong Hungary India Iran Ireland Italy Jamaica Japan Laos Mexico "
       "Nicaragua Outlying-US(Guam-USVI-etc) Peru Philippines Poland Portugal Puerto-Rico Scotland South Taiwan "
       "Thailand Trinadad&Tobago United-States Vietnam Yugoslavia"},
      {"income", target_class, "<=50K >50K"},
  });
  schema.separator = Separator::comma_space;
  return schema;
}

}  // namespace detail

/// Adult income (48,842 persons, 6 numbers and 8 categories; above $50,000 a year or not), from dir/adult/adult.test
/// (first: the order of the authors' file) and dir/adult/adult.data.
/// Source: Becker and Kohavi (1996), UCI Machine Learning Repository, CC BY 4.0.
inline Table read_adult_income(const std::string& dir) {
  const TableSchema train_schema = detail::adult_schema();
  TableSchema test_schema = detail::adult_schema();
  test_schema.preamble = "|";
  test_schema.columns.back().vocabulary =
      detail::words_of("<=50K. >50K.");  // in this file the labels end in a full stop
  Table table = read_table(detail::find_file(dir, "adult", {"adult.test"}), test_schema);
  table.columns.back().vocabulary = Vocabulary(train_schema.columns.back().vocabulary);
  append(table, read_table(detail::find_file(dir, "adult", {"adult.data"}), train_schema));
  return table;
}

/// Otto products (61,878 products, 93 counts, 9 classes), from dir/otto/train.csv or train.csv.gz.
/// Source: Otto Group Product Classification Challenge, Kaggle (2015).
inline Table read_otto(const std::string& dir) {
  using enum ColumnKind;
  TableSchema schema = detail::schema_of({{"id", identifier}});
  schema.header = true;
  for (int i = 1; i <= 93; ++i) schema.columns.emplace_back().name = message("feat_", i);
  detail::add_column(
      schema, {"target", target_class, "Class_1 Class_2 Class_3 Class_4 Class_5 Class_6 Class_7 Class_8 Class_9"});
  return read_table(detail::find_file(dir, "otto", {"train.csv", "train.csv.gz"}), schema);
}

/// Handwritten digits (1,797 images of 8x8, grey 0..16), from dir/digits/digits.csv or digits.csv.gz.
/// Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, CC BY 4.0.
inline Table read_digits(const std::string& dir) {
  TableSchema schema;
  for (int i = 0; i < 64; ++i) schema.columns.emplace_back().name = message("pixel_", i / 8, "_", i % 8);
  detail::add_column(schema, {"digit", ColumnKind::target_class, detail::digit_words});
  return read_table(detail::find_file(dir, "digits", {"digits.csv", "digits.csv.gz"}), schema);
}

}  // namespace wsym::datasets
