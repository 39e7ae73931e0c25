// SPDX-License-Identifier: MIT
#include "lab/words.hpp"

#include <doctest/doctest.h>

#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::lab;

TEST_CASE("words: a known one comes back, another is refused beside those that are known") {
  const Words gate_words = {"softmax", "gumbel"};
  CHECK(known_word("gate", "gumbel", gate_words) == "gumbel");
  CHECK_THROWS_WITH_AS(known_word("gate", "'\n", gate_words), "gate ''\\x0a'; softmax or gumbel is needed",
                       FormatError);
}

TEST_CASE("words: a plain number is one as programs write it") {
  for (const char* const word : {"0", "1", "-2", "0.25", "1e-05", "18446744073709551615"}) CHECK(is_plain_number(word));
  for (const char* const word : {"", " 1", "1 ", "+1", "01", "1.0", "nan", "inf", "1e999", "0x1", "1;", "1\n"})
    CHECK_FALSE(is_plain_number(word));
}

TEST_CASE("words: a plain name has nothing in it that a shell, gnuplot or a page obeys") {
  CHECK(plain_name("digits-code_figure1.x") == "digits-code_figure1.x");
  CHECK(plain_name("a'`$(b)`/../\"c d\n<é>") == "a____b___..__c_d_____");
  CHECK(plain_name("../x") == "_._x");
}
