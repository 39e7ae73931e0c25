// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wsym/core/error.hpp"

namespace wsym::inline WSYM_SIMD {

/// A label encoder: distinct words, and the number of each (its position in the list).
class Vocabulary {
 public:
  Vocabulary() = default;
  /// Throws ConfigError for a word that comes twice.
  explicit Vocabulary(std::vector<std::string> words) {
    for (std::string& word : words) {
      expect<ConfigError>(code(word) < 0, "Vocabulary: '", word, "' comes twice");
      add(std::move(word));
    }
  }

  /// The word's number, or -1. Logarithmic in size().
  std::int32_t code(std::string_view word) const {
    const auto at = codes_.find(word);
    return at != codes_.end() ? at->second : -1;
  }
  /// The word's number; a new word gets the next one. Logarithmic in size().
  std::int32_t add(std::string word) {
    const auto [at, added] = codes_.try_emplace(std::move(word), static_cast<std::int32_t>(words_.size()));
    if (added) words_.push_back(at->first);
    return at->second;
  }
  /// Throws ConfigError for a code outside 0 .. size() - 1.
  const std::string& word(std::int32_t code) const {
    expect<ConfigError>(code >= 0 && static_cast<std::size_t>(code) < words_.size(), "Vocabulary: code ", code, " of ",
                        words_.size(), " words");
    return words_[static_cast<std::size_t>(code)];
  }
  const std::vector<std::string>& words() const { return words_; }
  std::size_t size() const { return words_.size(); }
  /// The codes in the alphabetical order of their words.
  std::vector<std::int32_t> alphabetical() const {
    std::vector<std::int32_t> order;
    for (const auto& [word, code] : codes_) order.push_back(code);
    return order;
  }

  friend bool operator==(const Vocabulary& a, const Vocabulary& b) { return a.words_ == b.words_; }

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::int32_t, std::less<>> codes_;  // a tree, and no hash that a file could be written against
};

}  // namespace wsym::inline WSYM_SIMD
