// SPDX-License-Identifier: MIT
#include "wsym/core/type_name.hpp"

#include <doctest/doctest.h>

using namespace wsym;

namespace {
struct Twin {
  static constexpr const char* type_name = "twin";
};
template <class A, class B = A> struct Pair { static constexpr const char* type_name = "pair"; };
template <class T> struct Unnamed {};
}  // namespace

TEST_CASE("type_name: templates have the names of their arguments in theirs, and none where one has none") {
  CHECK(type_name<Twin>() == "twin");
  CHECK(type_name<Pair<float>>() == "pair<float, float>");
  CHECK(type_name<Pair<double, Pair<Twin, float>>>() == "pair<double, pair<twin, float>>");
  CHECK(type_name<Pair<float, Unnamed<float>>>().empty());
  static_assert(has_type_name<Pair<Twin>> && !has_type_name<Pair<int>> && !has_type_name<int>);
}
