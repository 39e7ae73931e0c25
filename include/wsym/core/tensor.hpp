// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "wsym/core/shape.hpp"

namespace wsym::inline WSYM_SIMD {

/// An owning, contiguous, row-major array of rank <= 4 on a 64-byte boundary. A value: copying copies.
///
/// operator[] and operator() are for inner loops: they check the position by eigen_assert alone, as Eigen's maps do, so
/// not where NDEBUG is defined. A position outside 0 .. size() - 1 is undefined there.
///
/// Throws Error, with the shape, when there is not enough memory.
template <Real T> class Tensor {
 public:
  /// One element of value 0 would be a lie: an empty tensor has shape (0).
  Tensor() : Tensor(Shape{0}) {}
  /// All elements 0.
  explicit Tensor(Shape shape) : Tensor(shape, T(0)) {}
  Tensor(Shape shape, T fill) : shape_(shape), data_(allocate(shape)) { std::fill_n(data(), size(), fill); }
  /// Elements in row-major order. Throws ShapeError unless there are exactly shape.size() of them.
  Tensor(Shape shape, std::span<const T> values) : shape_(shape), data_(allocate(shape)) {
    expect(static_cast<Index>(values.size()) == shape.size(), "Tensor: ", values.size(), " values for shape ", shape,
           "; it needs ", shape.size());
    std::copy(values.begin(), values.end(), data());
  }
  Tensor(Shape shape, std::initializer_list<T> values)
      : Tensor(shape, std::span<const T>(values.begin(), values.size())) {}

  Tensor(const Tensor& other) : Tensor(other.shape_, other.span()) {}
  Tensor(Tensor&& other) noexcept : shape_(std::exchange(other.shape_, Shape{0})), data_(std::move(other.data_)) {}
  /// Copies into the memory at hand where the sizes agree.
  Tensor& operator=(const Tensor& other) {
    if (size() != other.size()) return *this = Tensor(other);
    shape_ = other.shape_;
    if (this != &other) std::copy_n(other.data(), size(), data());
    return *this;
  }
  Tensor& operator=(Tensor&& other) noexcept {
    std::swap(shape_, other.shape_);
    std::swap(data_, other.data_);
    return *this;
  }

  const Shape& shape() const { return shape_; }
  Index size() const { return shape_.size(); }
  Index rows() const { return shape_.rows(); }
  Index cols() const { return shape_.cols(); }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::span<T> span() { return {data(), static_cast<std::size_t>(size())}; }
  std::span<const T> span() const { return {data(), static_cast<std::size_t>(size())}; }
  T& operator[](Index i) { return data_.get()[place(i)]; }
  const T& operator[](Index i) const { return data_.get()[place(i)]; }
  T& operator()(Index row, Index col) { return data_.get()[place(row, col)]; }
  const T& operator()(Index row, Index col) const { return data_.get()[place(row, col)]; }

  /// All leading axes x the last axis.
  MatMap<T> mat() { return {data(), rows(), cols()}; }
  ConstMatMap<T> mat() const { return {data(), rows(), cols()}; }
  ArrayMap<T> array() { return {data(), size()}; }
  ConstArrayMap<T> array() const { return {data(), size()}; }

  /// Equal shapes and equal bits of every element (so NaN equals itself and -0 differs from 0).
  friend bool same_bits(const Tensor& a, const Tensor& b) {
    return a.shape_ == b.shape_ && std::equal(reinterpret_cast<const unsigned char*>(a.data()),
                                              reinterpret_cast<const unsigned char*>(a.data() + a.size()),
                                              reinterpret_cast<const unsigned char*>(b.data()));
  }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete(p, std::align_val_t(alignment)); }
  };
  static std::unique_ptr<T, Free> allocate(const Shape& shape) {
    const auto bytes = static_cast<std::size_t>(std::max<Index>(shape.size(), 1)) * sizeof(T);
    void* const memory = ::operator new(bytes, std::align_val_t(alignment), std::nothrow);
    expect<Error>(memory != nullptr, "Tensor: no memory for ", bytes, " bytes of shape ", shape);
    return std::unique_ptr<T, Free>(static_cast<T*>(memory));
  }
  Index place(Index i) const {
    eigen_assert(i >= 0 && i < size() && "Tensor: the position is outside");
    return i;
  }
  Index place(Index row, Index col) const {
    eigen_assert(row >= 0 && row < rows() && col >= 0 && col < cols() && "Tensor: the position is outside");
    return row * cols() + col;
  }

  Shape shape_;
  std::unique_ptr<T, Free> data_;
};

}  // namespace wsym::inline WSYM_SIMD
