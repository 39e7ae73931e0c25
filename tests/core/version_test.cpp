// SPDX-License-Identifier: MIT
#include "wsym/core/version.hpp"

#include <doctest/doctest.h>

#include <cstdio>

TEST_CASE("WSYM_VERSION: three numbers with points between them") {
  int major = -1, minor = -1, patch = -1, end = 0;
  CHECK(std::sscanf(WSYM_VERSION, "%d.%d.%d%n", &major, &minor, &patch, &end) == 3);
  CHECK(WSYM_VERSION[end] == '\0');
  CHECK(major >= 0);
  CHECK(minor >= 0);
  CHECK(patch >= 0);
}
