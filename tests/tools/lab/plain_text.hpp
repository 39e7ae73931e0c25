// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace sample {

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// The text of a table without its tags, cells joined by '|'.
inline std::string plain(const std::string& html) {
  std::string text;
  for (std::size_t at = 0; at < html.size(); ++at) {
    if (html[at] != '<') {
      text += html[at];
      continue;
    }
    const std::size_t end = html.find('>', at);
    const std::string tag = html.substr(at, end - at + 1);
    if (tag == "</td>" || tag == "</th>") text += '|';
    at = end;
  }
  return text;
}

}  // namespace sample
