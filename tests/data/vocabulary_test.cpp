// SPDX-License-Identifier: MIT
#include "wsym/data/vocabulary.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace wsym;

TEST_CASE("vocabulary: words keep the order in which they came, and are found by name") {
  Vocabulary words({"pear", "apple", "fig"});
  CHECK(words.code("pear") == 0);
  CHECK(words.code("fig") == 2);
  CHECK(words.code("figs") == -1);
  CHECK(words.code("") == -1);
  CHECK(words.add("banana") == 3);
  CHECK(words.add("apple") == 1);
  CHECK(words.size() == 4);
  CHECK(words.word(3) == "banana");
  for (std::int32_t code = 0; code < 4; ++code) CHECK(words.code(words.word(code)) == code);
  for (const std::int32_t code : {-1, 4})
    CHECK_THROWS_WITH_AS(words.word(code), message("Vocabulary: code ", code, " of 4 words").c_str(), ConfigError);
}

TEST_CASE("vocabulary: a word that comes twice is refused") {
  CHECK_THROWS_WITH_AS(Vocabulary({"a", "b", "a"}), "Vocabulary: 'a' comes twice", ConfigError);
}

TEST_CASE("vocabulary: equal when words and codes are") {
  CHECK(Vocabulary({"a", "b"}) == Vocabulary({"a", "b"}));
  CHECK_FALSE(Vocabulary({"a", "b"}) == Vocabulary({"b", "a"}));
  CHECK_FALSE(Vocabulary({"a", "b"}) == Vocabulary({"a"}));
}

TEST_CASE("vocabulary: alphabetical() lists the codes in the order of their words") {
  Vocabulary words({"pear", "apple", "fig"});
  words.add("banana");
  CHECK(words.alphabetical() == std::vector<std::int32_t>{1, 3, 2, 0});
  CHECK(Vocabulary().alphabetical().empty());
}

TEST_CASE("vocabulary: at every size, in any order of coming, each word is found and alphabetical() is a sort") {
  Vocabulary words;
  std::vector<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    seen.push_back(std::to_string(i * 37 % 211));  // 211 is prime: no word comes twice
    REQUIRE(words.code(seen.back()) == -1);
    REQUIRE(words.add(seen.back()) == i);
    for (std::size_t code = 0; code < seen.size(); ++code)
      REQUIRE(words.code(seen[code]) == static_cast<std::int32_t>(code));
    std::vector<std::string> sorted;
    for (const std::int32_t code : words.alphabetical()) sorted.push_back(words.word(code));
    std::vector<std::string> expected = seen;
    std::sort(expected.begin(), expected.end());
    REQUIRE(sorted == expected);
  }
}

TEST_CASE("vocabulary: words that come in descending order cost no more than a logarithm each") {
  Vocabulary words;
  const auto word = [](int i) {
    return std::to_string(1000000 + i);
  };
  constexpr int count = 300000;  // by insertion into a sorted list this takes a minute
  for (int i = count; i-- > 0;) words.add(word(i));
  CHECK(words.code(word(0)) == count - 1);
  CHECK(words.code(word(count - 1)) == 0);
  const std::vector<std::int32_t> order = words.alphabetical();
  CHECK(order.front() == count - 1);
  CHECK(order.back() == 0);
}
