// SPDX-License-Identifier: MIT
#include "wsym/data/split.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace wsym;

namespace {

bool covers_every_row_once(const Split& parts, Index n) {
  std::vector<Index> all = parts.train;
  all.insert(all.end(), parts.valid.begin(), parts.valid.end());
  all.insert(all.end(), parts.test.begin(), parts.test.end());
  std::sort(all.begin(), all.end());
  return all == detail::all_rows(n);
}

std::vector<Index> sizes(const Split& parts) {
  return {static_cast<Index>(parts.test.size()), static_cast<Index>(parts.train.size()),
          static_cast<Index>(parts.valid.size())};
}

/// Rows sorted by class, as in Otto's file.
std::vector<std::int32_t> labels_of(const std::vector<Index>& counts) {
  std::vector<std::int32_t> labels;
  for (std::size_t c = 0; c < counts.size(); ++c)
    labels.insert(labels.end(), static_cast<std::size_t>(counts[c]), static_cast<std::int32_t>(c));
  return labels;
}

std::vector<Index> counts_in(const std::vector<Index>& part, const std::vector<std::int32_t>& labels,
                             std::size_t classes) {
  std::vector<Index> counts(classes);
  for (const Index row : part) ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(row)])];
  return counts;
}

}  // namespace

TEST_CASE("split: the parts are disjoint and cover all rows") {
  for (const Index n : {1, 2, 3, 10, 1797}) {
    CHECK(covers_every_row_once(split(n, Key(1)), n));
    CHECK(covers_every_row_once(authors_split(n), n));
    const std::vector<std::int32_t> labels = labels_of({n / 3, n - n / 3 - n / 5, n / 5});
    CHECK(covers_every_row_once(stratified_split(labels, 3, Key(1)), n));
    CHECK(covers_every_row_once(authors_split(labels, 3), n));
  }
}

TEST_CASE("split: sizes are those of the paper for both presets") {
  struct Case {
    Index n;
    std::vector<Index> text, code;  // test, train, validation
  };
  const Case cases[] = {{20640, {4128, 13209, 3303}, {4128, 14860, 1652}},
                        {10000, {2000, 6400, 1600}, {2000, 7200, 800}},
                        {48842, {9769, 31258, 7815}, {9769, 35165, 3908}},
                        {61878, {12376, 39601, 9901}, {12376, 44551, 4951}},
                        {70000, {14000, 44800, 11200}, {14000, 50400, 5600}}};
  for (const Case& c : cases) {
    const std::vector<std::int32_t> labels = labels_of({c.n / 7, c.n - c.n / 7});
    CHECK(sizes(split(c.n, Key(3))) == c.text);
    CHECK(sizes(stratified_split(labels, 2, Key(3))) == c.text);
    CHECK(sizes(authors_split(c.n)) == c.code);
    CHECK(sizes(authors_split(labels, 2)) == c.code);
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
  for (const Split& parts : {stratified_split(labels, 9, Key(5)), authors_split(labels, 9)}) {
    for (const std::vector<Index>* part : {&parts.train, &parts.valid, &parts.test}) {
      const std::vector<Index> got = counts_in(*part, labels, counts.size());
      for (std::size_t c = 0; c < counts.size(); ++c) {
        const double share = static_cast<double>(counts[c] * static_cast<Index>(part->size())) / 61878;
        CHECK(std::abs(static_cast<double>(got[c]) - share) < 2);
      }
    }
  }
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
  CHECK_THROWS_WITH_AS(authors_split(std::vector<std::int32_t>{0, -1}, 2),
                       "split: row 1 has label -1; there are 2 classes", ConfigError);
  CHECK_THROWS_WITH_AS(split(10, Key(1), {.test = 1}), "split: a fraction of 1; it is in [0, 1)", ConfigError);
  CHECK_THROWS_AS(split(10, Key(1), {.test = -0.1}), ConfigError);
}

TEST_CASE("split: the authors' generator is std::mt19937") {
  for (const std::uint32_t seed : {42u, 43u, 5489u}) {
    std::mt19937 standard(seed);
    detail::AuthorsShuffle own(seed);
    for (int i = 0; i < 2000; ++i) REQUIRE(own.next() == standard());
  }
}

TEST_CASE("split: the authors' unstratified split is index by index that of California") {
  const Split parts = authors_split(20640);
  const auto first = [](const std::vector<Index>& part) {
    return std::vector<Index>(part.begin(), part.begin() + 5);
  };
  CHECK(first(parts.test) == std::vector<Index>{20046, 3024, 15663, 20484, 9814});
  CHECK(first(parts.valid) == std::vector<Index>{11132, 19943, 3690, 3285, 12753});
  CHECK(first(parts.train) == std::vector<Index>{7190, 7465, 14265, 15770, 12926});
}
