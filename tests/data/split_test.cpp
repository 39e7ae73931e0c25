// SPDX-License-Identifier: MIT
#include "wsym/data/split.hpp"

#include <doctest/doctest.h>

#include "data/splits.hpp"

using namespace wsym;
using namespace wsym::test;

TEST_CASE("split: the parts are disjoint and cover all rows") {
  for (const Index n : {1, 2, 3, 10, 1797}) {
    CHECK(covers_every_row_once(split(n, Key(1)), n));
    const std::vector<std::int32_t> labels = labels_of({n / 3, n - n / 3 - n / 5, n / 5});
    CHECK(covers_every_row_once(stratified_split(labels, 3, Key(1)), n));
  }
}

TEST_CASE("split: sizes are those of the paper of preset text") {
  struct Case {
    Index n;
    std::vector<Index> sizes;  // test, train, validation
  };
  const Case cases[] = {{20640, {4128, 13209, 3303}},
                        {10000, {2000, 6400, 1600}},
                        {48842, {9769, 31258, 7815}},
                        {61878, {12376, 39601, 9901}},
                        {70000, {14000, 44800, 11200}}};
  for (const Case& c : cases) {
    const std::vector<std::int32_t> labels = labels_of({c.n / 7, c.n - c.n / 7});
    CHECK(sizes(split(c.n, Key(3))) == c.sizes);
    CHECK(sizes(stratified_split(labels, 2, Key(3))) == c.sizes);
  }
}

TEST_CASE("split: a product that rounding lifts above a whole number is that number") {
  CHECK(0.07 * 100 > 7);
  CHECK(split(100, Key(1), {.test = 0.07, .valid = 0}).test.size() == 7);
  CHECK(split(100, Key(1), {.test = 0.071, .valid = 0}).test.size() == 8);
}

TEST_CASE("split: every class has its share of every part") {
  const std::vector<Index> counts{1929, 16122, 8004, 2691, 2739, 14135, 2839, 8464, 4955};
  const std::vector<std::int32_t> labels = labels_of(counts);
  CHECK(has_its_share_of_every_class(stratified_split(labels, 9, Key(5)), labels, counts));
}

TEST_CASE("split: a total is apportioned by largest remainder, the lowest class first among equals") {
  CHECK(detail::apportion(10, std::vector<Index>{4, 4, 4}) == std::vector<Index>{4, 3, 3});
  CHECK(detail::apportion(2, std::vector<Index>{5, 3, 2}) == std::vector<Index>{1, 1, 0});
  CHECK(detail::apportion(0, std::vector<Index>{5, 3}) == std::vector<Index>{0, 0});
  CHECK(detail::apportion(0, std::vector<Index>{0, 0}) == std::vector<Index>{0, 0});
  CHECK(detail::apportion(8, std::vector<Index>{5, 3}) == std::vector<Index>{5, 3});
}

TEST_CASE("split: the key decides, and rows of one class do not stand together") {
  const std::vector<std::int32_t> labels = labels_of({500, 500});
  CHECK(stratified_split(labels, 2, Key(1)) == stratified_split(labels, 2, Key(1)));
  CHECK(stratified_split(labels, 2, Key(1)).test != stratified_split(labels, 2, Key(2)).test);
  CHECK(split(1000, Key(1)).test != split(1000, Key(2)).test);
  const Split parts = stratified_split(labels, 2, Key(1));
  for (const std::vector<Index>* part : {&parts.train, &parts.valid, &parts.test}) {
    const std::vector<Index> first(part->begin(), part->begin() + 60);
    CHECK(counts_in(first, labels, 2)[0] > 10);
    CHECK(counts_in(first, labels, 2)[1] > 10);
  }
}

TEST_CASE("split: a label that is no class, and a fraction that is none, are refused") {
  const std::vector<std::int32_t> labels{0, 1, 2};
  CHECK_THROWS_WITH_AS(stratified_split(labels, 2, Key(1)), "split: row 2 has label 2; there are 2 classes",
                       ConfigError);
  CHECK_THROWS_WITH_AS(stratified_split(std::vector<std::int32_t>{0, -1}, 2, Key(1)),
                       "split: row 1 has label -1; there are 2 classes", ConfigError);
  CHECK_THROWS_WITH_AS(split(10, Key(1), {.test = 1}), "split: a fraction of 1; it is in [0, 1)", ConfigError);
  CHECK_THROWS_AS(split(10, Key(1), {.test = -0.1}), ConfigError);
}
