// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <class M> struct TypeName {
  static constexpr bool known = requires { M::type_name; };
  static std::string get() {
    if constexpr (known) return M::type_name;
    return {};
  }
};
template <> struct TypeName<float> {
  static constexpr bool known = true;
  static std::string get() { return "float"; }
};
template <> struct TypeName<double> {
  static constexpr bool known = true;
  static std::string get() { return "double"; }
};
template <template <class...> class Template, class... Args> struct TypeName<Template<Args...>> {
  static constexpr bool known = requires { Template<Args...>::type_name; }
  &&(TypeName<Args>::known&&...);
  static std::string get() {
    if constexpr (known) {
      std::string arguments;
      ((arguments += (arguments.empty() ? "" : ", ") + TypeName<Args>::get()), ...);
      return Template<Args...>::type_name + ('<' + arguments + '>');
    }
    return {};
  }
};
}  // namespace detail

/// Whether a model's type has a name for files: `static constexpr const char* type_name = "my_net"` in the class, and,
/// of a template, in its arguments too.
template <class M> inline constexpr bool has_type_name = detail::TypeName<M>::known;

/// That name, with the arguments of a template: "my_net", "residual_mlp<float, sparse_moe<float, mlp<float>>>". Empty
/// where there is none. It is format: it outlives the type's name in C++.
template <class M> std::string type_name() {
  return detail::TypeName<M>::get();
}

}  // namespace wsym::inline WSYM_SIMD
