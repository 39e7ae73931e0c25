// SPDX-License-Identifier: MIT
#pragma once
#include "sparse_ensembles/system.hpp"

namespace wsym::sparse_ensembles {

/// Makes systems out of what they all share, without what their models have no use for.
class Maker {
 public:
  explicit Maker(const System& common) : common_(common) {}

  Index experts() const { return common_.experts; }
  const System& common() const { return common_; }

  /// change(system) comes last.
  template <class Change> System operator()(const char* model, Index top_k, Index members, Change change) const {
    System system = common_;
    system.model = model, system.top_k = top_k, system.members = members;
    change(system);
    return own(system);
  }
  System operator()(const char* model, Index top_k = 1, Index members = 1) const {
    return (*this)(model, top_k, members, [](System&) {});
  }

  /// Sparse networks of their own: a deep ensemble, or the one that it begins with.
  template <class Change> System networks(Index top_k, Index count, Change change) const {
    return count == 1 ? (*this)("moe", top_k, 1, change) : (*this)("deep_ensemble", top_k, count, change);
  }
  System networks(Index top_k, Index count) const {
    return networks(top_k, count, [](System&) {});
  }

  /// Fine-tuned from a network of another task.
  System from_upstream(const char* model, Index top_k, Index members, Index upstream_k, Index permutation = 0) const {
    return (*this)(model, top_k, members,
                   [=](System& s) { s.start = "upstream", s.upstream_k = upstream_k, s.permutation = permutation; });
  }

  /// With `factor` times the width, in the stream and in blocks.
  System scaled(const char* model, Index top_k, Index members, double factor) const {
    return (*this)(model, top_k, members, [=](System& s) {
      s.width = static_cast<Index>(static_cast<double>(s.width) * factor);
      s.hidden = static_cast<Index>(static_cast<double>(s.hidden) * factor);
    });
  }

 private:
  System common_;
};

}  // namespace wsym::sparse_ensembles
