// SPDX-License-Identifier: MIT
#include "datasets/mnist.hpp"

#include <doctest/doctest.h>

#include "data/data_dir.hpp"
#include "data/scratch_file.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::datasets;
using test::class_counts;
using test::data_dir;

TEST_CASE("mnist: no directory is a DataError") {
  CHECK_THROWS_AS(read_mnist("/nowhere/data"), DataError);
}

TEST_CASE("mnist: images and labels that do not fit together are refused") {
  using namespace std::string_literals;
  const std::string images = "\0\0\x08\x03\0\0\0\x01\0\0\0\x1c\0\0\0\x1c"s + std::string(784, '\x05');
  const std::string small = "\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02"s + "abcd";
  const test::ScratchFile image("images", images), tiny("images", small);
  const test::ScratchFile one("labels", "\0\0\x08\x01\0\0\0\x01\x07"s),
      two("labels", "\0\0\x08\x01\0\0\0\x02\x01\x02"s), ten("labels", "\0\0\x08\x01\0\0\0\x01\x0a"s);
  const Table table = datasets::detail::read_mnist_part(image.path(), one.path());
  CHECK(table.rows == 1);
  CHECK(table.find("pixels")->width == 784);
  CHECK(table.target().codes == std::vector<std::int32_t>{7});
  CHECK_THROWS_WITH_AS(datasets::detail::read_mnist_part(image.path(), two.path()),
                       (two.path() + ": 2 labels for 1 images").c_str(), FormatError);
  CHECK_THROWS_WITH_AS(datasets::detail::read_mnist_part(tiny.path(), one.path()),
                       (tiny.path() + ": not an array of 28 x 28 images").c_str(), FormatError);
  CHECK_THROWS_WITH_AS(datasets::detail::read_mnist_part(image.path(), ten.path()),
                       (ten.path() + ": column 'digit': label 0 (from 0) is not a digit (value: '10')").c_str(),
                       DataError);
}

TEST_CASE("mnist: MNIST files are found by both names that archives give them") {
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

TEST_CASE("mnist: MNIST has the training images first") {
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
