// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// An enum whose values have names: a function beside it gives them in the order of the values, which count from 0:
///   enum class Colour { red, green };
///   constexpr auto names(Colour) { return std::array{"red", "green"}; }
/// Files hold the names, so a name is format: it outlives the value's name in C++.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires {
  { names(E{})[0] } -> std::convertible_to<const char*>;
  { names(E{}).size() } -> std::convertible_to<std::size_t>;
};

/// One number, bool or named enum value.
template <class S>
concept SettingValue = std::integral<S> || Real<S> || NamedEnum<S>;

namespace detail {
template <class S> inline constexpr bool is_setting = SettingValue<S>;
template <class S> inline constexpr bool is_setting<std::optional<S>> = SettingValue<S>;
template <class S> inline constexpr bool is_setting<std::vector<S>> = SettingValue<S>;
template <class S, std::size_t n> inline constexpr bool is_setting<std::array<S, n>> = SettingValue<S>;
}  // namespace detail

/// What a module's visit() may name beside tensors and modules: a SettingValue that changes what the module computes,
/// or an optional, vector or array of these.
template <class S>
concept Setting = detail::is_setting<std::remove_cvref_t<S>>;

/// A setting as text: a number in its shortest exact form, true or false, an enum value's name, none, [1, 2].
template <Setting S> std::string setting_text(const S& setting) {
  if constexpr (std::same_as<S, bool>) {
    return setting ? "true" : "false";
  } else if constexpr (NamedEnum<S>) {
    const auto list = names(S{});
    const auto place = static_cast<std::size_t>(setting);
    return place < list.size() ? list[place] : "value " + std::to_string(place);
  } else if constexpr (SettingValue<S>) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, setting).ptr};
  } else if constexpr (requires { setting.has_value(); }) {
    return setting ? setting_text(*setting) : "none";
  } else {
    std::string text;
    for (const typename S::value_type& value : setting) text += (text.empty() ? "" : ", ") + setting_text(value);
    return '[' + text + ']';
  }
}

/// Equal values; NaN equals itself.
template <Setting S> bool same_setting(const S& a, const S& b) {
  return a == b || setting_text(a) == setting_text(b);
}

}  // namespace wsym::inline WSYM_SIMD
