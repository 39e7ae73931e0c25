// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
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
      append(std::move(word));
    }
  }

  /// The word's number, or -1. Takes at most log2(size())^2 comparisons.
  std::int32_t code(std::string_view word) const {
    std::size_t begin = 0;
    for (std::size_t run = std::bit_floor(size()); run > 0; run /= 2) {
      if ((size() & run) == 0) continue;
      const auto end = at(begin + run);
      const auto found = std::lower_bound(at(begin), end, word, [&](std::int32_t code, std::string_view sought) {
        return words_[static_cast<std::size_t>(code)] < sought;
      });
      if (found != end && words_[static_cast<std::size_t>(*found)] == word) return *found;
      begin += run;
    }
    return -1;
  }
  /// The word's number; a new word gets the next one. Costs what code() does, and log2(size()) comparisons for a new
  /// word on average.
  std::int32_t add(std::string word) {
    const std::int32_t known = code(word);
    return known >= 0 ? known : append(std::move(word));
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
    std::vector<std::int32_t> codes = sorted_;
    std::size_t behind = 0;
    for (std::size_t run = 1; run <= size(); run *= 2) {
      if ((size() & run) == 0) continue;
      merge_last(codes, run, behind);
      behind += run;
    }
    return codes;
  }

  friend bool operator==(const Vocabulary& a, const Vocabulary& b) { return a.words_ == b.words_; }

 private:
  std::vector<std::int32_t>::const_iterator at(std::size_t place) const {
    return sorted_.begin() + static_cast<std::ptrdiff_t>(place);
  }
  std::int32_t append(std::string word) {
    const std::size_t before = size();
    words_.push_back(std::move(word));
    sorted_.push_back(static_cast<std::int32_t>(before));
    for (std::size_t run = 1; (before & run) != 0; run *= 2) merge_last(sorted_, run, run);
    return static_cast<std::int32_t>(before);
  }
  /// Makes one run of the last two, which have these lengths.
  void merge_last(std::vector<std::int32_t>& codes, std::size_t left, std::size_t right) const {
    const auto middle = codes.end() - static_cast<std::ptrdiff_t>(right),
               begin = middle - static_cast<std::ptrdiff_t>(left);
    std::vector<std::int32_t> merged(left + right);
    std::merge(begin, middle, middle, codes.end(), merged.begin(), [&](std::int32_t a, std::int32_t b) {
      return words_[static_cast<std::size_t>(a)] < words_[static_cast<std::size_t>(b)];
    });
    std::copy(merged.begin(), merged.end(), begin);
  }

  std::vector<std::string> words_;
  /// Codes in runs, each alphabetical: one of 2^i codes for each bit i of size(), the longest first. No hash, which a
  /// file could be written against, and no std::map, which takes a tenth of the library's time to compile.
  std::vector<std::int32_t> sorted_;
};

}  // namespace wsym::inline WSYM_SIMD
