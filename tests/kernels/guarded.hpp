// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "reference/naive.hpp"
#include "wsym/kernels/view.hpp"

namespace testing {

using wsym::Index;

/// The sizes at which vector code breaks: around one, two and four vectors of every machine, and one element.
inline constexpr Index hard_sizes[] = {1, 3, 7, 16, 17, 63, 64, 65};

/// Numbers in [-1, 1), the same on every run.
class Numbers {
 public:
  explicit Numbers(std::uint32_t seed = 1) : state_(seed) {}
  double operator()() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<double>(state_ >> 8) / (1 << 23) - 1;
  }

 private:
  std::uint32_t state_;
};

enum class Layout { by_rows, by_columns, strided };

template <class T> bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// A matrix inside a larger block of NaN, off any alignment: a stray read spoils a result, a stray write is found.
template <class T> class Guarded {
 public:
  Guarded(Index rows, Index cols, Layout layout = Layout::by_rows, Index offset = 1)
      : rows_(rows), cols_(cols), layout_(layout), offset_(margin + offset) {
    const Index step = layout == Layout::strided ? 2 : 1;
    stride_ = (layout == Layout::by_columns ? rows : cols) * step + 3;
    const Index lines = layout == Layout::by_columns ? cols : rows;
    memory_.assign(static_cast<std::size_t>(2 * margin + offset + lines * stride_ + step), guard());
  }
  template <class F> Guarded& fill(F&& f) {
    for (Index i = 0; i < rows_; ++i)
      for (Index j = 0; j < cols_; ++j) view()(i, j) = static_cast<T>(f());
    return *this;
  }

  wsym::kernels::View<T> view() {
    T* p = memory_.data() + offset_;
    if (layout_ == Layout::by_columns) return {p, rows_, cols_, 1, stride_};
    return {p, rows_, cols_, stride_, layout_ == Layout::strided ? 2 : 1};
  }
  T* data() { return view().data; }
  T& operator()(Index i, Index j) { return view()(i, j); }
  T& operator[](Index i) { return view()(0, i); }

  reference::Matrix matrix() {
    reference::Matrix m(rows_, cols_);
    for (Index i = 0; i < rows_; ++i)
      for (Index j = 0; j < cols_; ++j) m(i, j) = static_cast<double>(view()(i, j));
    return m;
  }

  /// Nothing but the matrix was written.
  bool intact() const {
    Guarded copy = *this;
    copy.fill([] { return guard(); });
    for (T x : copy.memory_)
      if (!same_bits(x, guard())) return false;
    return true;
  }

 private:
  static constexpr Index margin = 64;
  static T guard() { return std::numeric_limits<T>::quiet_NaN(); }

  Index rows_, cols_;
  Layout layout_;
  Index offset_, stride_;
  std::vector<T> memory_;
};

}  // namespace testing
