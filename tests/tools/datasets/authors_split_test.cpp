// SPDX-License-Identifier: MIT
#include "datasets/authors_split.hpp"

#include <doctest/doctest.h>

#include "data/splits.hpp"

using namespace wsym;
using namespace wsym::datasets;
using namespace wsym::test;

TEST_CASE("authors_split: the parts are disjoint and cover all rows") {
  for (const Index n : {1, 2, 3, 10, 1797}) {
    CHECK(covers_every_row_once(authors_split(n), n));
    const std::vector<std::int32_t> labels = labels_of({n / 3, n - n / 3 - n / 5, n / 5});
    CHECK(covers_every_row_once(authors_split(labels, 3), n));
  }
}

TEST_CASE("authors_split: sizes are those of the paper's code") {
  struct Case {
    Index n;
    std::vector<Index> sizes;  // test, train, validation
  };
  const Case cases[] = {{20640, {4128, 14860, 1652}},
                        {10000, {2000, 7200, 800}},
                        {48842, {9769, 35165, 3908}},
                        {61878, {12376, 44551, 4951}},
                        {70000, {14000, 50400, 5600}}};
  for (const Case& c : cases) {
    CHECK(sizes(authors_split(c.n)) == c.sizes);
    CHECK(sizes(authors_split(labels_of({c.n / 7, c.n - c.n / 7}), 2)) == c.sizes);
  }
}

TEST_CASE("authors_split: every class has its share of every part") {
  const std::vector<Index> counts{1929, 16122, 8004, 2691, 2739, 14135, 2839, 8464, 4955};
  const std::vector<std::int32_t> labels = labels_of(counts);
  CHECK(has_its_share_of_every_class(authors_split(labels, 9), labels, counts));
}

TEST_CASE("authors_split: a label that is no class is refused") {
  CHECK_THROWS_WITH_AS(authors_split(std::vector<std::int32_t>{0, -1}, 2),
                       "split: row 1 has label -1; there are 2 classes", ConfigError);
}

TEST_CASE("authors_split: unstratified it is index by index that of California") {
  const Split parts = authors_split(20640);
  const auto first = [](const std::vector<Index>& part) {
    return std::vector<Index>(part.begin(), part.begin() + 5);
  };
  CHECK(first(parts.test) == std::vector<Index>{20046, 3024, 15663, 20484, 9814});
  CHECK(first(parts.valid) == std::vector<Index>{11132, 19943, 3690, 3285, 12753});
  CHECK(first(parts.train) == std::vector<Index>{7190, 7465, 14265, 15770, 12926});
}
