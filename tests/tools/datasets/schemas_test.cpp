// SPDX-License-Identifier: MIT
#include "datasets/schemas.hpp"

#include <doctest/doctest.h>

#include "data/data_dir.hpp"
#include "data/scratch_file.hpp"

using namespace wsym;
using namespace wsym::datasets;
using test::class_counts;
using test::data_dir;

namespace {

double first(const Table& table, const char* column) {
  return table.find(column)->numbers[0];
}

}  // namespace

TEST_CASE("schemas: a missing file is named, with where it was looked for and how to get it") {
  CHECK_THROWS_WITH_AS(read_california_housing("/nowhere"),
                       "/nowhere/california_housing/cal_housing.data: no such data directory; "
                       "'scripts/fetch_data.sh /nowhere' downloads it, or says where to get it and where to put it",
                       DataError);
  CHECK_THROWS_WITH_AS(read_otto("/tmp"),
                       "/tmp/otto/train.csv: no such file, nor is train.csv.gz beside it; "
                       "'scripts/fetch_data.sh /tmp' downloads it, or says where to get it and where to put it",
                       DataError);
  for (const auto read : {read_churn_modelling, read_adult_income, read_digits})
    CHECK_THROWS_AS(read("/nowhere"), DataError);
}

TEST_CASE("schemas: a ratio that is no number is refused with its row") {
  const Table table{.rows = 2};
  CHECK_THROWS_WITH_AS(datasets::detail::computed("AveRooms", ColumnKind::number, table, "x.data",
                                                  [](std::size_t i) { return i == 0 ? 1 : 1 / 0.0; }),
                       "x.data:2: column 'AveRooms': cannot be computed from this row", DataError);
}

TEST_CASE("schemas: digits") {
  const Table table = read_digits(test::example_data());
  CHECK(table.rows == 1797);
  CHECK(table.columns.size() == 65);
  CHECK(table.columns[3].numbers[0] == 13);
  CHECK(class_counts(table) == std::vector<Index>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180});
}

TEST_CASE("schemas: California housing has the columns of scikit-learn") {
  REQUIRE_DATA_DIR();
  const Table table = read_california_housing(data_dir());
  CHECK(table.rows == 20640);
  CHECK(table.columns.size() == 9);
  CHECK(first(table, "MedInc") == 8.3252);
  CHECK(first(table, "HouseAge") == 41);
  CHECK(first(table, "AveRooms") == doctest::Approx(6.984127).epsilon(1e-6));
  CHECK(first(table, "AveBedrms") == doctest::Approx(1.023810).epsilon(1e-6));
  CHECK(first(table, "Population") == 322);
  CHECK(first(table, "AveOccup") == doctest::Approx(2.555556).epsilon(1e-6));
  CHECK(first(table, "Latitude") == 37.88);
  CHECK(first(table, "Longitude") == -122.23);
  CHECK(first(table, "MedHouseVal") == 4.526);
  double sum = 0, most = 0;
  for (const double value : table.target().numbers) sum += value, most = std::max(most, value);
  CHECK(sum / 20640 == doctest::Approx(2.0685582).epsilon(1e-7));
  CHECK(most == 5.00001);
}

TEST_CASE("schemas: churn modelling") {
  REQUIRE_DATA_DIR();
  const Table table = read_churn_modelling(data_dir());
  CHECK(table.rows == 10000);
  CHECK(class_counts(table) == std::vector<Index>{7963, 2037});
  std::vector<Index> countries(3);
  for (const std::int32_t code : table.find("Geography")->codes) ++countries[static_cast<std::size_t>(code)];
  CHECK(countries == std::vector<Index>{5014, 2509, 2477});
  CHECK(table.find("Surname")->kind == ColumnKind::identifier);
}

TEST_CASE("schemas: adult income has the rows of adult.test first") {
  REQUIRE_DATA_DIR();
  const Table table = read_adult_income(data_dir());
  CHECK(table.rows == 48842);
  CHECK(first(table, "age") == 25);                // adult.test
  CHECK(table.find("age")->numbers[16281] == 39);  // adult.data
  CHECK(class_counts(table) == std::vector<Index>{12435 + 24720, 3846 + 7841});
  CHECK(table.target().vocabulary == Vocabulary({"<=50K", ">50K"}));
  Index unknown = 0, dutch = 0;
  for (const std::int32_t code : table.find("workclass")->codes) unknown += code == 0;
  const Column& country = *table.find("native-country");
  for (const std::int32_t code : country.codes) dutch += country.vocabulary.word(code) == "Holand-Netherlands";
  CHECK(unknown == 1836 + 963);
  CHECK(dutch == 1);
}

#if defined(WSYM_ZLIB)
TEST_CASE("schemas: Otto") {
  REQUIRE_DATA_DIR();
  const Table table = read_otto(data_dir());
  CHECK(table.rows == 61878);
  CHECK(table.columns.size() == 95);
  CHECK(class_counts(table) == std::vector<Index>{1929, 16122, 8004, 2691, 2739, 14135, 2839, 8464, 4955});
}
#endif
