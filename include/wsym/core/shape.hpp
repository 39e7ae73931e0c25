// SPDX-License-Identifier: MIT
#pragma once
#include <initializer_list>
#include <ostream>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// The sizes of a tensor's axes, outermost first; at most four. Rank 0 is a scalar of one element.
/// The product of the sizes other than 0 is at most max_size, so that size(), rows() and a count of bytes fit an Index.
/// Throws ShapeError for a fifth axis, a negative size or a larger product.
class Shape {
 public:
  static constexpr int max_rank = 4;
  static constexpr Index max_size = Index{1} << 59;  // elements of 8 bytes are then 2^62 bytes

  Shape() = default;
  Shape(std::initializer_list<Index> sizes) {
    expect(sizes.size() <= max_rank, "Shape: ", sizes.size(), " axes; at most ", max_rank, " are supported");
    for (const Index size : sizes) {
      expect(size >= 0, "Shape: axis ", rank_, " has size ", size, "; sizes are not negative");
      sizes_[rank_++] = size;
    }
    check_size();
  }

  int rank() const { return rank_; }
  /// The size of axis 0 .. rank() - 1. Throws ShapeError for another one.
  Index operator[](int axis) const {
    expect(axis >= 0 && axis < rank_, "Shape: axis ", axis, " of ", *this, ", which has ", rank_,
           rank_ == 1 ? " axis" : " axes");
    return sizes_[axis];
  }

  /// The number of elements.
  Index size() const { return rows() * cols(); }
  /// Every tensor is also a matrix of rows() x cols(): all leading axes, and the last.
  Index cols() const { return rank_ == 0 ? 1 : sizes_[rank_ - 1]; }
  Index rows() const {
    Index product = 1;
    for (int axis = 0; axis + 1 < rank_; ++axis) product *= sizes_[axis];
    return product;
  }
  /// The same leading axes with another last one. Throws as the constructor does.
  Shape with_cols(Index cols) const {
    Shape other = *this;
    if (other.rank_ == 0) other.rank_ = 1;
    expect(cols >= 0, "Shape: axis ", other.rank_ - 1, " has size ", cols, "; sizes are not negative");
    other.sizes_[other.rank_ - 1] = cols;
    other.check_size();
    return other;
  }

  /// The same axes with another one in front of `axis`, which may be rank(). Throws as the constructor does.
  Shape inserted(int axis, Index size) const {
    expect(rank_ < max_rank, "Shape: ", *this, " and another axis of ", size, "; at most ", max_rank,
           " axes are supported");
    expect(size >= 0, "Shape: axis ", axis, " has size ", size, "; sizes are not negative");
    Shape other = *this;
    for (int to = other.rank_++; to > axis; --to) other.sizes_[to] = sizes_[to - 1];
    other.sizes_[axis] = size;
    other.check_size();
    return other;
  }
  Shape erased(int axis) const {
    Shape other = *this;
    for (--other.rank_; axis < other.rank_; ++axis) other.sizes_[axis] = sizes_[axis + 1];
    return other;
  }

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int axis = 0; axis < a.rank_; ++axis)
      if (a.sizes_[axis] != b.sizes_[axis]) return false;
    return true;
  }
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << '(';
    for (int axis = 0; axis < shape.rank_; ++axis) out << (axis ? ", " : "") << shape.sizes_[axis];
    return out << ')';
  }

 private:
  void check_size() const {
    Index product = 1;
    for (int axis = 0; axis < rank_; ++axis) {
      const bool overflow = sizes_[axis] > 0 && __builtin_mul_overflow(product, sizes_[axis], &product);
      expect(!overflow && product <= max_size, "Shape: ", *this, " has more than 2^59 elements");
    }
  }

  Index sizes_[max_rank] = {0, 0, 0, 0};
  int rank_ = 0;
};

}  // namespace wsym::inline WSYM_SIMD
