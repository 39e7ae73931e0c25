// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <cassert>

#include "wsym/kernels/view.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

/// What is read soon after a product: matrices by rows without gaps.
template <Real T> using Next = std::array<View<const T>, 2>;

/// Asks for such a matrix a part at a time while something else is computed, so that it lies in a near cache when its
/// turn comes: what only a few rows meet would otherwise be waited for. Changes no result.
template <Real T> class Ahead {
 public:
  /// In `parts` parts of at most `most` cache lines.
  Ahead(View<const T> x, Index parts, Index most)
      : at_(x.data), left_(x.rows * x.cols), part_(std::min((left_ + parts * line - 1) / (parts * line), most) * line) {
    assert(x.rows <= 1 || (x.row_stride == x.cols && x.col_stride == 1));
  }

  void ask() {
    const Index now = std::min(part_, left_);
    for (Index i = 0; i < now; i += line) __builtin_prefetch(at_ + i);
    at_ += now, left_ -= now;
  }

  /// Elements that have not been asked for.
  Index left() const { return left_; }

 private:
  static constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  const T* at_;
  Index left_, part_;
};

}  // namespace wsym::inline WSYM_SIMD::kernels
