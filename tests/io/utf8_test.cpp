// SPDX-License-Identifier: MIT
#include "wsym/io/utf8.hpp"

#include <doctest/doctest.h>

using wsym::detail::append_utf8;
using wsym::detail::utf8_length;

TEST_CASE("utf8: every code point is written as one well-formed sequence, and each surrogate as an ill-formed one") {
  std::size_t wrong = 0;
  for (unsigned code = 0; code < 0x110000; ++code) {
    std::string text;
    append_utf8(text, code);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    const std::size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    wrong += text.size() != bytes || utf8_length(text, 0) != (surrogate ? 0 : bytes);
  }
  CHECK(wrong == 0);
}

TEST_CASE("utf8: of all sequences of two bytes exactly the 1920 of RFC 3629 are well-formed, and 128 of one") {
  std::size_t one = 0, two = 0;
  for (unsigned first = 0; first < 256; ++first) {
    one += utf8_length(std::string(1, static_cast<char>(first)), 0) == 1;
    for (unsigned second = 0; second < 256; ++second)
      two += utf8_length(std::string{static_cast<char>(first), static_cast<char>(second)}, 0) == 2;
  }
  CHECK(one == 128);
  CHECK(two == 1920);
}

TEST_CASE("utf8: a cut sequence is ill-formed, and nothing stands at the end") {
  const std::string text = "\u20ac\U0001f600";
  CHECK(utf8_length(text, 3) == 4);
  CHECK(utf8_length(text.substr(0, 6), 3) == 0);
  CHECK(utf8_length(text, 1) == 0);
  CHECK(utf8_length(text, 7) == 0);
}
