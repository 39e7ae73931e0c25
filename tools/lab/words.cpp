// SPDX-License-Identifier: MIT
#include "lab/words.hpp"

#include <algorithm>
#include <charconv>

#include "lab/text.hpp"

namespace wsym::lab {
namespace {

/// The whole word as a number, written again.
template <class T> bool reads_back(const std::string& word, std::string (*write)(T)) {
  T value{};
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value);
  return read.ec == std::errc() && read.ptr == end && write(value) == word;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

const std::string& known_word(const char* what, const std::string& word, const Words& known) {
  expect<FormatError>(std::find(known.begin(), known.end(), word) != known.end(), what, ' ', shown(word), "; ",
                      join(known, " or "), " is needed");
  return word;
}

bool is_plain_number(const std::string& word) {
  return reads_back<double>(word, shortest) ||
         reads_back<std::uint64_t>(word, [](std::uint64_t value) { return std::to_string(value); });
}

std::string plain_name(const std::string& text) {
  std::string name = text;
  for (char& c : name)
    if (!is_plain(c)) c = '_';
  if (name.starts_with('.')) name[0] = '_';
  return name;
}

}  // namespace wsym::lab
