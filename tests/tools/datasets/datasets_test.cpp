// SPDX-License-Identifier: MIT
#include "datasets/datasets.hpp"

#include <doctest/doctest.h>

#include "data/data_dir.hpp"
#include "reference/sha256.hpp"

using namespace wsym;
using namespace wsym::datasets;
using test::data_dir;

namespace {

/// The first 16 digits of the SHA-256 of the indices, decimal, joined by commas.
std::string hash(const std::vector<Index>& rows) {
  std::string text;
  for (const Index row : rows) text += (text.empty() ? "" : ",") + std::to_string(row);
  return reference::sha256(text).substr(0, 16);
}

struct Expected {
  const char* name;
  Index rows, numbers, categories, features;
  std::vector<Index> text, code;  // test, train, validation
  std::vector<std::string> hashes;
};

template <Real T> std::vector<Index> sizes(const Prepared<T>& data) {
  return {data.test.rows(), data.train.rows(), data.valid.rows()};
}

/// What both presets must give for a data set of the paper.
void check_presets(const Expected& expected, bool code_fits_all) {
  const NamedDataset& about = named_dataset(expected.name);
  const Table table = about.read(data_dir());
  for (const Preset preset : {Preset::text, Preset::code}) {
    const bool code = preset == Preset::code;
    const Prepared<float> data = prepare<float>(about, table, preset, Key(1));
    CHECK(data.rows == expected.rows);
    CHECK(data.numbers == expected.numbers);
    CHECK(data.categories == expected.categories);
    CHECK(data.train.features() == expected.features);
    CHECK(sizes(data) == (code ? expected.code : expected.text));
    CHECK(data.fitted == (code && code_fits_all ? "fit on all rows (preset code)" : "fit on train rows only"));
    CHECK_NOTHROW((check(data.train), check(data.valid), check(data.test)));
    CHECK(data.train.x.array().isFinite().all());
    if (code) {
      CHECK(hash(data.split.test) == expected.hashes[0]);
      CHECK(hash(data.split.valid) == expected.hashes[1]);
      CHECK(hash(data.split.train) == expected.hashes[2]);
    }
  }
}

/// Mean and population sd of a column.
template <Real T> std::pair<double, double> moments(const Tensor<T>& x, Index column) {
  const Eigen::ArrayXd values = x.mat().col(column).template cast<double>().array();
  return {values.mean(), std::sqrt((values - values.mean()).square().mean())};
}

}  // namespace

TEST_CASE("datasets: the reference SHA-256 gives the published values") {
  CHECK(reference::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(reference::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(reference::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("datasets: an unknown name is refused with the names there are") {
  CHECK_THROWS_WITH_AS(
      prepare<float>("iris", "/nowhere", Preset::text, Key(1)),
      "no data set is named 'iris'; there are california_housing, churn_modelling, adult_income, otto, mnist, digits",
      ConfigError);
}

TEST_CASE_TEMPLATE("datasets: digits, pixels scaled together in text and one by one in code", T, float, double) {
  const Prepared<T> text = prepare<T>("digits", test::example_data(), Preset::text, Key(1));
  CHECK(text.rows == 1797);
  CHECK(text.numbers == 64);
  CHECK(text.metric == "accuracy");
  CHECK(text.fitted == "fit on train rows only");
  CHECK(sizes(text) == std::vector<Index>{360, 1149, 288});
  CHECK(text.train.task == Task{TaskKind::classification, 10});
  CHECK(text.preprocessor.sd.front() == text.preprocessor.sd.back());
  double sum = 0, squares = 0;
  for (const T x : text.train.x.span())
    sum += static_cast<double>(x), squares += static_cast<double>(x) * static_cast<double>(x);
  const double n = static_cast<double>(text.train.x.size());
  CHECK(std::abs(sum / n) < 1e-6);
  CHECK(squares / n == doctest::Approx(1));

  const Prepared<T> code = prepare<T>("digits", test::example_data(), Preset::code, Key(1));
  CHECK(sizes(code) == std::vector<Index>{360, 1293, 144});
  CHECK(code.split == authors_split(read_digits(test::example_data()).target().codes, 10));
  CHECK(std::abs(moments(code.train.x, 20).first) < 1e-6);
  CHECK(moments(code.train.x, 20).second == doctest::Approx(1));
  CHECK(code.preprocessor.sd[0] == 0);  // a corner that is always empty
  CHECK(code.fingerprint == text.fingerprint);
}

TEST_CASE("datasets: the key draws the split of preset text, and not that of preset code") {
  const Table table = read_digits(test::example_data());
  CHECK(split_of(table, Preset::text, Key(1)) != split_of(table, Preset::text, Key(2)));
  CHECK(split_of(table, Preset::code, Key(1)) == split_of(table, Preset::code, Key(2)));
}

TEST_CASE("datasets: what the test rows hold does not change what is fitted") {
  const NamedDataset& about = named_dataset("digits");
  Table table = read_digits(test::example_data());
  const Prepared<float> before = prepare<float>(about, table, Preset::text, Key(1));
  for (Column& column : table.columns)
    for (const Index row : before.split.test)
      if (!column.numbers.empty()) column.numbers[static_cast<std::size_t>(row)] += 1000;
  const Prepared<float> after = prepare<float>(about, table, Preset::text, Key(1));
  CHECK(after.preprocessor == before.preprocessor);
  CHECK(same_bits(after.train.x, before.train.x));
  CHECK_FALSE(same_bits(after.test.x, before.test.x));
}

TEST_CASE("datasets: California housing, both presets") {
  REQUIRE_DATA_DIR();
  check_presets({"california_housing",
                 20640,
                 8,
                 0,
                 8,
                 {4128, 13209, 3303},
                 {4128, 14860, 1652},
                 {"d26b2b3b44d43b3b", "cd36d4a87849ba82", "92dacf93541fa7f9"}},
                false);
}

TEST_CASE("datasets: churn modelling, both presets; code scales all columns on all rows, text the numbers alone") {
  REQUIRE_DATA_DIR();
  check_presets({"churn_modelling",
                 10000,
                 8,
                 2,
                 13,
                 {2000, 6400, 1600},
                 {2000, 7200, 800},
                 {"ac86bf3f9adaf61c", "6c829ac804f8c05c", "e04668ed38fcf3d8"}},
                true);
  const Prepared<double> text = prepare<double>("churn_modelling", data_dir(), Preset::text, Key(1));
  CHECK(moments(text.train.x, 0).second == doctest::Approx(1));
  CHECK(text.train.x.mat().rightCols(5).minCoeff() == 0);
  CHECK(text.train.x.mat().rightCols(5).maxCoeff() == 1);
  const Prepared<double> code = prepare<double>("churn_modelling", data_dir(), Preset::code, Key(1));
  CHECK(code.preprocessor.mean[8] == doctest::Approx(0.5014));
  CHECK(code.preprocessor.sd[8] == doctest::Approx(std::sqrt(0.5014 * (1 - 0.5014))));
}

TEST_CASE("datasets: adult income, both presets") {
  REQUIRE_DATA_DIR();
  check_presets({"adult_income",
                 48842,
                 6,
                 8,
                 108,
                 {9769, 31258, 7815},
                 {9769, 35165, 3908},
                 {"e143ee6224a08b65", "76eac4361334bf83", "8db7a883ff66d276"}},
                true);
}

#if defined(WSYM_ZLIB)
TEST_CASE("datasets: Otto, both presets") {
  REQUIRE_DATA_DIR();
  check_presets({"otto",
                 61878,
                 93,
                 0,
                 93,
                 {12376, 39601, 9901},
                 {12376, 44551, 4951},
                 {"2f1d1776cf31a3e5", "8a1284993d698b4f", "80cb30dc52ed289d"}},
                false);
}

TEST_CASE("datasets: MNIST, both presets") {
  REQUIRE_DATA_DIR();
  check_presets({"mnist",
                 70000,
                 784,
                 0,
                 784,
                 {14000, 44800, 11200},
                 {14000, 50400, 5600},
                 {"35eb2a5c627b531d", "4f934a94b2868852", "3b45100ba80e1a3e"}},
                true);
}
#endif
