// SPDX-License-Identifier: MIT
#include "wsym/data/schemas.hpp"

#include <doctest/doctest.h>

#include "data/data_dir.hpp"
#include "data/scratch_file.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using test::data_dir;

namespace {

std::vector<Index> class_counts(const Table& table) {
  std::vector<Index> counts(table.target().vocabulary.size());
  for (const std::int32_t code : table.target().codes) ++counts[static_cast<std::size_t>(code)];
  return counts;
}

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
  for (const auto read : {read_churn_modelling, read_adult_income, read_mnist, read_digits})
    CHECK_THROWS_AS(read("/nowhere"), DataError);
}

TEST_CASE("schemas: a ratio that is no number is refused with its row") {
  const Table table{.rows = 2};
  CHECK_THROWS_WITH_AS(detail::computed("AveRooms", ColumnKind::number, table, "x.data",
                                        [](std::size_t i) { return i == 0 ? 1 : 1 / 0.0; }),
                       "x.data:2: column 'AveRooms': cannot be computed from this row", DataError);
}

TEST_CASE("schemas: images and labels that do not fit together are refused") {
  using namespace std::string_literals;
  const std::string images = "\0\0\x08\x03\0\0\0\x01\0\0\0\x1c\0\0\0\x1c"s + std::string(784, '\x05');
  const std::string small = "\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02"s + "abcd";
  const test::ScratchFile image("images", images), tiny("images", small);
  const test::ScratchFile one("labels", "\0\0\x08\x01\0\0\0\x01\x07"s),
      two("labels", "\0\0\x08\x01\0\0\0\x02\x01\x02"s), ten("labels", "\0\0\x08\x01\0\0\0\x01\x0a"s);
  const Table table = detail::read_mnist_part(image.path(), one.path());
  CHECK(table.rows == 1);
  CHECK(table.find("pixels")->width == 784);
  CHECK(table.target().codes == std::vector<std::int32_t>{7});
  CHECK_THROWS_WITH_AS(detail::read_mnist_part(image.path(), two.path()),
                       (two.path() + ": 2 labels for 1 images").c_str(), FormatError);
  CHECK_THROWS_WITH_AS(detail::read_mnist_part(tiny.path(), one.path()),
                       (tiny.path() + ": not an array of 28 x 28 images").c_str(), FormatError);
  CHECK_THROWS_WITH_AS(detail::read_mnist_part(image.path(), ten.path()),
                       (ten.path() + ": column 'digit': label 0 (from 0) is not a digit (value: '10')").c_str(),
                       DataError);
}

TEST_CASE("schemas: MNIST files are found by both names that archives give them") {
  using namespace std::string_literals;
  const std::string images = "\0\0\x08\x03\0\0\0\x01\0\0\0\x1c\0\0\0\x1c"s + std::string(784, '\x05');
  const std::string labels = "\0\0\x08\x01\0\0\0\x01\x07"s;
  for (const char* join : {"-", "."}) {
    const test::ScratchFile image("t10k-images"s + join + "idx3-ubyte", images);
    const std::string dir = image.path().substr(0, image.path().rfind('/'));
    CHECK_THROWS_WITH_AS(read_mnist_test(dir),
                         (dir +
                          "/./t10k-labels-idx1-ubyte.gz: no such file, nor is t10k-labels-idx1-ubyte beside it, "
                          "nor is t10k-labels.idx1-ubyte.gz beside it, nor is t10k-labels.idx1-ubyte beside it; "
                          "'scripts/fetch_data.sh " +
                          dir + "' downloads it, or says where to get it and where to put it")
                             .c_str(),
                         DataError);
    const std::string beside = dir + "/t10k-labels" + join + "idx1-ubyte";
    write_file_atomically(beside, labels);
    CHECK(read_mnist_test(dir).target().codes == std::vector<std::int32_t>{7});
    ::unlink(beside.c_str());
  }
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

TEST_CASE("schemas: MNIST has the training images first") {
  REQUIRE_DATA_DIR();
  const Table table = read_mnist(data_dir());
  CHECK(read_mnist_test(data_dir()).fingerprint == read_mnist_test(std::string(data_dir()) + "/mnist").fingerprint);
  CHECK(table.rows == 70000);
  const Column& images = *table.find("pixels");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < 60000 * 784; ++i) sum += images.pixels[i];
  CHECK(static_cast<double>(sum) / (60000.0 * 784 * 255) == doctest::Approx(0.13066).epsilon(1e-4));
  CHECK(table.target().codes[0] == 5);
  CHECK(table.target().codes[60000] == 7);
  CHECK(class_counts(table) == std::vector<Index>{5923 + 980, 6742 + 1135, 5958 + 1032, 6131 + 1010, 5842 + 982,
                                                  5421 + 892, 5918 + 958, 6265 + 1028, 5851 + 974, 5949 + 1009});
}
#endif
