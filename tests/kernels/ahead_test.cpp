// SPDX-License-Identifier: MIT
#include "wsym/kernels/ahead.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace wsym;
using kernels::Ahead;
using kernels::View;

TEST_CASE_TEMPLATE("Ahead: each part asks for its share of whole lines, all of them for everything", T, float, double) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  for (Index parts : {1, 2, 7, 22})
    for (Index size : {line, 3 * line + 1, 22 * line, 1000 * line - 1}) {
      const std::vector<T> memory(static_cast<std::size_t>(size));
      Ahead<T> ahead({memory.data(), 1, size, size}, parts, size);
      const Index each = ((size + line - 1) / line + parts - 1) / parts;  // whole lines
      for (Index asked = 0; asked < parts; ++asked) {
        CHECK(ahead.left() == std::max<Index>(0, size - asked * each * line));
        ahead.ask();
      }
      CHECK(ahead.left() == 0);
      ahead.ask();
      CHECK(ahead.left() == 0);
    }
}

TEST_CASE_TEMPLATE("Ahead: a part is no longer than allowed, and nothing is asked for where there is nothing", T, float,
                   double) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T)), rows = 10, cols = 10 * line;
  const std::vector<T> memory(static_cast<std::size_t>(rows * cols));
  Ahead<T> ahead({memory.data(), rows, cols, cols}, 2, 3);
  ahead.ask(), ahead.ask();
  CHECK(ahead.left() == rows * cols - 2 * 3 * line);
  Ahead<T> none({memory.data(), rows, cols, cols}, 2, 0), empty(View<const T>{}, 5, 5);
  none.ask(), empty.ask();
  CHECK(none.left() == rows * cols);
  CHECK(empty.left() == 0);
}
