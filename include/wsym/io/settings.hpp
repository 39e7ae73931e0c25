// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/visit.hpp"
#include "wsym/io/json.hpp"

namespace wsym::inline WSYM_SIMD {

/// A setting as JSON: a number, a bool, an enum value's name, null for an empty optional, a list. Infinite numbers and
/// NaN, which JSON lacks, are the words "inf", "-inf" and "nan".
template <Setting S> Json setting_to_json(const S& setting) {
  if constexpr (NamedEnum<S>) {
    return setting_text(setting);
  } else if constexpr (Real<S>) {
    return std::isfinite(setting) ? Json(static_cast<double>(setting)) : Json(setting_text(setting));
  } else if constexpr (std::integral<S>) {
    return setting;
  } else if constexpr (requires { setting.has_value(); }) {
    return setting ? setting_to_json(*setting) : Json();
  } else {
    Json list = Json::array();
    for (const typename S::value_type& value : setting) list.push_back(setting_to_json(value));
    return list;
  }
}

namespace detail {
template <NamedEnum S> S value_from_json(const Json& json) {
  const auto list = names(S{});
  const auto at = std::find(list.begin(), list.end(), json.string());
  std::string known;
  for (const char* name : list) known += (known.empty() ? "" : " or ") + std::string(name);
  expect<FormatError>(at != list.end(), '\'', json.string(), "'; ", known, " is needed");
  return static_cast<S>(at - list.begin());
}
template <Real S> S value_from_json(const Json& json) {
  double number = 0;
  if (json.is_string()) {
    const std::string& word = json.string();
    expect<FormatError>(word == "inf" || word == "-inf" || word == "nan" || word == "-nan", '\'', word,
                        "'; a number, inf, -inf or nan is needed");
    std::from_chars(word.data(), word.data() + word.size(), number);
  } else {
    number = json.number();
  }
  const S value = static_cast<S>(number);
  expect<FormatError>(static_cast<double>(value) == number || !std::isfinite(number), setting_text(number),
                      "; the model's type cannot hold it");
  return value;
}
template <std::integral S> S value_from_json(const Json& json) {
  if constexpr (std::same_as<S, bool>) {
    return json.boolean();
  } else {
    std::conditional_t<std::is_unsigned_v<S>, std::uint64_t, std::int64_t> number = 0;
    if constexpr (std::is_unsigned_v<S>)
      number = json.natural();
    else
      number = json.index();
    expect<FormatError>(std::in_range<S>(number), number, "; the model's type cannot hold it");
    return static_cast<S>(number);
  }
}
}  // namespace detail

/// The reverse. Throws FormatError for a value of another kind, a number that S cannot hold, or an unknown name.
template <Setting S> void set_from_json(S& setting, const Json& json) {
  if constexpr (SettingValue<S>) {
    setting = detail::value_from_json<S>(json);
  } else if constexpr (requires { setting.has_value(); }) {
    setting.reset();
    if (!json.is_null()) set_from_json(setting.emplace(), json);
  } else {
    const Json::Array& items = json.items();
    if constexpr (requires { setting.resize(items.size()); }) setting.resize(items.size());
    expect<FormatError>(items.size() == setting.size(), items.size(), " values; ", setting.size(), " are needed");
    for (std::size_t i = 0; i < items.size(); ++i)
      setting[i] = detail::value_from_json<typename S::value_type>(items[i]);
  }
}

}  // namespace wsym::inline WSYM_SIMD
