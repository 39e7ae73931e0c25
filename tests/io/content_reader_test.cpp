// SPDX-License-Identifier: MIT
#include "wsym/io/content_reader.hpp"

#include <doctest/doctest.h>

using namespace wsym;
using detail::ContentReader;

namespace {
safetensors::Content with(std::vector<std::pair<std::string, std::string>> metadata) {
  safetensors::Content content;
  content.metadata = std::move(metadata);
  return content;
}
struct Sized {
  Index size = 1;
  static void visit(auto& self, auto&& v) { v("size", self.size); }
};
}  // namespace

TEST_CASE("Takeable: a name is taken once, and what nobody took is named in the order of names") {
  const int numbers[] = {1, 2, 3};
  detail::Takeable<int> items;
  items.add("b", numbers[0]), items.add("c", numbers[1]), items.add("a", numbers[2]);
  items.sort();
  CHECK(items.take("b") == &numbers[0]);
  CHECK(items.take("b") == nullptr);
  CHECK(items.take("bb") == nullptr);
  CHECK(items.left() == "a");
  CHECK(items.take("a") == &numbers[2]);
  CHECK(items.left() == "c");
  CHECK(items.take("c") == &numbers[1]);
  CHECK(items.left().empty());
}

TEST_CASE("format_of: a file of a newer format is refused with both numbers") {
  CHECK(detail::format_of(with({}), "f") == detail::weights_format);
  CHECK(detail::format_of(with({{detail::weights_key, "1"}}), "f") == 1);
  CHECK_THROWS_WITH_AS(detail::format_of(with({{detail::weights_key, "3"}}), "f"),
                       "f: weights of format 3; this version reads up to 2", FormatError);
  for (const char* bad : {"", "0", "-1", "2x", "two"})
    CHECK_THROWS_WITH_AS(detail::format_of(with({{detail::weights_key, bad}}), "f"),
                         message("f: weights of format '", bad, "'; a number is needed").c_str(), FormatError);
}

TEST_CASE("settings_in: an object or nothing") {
  CHECK(detail::settings_in(with({}), "f") == Json::object());
  CHECK_THROWS_WITH_AS(detail::settings_in(with({{detail::settings_key, "[]"}}), "f"),
                       "f: wsym.settings needs to be an object", FormatError);
}

TEST_CASE("ContentReader: settings are read by name") {
  const safetensors::Content content = with({{detail::settings_key, R"({"size":5})"}});
  ContentReader reader(content, "f", false);
  Sized sized;
  reader.read(sized);
  CHECK(sized.size == 5);
}
