// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "wsym/core/parameter.hpp"

namespace wsym {

/// A module is a struct with `static void visit(auto& self, auto&& v)` that calls v("name", self.member) for each
/// member: a Parameter (learns), a Tensor (a buffer: saved, never learns), a module, or a vector, array or optional
/// of these. From this one traversal follow names, counts, initialisation, optimiser state, files and arithmetic.
template <class M>
concept Module = requires(M& m) {
  std::remove_cvref_t<M>::visit(m, [](const char*, auto&) {});
};

namespace detail {
template <class X> struct is_list : std::false_type {};
template <class X> struct is_list<std::vector<X>> : std::true_type {};
template <class X, std::size_t n> struct is_list<std::array<X, n>> : std::true_type {};
template <class X> struct is_optional : std::false_type {};
template <class X> struct is_optional<std::optional<X>> : std::true_type {};

template <class Member, class F> void walk(const std::string& name, Member& member, F& f) {
  using M = std::remove_cvref_t<Member>;
  if constexpr (is_list<M>::value) {
    for (std::size_t i = 0; i < member.size(); ++i)
      walk(name.empty() ? std::to_string(i) : name + "." + std::to_string(i), member[i], f);
  } else if constexpr (is_optional<M>::value) {
    if (member) walk(name, *member, f);
  } else if constexpr (Module<M>) {
    M::visit(member,
             [&](const char* child, auto& inner) { walk(name.empty() ? child : name + "." + child, inner, f); });
  } else {
    f(name, member);
  }
}
}  // namespace detail

/// Calls f(name, member) for every Parameter and every Tensor of a model in visit order; names are dotted
/// ("layers.0.weight"). The model may be a module, or a list of modules ("0.layers.0.weight").
template <class M, class F> void for_each_member(M& model, F&& f) {
  detail::walk(std::string(), model, f);
}

/// The same for the parameters alone.
template <class M, class F> void for_each_parameter(M& model, F&& f) {
  for_each_member(model, [&](const std::string& name, auto& member) {
    if constexpr (is_parameter<std::remove_cvref_t<decltype(member)>>) f(name, member);
  });
}

}  // namespace wsym
