// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/core/visit.hpp"

namespace wsym::inline WSYM_SIMD {

/// Copies every parameter (with its frozen entries) and buffer of `from` whose name `takes` to the one of that name in
/// `to`: all but a head of another width, for instance. takes(const std::string& name) -> bool. Returns how many were
/// copied. Settings are not copied and may differ, for this is how a network of K = 1 starts one of K = 2, and one
/// network one of several members. Throws ShapeError when `from` has none of that name or one of another shape; then
/// `to` is as before. What `to` lacks is not copied: a router's bias must be there in both.
template <class M, class F> Index transfer(const M& from, M& to, F&& takes) {
  std::vector<std::pair<std::string, const void*>> there;  // equal names in models of one type have one type
  for_each_member(from, [&](const std::string& name, const auto& member) { there.emplace_back(name, &member); });
  M result = to;
  Index copied = 0;
  for_each_member(result, [&](const std::string& name, auto& member) {
    if (!takes(name)) return;
    std::size_t at = 0;
    while (at < there.size() && there[at].first != name) ++at;
    expect(at < there.size(), "transfer: the source has no '", name, "'");
    const auto& source = *static_cast<const std::remove_cvref_t<decltype(member)>*>(there[at].second);
    expect(source.shape() == member.shape(), "transfer: '", name, "' is ", source.shape(), " in the source but ",
           member.shape(), " here");
    member = source;
    ++copied;
  });
  to = std::move(result);
  return copied;
}

}  // namespace wsym::inline WSYM_SIMD
