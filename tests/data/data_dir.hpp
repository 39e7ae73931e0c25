// SPDX-License-Identifier: MIT
#pragma once
#include <cstdlib>
#include <string>

#include "wsym/data/table.hpp"

namespace wsym::test {

/// Where the original files lie (laid out as by scripts/fetch_data.sh), or null: then tests on them say so and pass.
inline const char* data_dir() {
  return std::getenv("WSYM_DATA_DIR");
}

/// The data that the examples bring along.
inline std::string example_data() {
  const std::string here = __FILE__;  // tests/data/data_dir.hpp
  return here.substr(0, here.size() - std::string("tests/data/data_dir.hpp").size()) + "examples/data";
}

/// How many rows each class has.
inline std::vector<Index> class_counts(const Table& table) {
  std::vector<Index> counts(table.target().vocabulary.size());
  for (const std::int32_t code : table.target().codes) ++counts[static_cast<std::size_t>(code)];
  return counts;
}

}  // namespace wsym::test

/// Ends a test case that needs the original files where there are none.
#define REQUIRE_DATA_DIR()                                              \
  if (wsym::test::data_dir() == nullptr) {                              \
    MESSAGE("skipped: WSYM_DATA_DIR does not say where the data lies"); \
    return;                                                             \
  }
