// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/parameter.hpp"
#include "wsym/core/setting.hpp"

namespace wsym::inline WSYM_SIMD {

/// A module is a struct with `static void visit(auto& self, auto&& v)` that calls v("name", self.member) for each
/// member: a Parameter (learns), a Tensor (a buffer: saved, never learns), a Setting (a number, bool or named enum that
/// changes what the module computes: saved, compared, never learns), a module, or a vector, array or optional of these.
/// From this one traversal follow names, counts, initialisation, optimiser state, files and arithmetic.
///
/// A module may also have `void check() const`, which throws ConfigError for settings outside their range; whoever
/// reads settings from a file calls it.
template <class M>
concept Module = requires(M& m) {
  std::remove_cvref_t<M>::visit(m, [](const char*, auto&) {});
};

namespace detail {
template <class X> inline constexpr bool is_list = false;
template <class X> inline constexpr bool is_list<std::vector<X>> = true;
template <class X, std::size_t n> inline constexpr bool is_list<std::array<X, n>> = true;
template <class X> inline constexpr bool is_optional = false;
template <class X> inline constexpr bool is_optional<std::optional<X>> = true;

/// Where a traversal stands: as a dotted name, or as nothing at all where no name is asked for (no allocation).
struct Named {
  std::string name;
  Named operator/(const std::string& child) const { return {name.empty() ? child : name + "." + child}; }
  Named operator/(std::size_t i) const { return *this / std::to_string(i); }
};
struct Unnamed {
  Unnamed operator/(const char*) const { return {}; }
  Unnamed operator/(std::size_t) const { return {}; }
};

template <class Path, class Member, class F> void walk(const Path& path, Member& member, F& f) {
  using M = std::remove_cvref_t<Member>;
  if constexpr (Setting<M>) {
    f(path, member);
  } else if constexpr (is_list<M>) {
    for (std::size_t i = 0; i < member.size(); ++i) walk(path / i, member[i], f);
  } else if constexpr (is_optional<M>) {
    if (member) walk(path, *member, f);
  } else if constexpr (Module<M>) {
    if constexpr (requires { f.module(path, member); }) f.module(path, member);
    M::visit(member, [&](const char* child, auto& inner) { walk(path / child, inner, f); });
  } else {
    static_assert(is_parameter<M> || is_tensor<M>,
                  "a member is a Parameter, a Tensor, a number, a bool, an enum with names(), a module (a struct with "
                  "visit), or a list or optional of these");
    f(path, member);
  }
}
}  // namespace detail

/// Calls f(name, member) for every Parameter and every Tensor of a model in visit order; names are dotted
/// ("layers.0.weight"). The model may also be a list of modules ("0.layers.0.weight").
template <class M, class F> void for_each_member(M& model, F&& f) {
  const auto visit = [&](const detail::Named& path, auto& member) {
    if constexpr (!Setting<decltype(member)>) f(path.name, member);
  };
  detail::walk(detail::Named(), model, visit);
}

/// Calls f(name, setting) for every Setting of a model in visit order, such as ("blocks.1.inner.router.choices", 2).
template <class M, class F> void for_each_setting(M& model, F&& f) {
  const auto visit = [&](const detail::Named& path, auto& member) {
    if constexpr (Setting<decltype(member)>) f(path.name, member);
  };
  detail::walk(detail::Named(), model, visit);
}

/// The same for the parameters alone.
template <class M, class F> void for_each_named_parameter(M& model, F&& f) {
  const auto visit = [&](const detail::Named& path, auto& member) {
    if constexpr (is_parameter<std::remove_cvref_t<decltype(member)>>) f(path.name, member);
  };
  detail::walk(detail::Named(), model, visit);
}

/// Calls f(parameter) in the same order, and allocates nothing.
template <class M, class F> void for_each_parameter(M& model, F&& f) {
  const auto visit = [&](detail::Unnamed, auto& member) {
    if constexpr (is_parameter<std::remove_cvref_t<decltype(member)>>) f(member);
  };
  detail::walk(detail::Unnamed(), model, visit);
}

}  // namespace wsym::inline WSYM_SIMD
