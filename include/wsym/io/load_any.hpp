// SPDX-License-Identifier: MIT
#pragma once
#include <variant>

#include "wsym/io/weights.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// The type that a content names. Throws FormatError where it names none.
inline const std::string& type_of(const safetensors::Content& content, std::string_view source) {
  format_of(content, source);
  const std::string* type = content.find(type_key);
  expect<FormatError>(type != nullptr, source, ": names no model type; load it as a type that you know");
  return *type;
}

/// f.template operator()<M>() -> R for the one of Models that is called `type`. Throws FormatError that lists them when
/// none is.
template <class R, class... Models, class F> R for_type(const std::string& type, std::string_view source, const F& f) {
  static_assert((has_type_name<Models> && ...), "a model type needs `static constexpr const char* type_name`");
  std::optional<R> result;
  std::string known;
  const auto ask = [&]<class M>() {
    const std::string name = wsym::type_name<M>();
    if (!result && name == type) result.emplace(f.template operator()<M>());
    known += (known.empty() ? "" : ", ") + name;
  };
  (ask.template operator()<Models>(), ...);
  expect<FormatError>(result.has_value(), source, ": holds a model of type ", type, "; the types at hand are ", known);
  return std::move(*result);
}
}  // namespace detail

/// The model in a file of save(), whose type is the one of Models that the file names:
///   std::visit([](const auto& model) { ... }, load_any<Mlp<float>, TabM<float>>("model.safetensors"));
/// A type of your own needs a type_name, see type_name(). Throws FormatError for a file that names no type, as those of
/// version 0.1 do, or a type that is not in the list, and as load.
template <class... Models>
std::variant<Models...> load_any(const std::string& path, NotFinite not_finite = NotFinite::refuse) {
  const std::string bytes = safetensors::read(path);
  const safetensors::Content content = safetensors::decode(bytes, path);
  return detail::for_type<std::variant<Models...>, Models...>(detail::type_of(content, path), path, [&]<class M>() {
    return std::variant<Models...>(std::in_place_type<M>, model_of<M>(content, path, not_finite));
  });
}

}  // namespace wsym::inline WSYM_SIMD
