// SPDX-License-Identifier: MIT
#include "wsym/core/error.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace wsym;

namespace {
struct Counted {
  int* written;
  friend std::ostream& operator<<(std::ostream& out, const Counted& counted) { return ++*counted.written, out; }
};
}  // namespace

TEST_CASE("expect: throws the asked error with its parts joined, ShapeError by default") {
  CHECK_THROWS_WITH_AS(expect(false, "f: ", 3, " but ", 4.5), "f: 3 but 4.5", ShapeError);
  CHECK_THROWS_WITH_AS(expect<ConfigError>(false, "g"), "g", ConfigError);
  CHECK_THROWS_WITH_AS(expect<FormatError>(1 > 2, 'h'), "h", FormatError);
  CHECK_THROWS_WITH_AS(expect<Diverged>(false, "i"), "i", Diverged);
}

TEST_CASE("expect: formats nothing while the claim holds") {
  int written = 0;
  expect(true, Counted{&written});
  CHECK(written == 0);
  CHECK_THROWS_AS(expect(false, Counted{&written}), ShapeError);
  CHECK(written == 1);
}

TEST_CASE_TEMPLATE("errors: each is an Error and a std::runtime_error", E, ShapeError, ConfigError, FormatError,
                   Diverged, DataError) {
  CHECK_THROWS_WITH_AS(throw E("text"), "text", Error);
  CHECK_THROWS_WITH_AS(throw E("text"), "text", std::runtime_error);
}

TEST_CASE("DataError: says file, line, column and value, each where it is known") {
  const DataError all("not a number", "a.csv", 7, "age", "x1");
  CHECK(std::string(all.what()) == "a.csv:7: column 'age': not a number (value: 'x1')");
  CHECK(all.file == "a.csv");
  CHECK(all.line == 7);
  CHECK(all.column == "age");
  CHECK(all.value == "x1");
  CHECK(std::string(DataError("empty file", "a.csv").what()) == "a.csv: empty file");
  CHECK(std::string(DataError("no such column", {}, 0, "age").what()) == "column 'age': no such column");
  CHECK(std::string(DataError("bad", {}, 0, {}, "v").what()) == "bad (value: 'v')");
}

TEST_CASE("reading: a FormatError names the source once, and memory that is not there is an Error") {
  CHECK(reading("f", [] { return 7; }) == 7);
  const auto fail_with = [](auto error) {
    return [error] {
      throw error;
    };
  };
  CHECK_THROWS_WITH_AS(reading("f", fail_with(FormatError("bad"))), "f: bad", FormatError);
  CHECK_THROWS_WITH_AS(reading("f", fail_with(FormatError("f: bad"))), "f: bad", FormatError);
  CHECK_THROWS_WITH_AS(reading("f", fail_with(ConfigError("bad"))), "bad", ConfigError);
  CHECK_THROWS_WITH_AS(reading("f", fail_with(std::bad_alloc())), "f: not enough memory to read it", Error);
  CHECK_THROWS_WITH_AS(reading("f", fail_with(std::length_error("x"))), "f: not enough memory to read it", Error);
}
