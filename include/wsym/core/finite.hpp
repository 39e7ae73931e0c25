// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// Whether T holds the number x: finite, and 0 where x is 0 alone.
template <Real T> bool holds(double x) {
  const T narrow = static_cast<T>(x);
  return std::isfinite(narrow) && (narrow != 0 || x == 0);
}

/// The name of T in messages.
template <Real T> inline constexpr const char* number_name = std::same_as<T, float> ? "float" : "double";

/// The position of the first entry that is NaN or infinite, or -1. Cost: one pass at the speed of memory.
template <Real T> Index first_not_finite(std::span<const T> values) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits top = Bits{1} << (8 * sizeof(T) - 1), lowest = Bits{1} << (std::numeric_limits<T>::digits - 1);
  const auto carry = [](T value) {  // into the sign's place, from an exponent whose bits are all set
    return (std::bit_cast<Bits>(value) & ~top) + lowest;
  };
  constexpr std::size_t block = 1024;  // looked at without a branch, so that the compiler can use vectors
  for (std::size_t at = 0; at < values.size(); at += block) {
    const std::span<const T> part = values.subspan(at, std::min(block, values.size() - at));
    Bits any = 0;
    for (const T value : part) any |= carry(value);
    if ((any & top) == 0) continue;
    for (std::size_t i = 0; i < part.size(); ++i)
      if ((carry(part[i]) & top) != 0) return static_cast<Index>(at + i);
  }
  return -1;
}

}  // namespace wsym::inline WSYM_SIMD
