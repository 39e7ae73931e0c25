// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

#include "wsym/core/types.hpp"

namespace wsym {

/// The position of the first entry that is NaN or infinite, or -1. Cost: one pass at the speed of memory.
template <Real T> Index first_not_finite(std::span<const T> values) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits exponent = sizeof(T) == 4 ? Bits{0x7f800000} : static_cast<Bits>(std::uint64_t{0x7ff} << 52);
  const auto is_finite = [](T value) {
    return (std::bit_cast<Bits>(value) & exponent) != exponent;
  };
  constexpr std::size_t block = 1024;  // looked at without a branch, so that the compiler can use vectors
  for (std::size_t at = 0; at < values.size(); at += block) {
    const std::span<const T> part = values.subspan(at, std::min(block, values.size() - at));
    bool all = true;
    for (const T value : part) all &= is_finite(value);
    if (all) continue;
    for (std::size_t i = 0; i < part.size(); ++i)
      if (!is_finite(part[i])) return static_cast<Index>(at + i);
  }
  return -1;
}

}  // namespace wsym
