// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "wsym/core/version.hpp"

namespace wsym::inline WSYM_SIMD {
namespace detail {
/// The length of the well-formed UTF-8 sequence that starts at text[at], or 0. Source: Unicode 15, table 3-7.
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    const unsigned byte = at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 256u;
    return low <= byte && byte <= high;
  };
  const auto follows = [&](std::size_t i) {
    return within(i, 0x80, 0xBF);
  };
  if (within(0, 0x00, 0x7F)) return 1;
  if (within(0, 0xC2, 0xDF)) return follows(1) ? 2 : 0;
  if (within(0, 0xE0, 0xEF)) {
    const unsigned lowest = within(0, 0xE0, 0xE0) ? 0xA0 : 0x80;   // lower: an overlong form
    const unsigned highest = within(0, 0xED, 0xED) ? 0x9F : 0xBF;  // higher: a surrogate
    return within(1, lowest, highest) && follows(2) ? 3 : 0;
  }
  const unsigned lowest = within(0, 0xF0, 0xF0) ? 0x90 : 0x80;
  const unsigned highest = within(0, 0xF4, 0xF4) ? 0x8F : 0xBF;  // higher: beyond U+10FFFF
  return within(0, 0xF0, 0xF4) && within(1, lowest, highest) && follows(2) && follows(3) ? 4 : 0;
}

/// Appends the UTF-8 form of a code point below 0x110000 that is no surrogate.
inline void append_utf8(std::string& out, unsigned code) {
  static constexpr unsigned lead[] = {0x00, 0xC0, 0xE0, 0xF0};
  const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  out += static_cast<char>(lead[more] | code >> 6 * more);
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (code >> 6 * i & 0x3F));
}
}  // namespace detail
}  // namespace wsym::inline WSYM_SIMD
