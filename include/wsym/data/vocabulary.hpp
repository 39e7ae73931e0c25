// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wsym/core/error.hpp"

namespace wsym {

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
    const auto at = find(word);
    return at != order_.end() && words_[static_cast<std::size_t>(*at)] == word ? *at : -1;
  }
  /// The word's number; a new word gets the next one.
  std::int32_t add(std::string word) {
    const auto at = find(word);
    if (at != order_.end() && words_[static_cast<std::size_t>(*at)] == word) return *at;
    const auto code = static_cast<std::int32_t>(words_.size());
    order_.insert(at, code);
    words_.push_back(std::move(word));
    return code;
  }
  const std::string& word(std::int32_t code) const { return words_.at(static_cast<std::size_t>(code)); }
  const std::vector<std::string>& words() const { return words_; }
  std::size_t size() const { return words_.size(); }
  /// The codes in the alphabetical order of their words.
  const std::vector<std::int32_t>& alphabetical() const { return order_; }

  friend bool operator==(const Vocabulary& a, const Vocabulary& b) { return a.words_ == b.words_; }

 private:
  std::vector<std::int32_t>::const_iterator find(std::string_view word) const {
    return std::lower_bound(order_.begin(), order_.end(), word, [&](std::int32_t code, std::string_view other) {
      return words_[static_cast<std::size_t>(code)] < other;
    });
  }

  std::vector<std::string> words_;
  std::vector<std::int32_t> order_;  // alphabetical()
};

}  // namespace wsym
