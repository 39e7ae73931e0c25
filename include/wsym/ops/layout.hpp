// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>

#include "wsym/autodiff/tape.hpp"

/// Ops that say where entries lie, and the product of matrices.
namespace wsym::inline WSYM_SIMD {

/// The same entries in their order under another shape of as many; it is a copy. Differentiable in x. Throws ShapeError
/// for another number of entries.
template <Real T> Var<T> reshape(Var<T> x, const Shape& shape) {
  expect(shape.size() == x.size(), "reshape: x is ", x.shape(), ", which has ", x.size(), " entries, but ", shape,
         " has ", shape.size());
  Var<T> y = x.tape().result(shape, x);
  std::copy_n(x.data(), x.size(), y.out().data());
  y.pull([=] { x.add(ConstMatMap<T>(y.grad().data(), x.rows(), x.cols())); });
  return y;
}

namespace detail {
/// f(place in x, place in y) for all entries of x, where y is x with two axes exchanged.
template <class F> void for_each_exchanged(const Shape& x, int a, int b, const F& f) {
  std::array<Index, Shape::max_rank> size, from, to;
  size.fill(1);
  for (int i = 0; i < x.rank(); ++i) size[static_cast<std::size_t>(i)] = x[i];
  const auto strides = [](const std::array<Index, Shape::max_rank>& sizes) {
    std::array<Index, Shape::max_rank> s;
    Index stride = 1;
    for (std::size_t i = sizes.size(); i-- > 0; stride *= sizes[i]) s[i] = stride;
    return s;
  };
  std::array<Index, Shape::max_rank> other = size;
  std::swap(other[static_cast<std::size_t>(a)], other[static_cast<std::size_t>(b)]);
  from = strides(size), to = strides(other);
  std::swap(to[static_cast<std::size_t>(a)], to[static_cast<std::size_t>(b)]);
  for (Index i = 0; i < size[0]; ++i)
    for (Index j = 0; j < size[1]; ++j)
      for (Index k = 0; k < size[2]; ++k)
        for (Index l = 0; l < size[3]; ++l)
          f(i * from[0] + j * from[1] + k * from[2] + l * from[3], i * to[0] + j * to[1] + k * to[2] + l * to[3]);
}
}  // namespace detail

/// Two axes exchanged: (..., a, ..., b, ...) -> (..., b, ..., a, ...); it is a copy. Differentiable in x. Throws
/// ShapeError for an axis that x has not.
template <Real T> Var<T> transpose(Var<T> x, int a, int b) {
  const Shape& s = x.shape();
  expect(std::min(a, b) >= 0 && std::max(a, b) < s.rank(), "transpose: axes ", a, " and ", b, " of ", s,
         "; axes count from 0 to ", s.rank() - 1);
  Shape shape;
  for (int i = 0; i < s.rank(); ++i) shape = shape.inserted(i, s[i == a ? b : i == b ? a : i]);
  Var<T> y = x.tape().result(shape, x);
  detail::for_each_exchanged(s, a, b, [&](Index from, Index to) { y.out().data()[to] = x.data()[from]; });
  y.pull([=] {
    x.add_with([&](MatMap<T> g, bool accumulate) {
      detail::for_each_exchanged(x.shape(), a, b, [&](Index from, Index to) {
        g.data()[from] = (accumulate ? g.data()[from] : T(0)) + y.grad().data()[to];
      });
    });
  });
  return y;
}

/// The product of matrices: a (..., n, k) and b (k, m) -> (..., n, m), the leading axes of a being rows; or b (..., k,
/// m) with the leading axes of a, and then one product for each.
///
/// Differentiable in both. Throws ShapeError where the shapes do not fit.
template <Real T> Var<T> matmul(Var<T> a, Var<T> b) {
  const Shape &left = a.shape(), &right = b.shape();
  const bool one = right.rank() == 2;
  bool fits = left.rank() >= 1 && right.rank() >= 2 && (one || left.rank() == right.rank()) &&
              left.cols() == right[right.rank() - 2];
  for (int i = 0; fits && !one && i + 2 < left.rank(); ++i) fits = left[i] == right[i];
  expect(fits, "matmul: a is ", left, " but b is ", right,
         "; a (..., n, k) needs b (k, m), or (..., k, m) with the same leading axes");
  Var<T> y = a.tape().result(left.with_cols(right.cols()), a, b);
  const Index k = left.cols(), m = right.cols(), n = one ? a.rows() : left[left.rank() - 2];
  const Index products = one ? 1 : right.size() == 0 ? 0 : right.rows() / k;
  const auto part = [](auto* data, Index i, Index rows, Index cols) {
    return kernels::View<std::remove_pointer_t<decltype(data)>>{data + i * rows * cols, rows, cols, cols};
  };
  for (Index i = 0; i < products; ++i)
    a.tape().product(part(y.out().data(), i, n, m), part(a.data(), i, n, k), part(b.data(), i, k, m));
  if (products == 0) y.out().setZero();
  y.pull([=] {
    Tape<T>& tape = y.tape();
    const T* const g = y.grad().data();
    a.add_with([&](MatMap<T> da, bool accumulate) {
      if (products == 0 && !accumulate) da.setZero();
      for (Index i = 0; i < products; ++i)
        tape.product(part(da.data(), i, n, k), part(g, i, n, m), part(b.data(), i, k, m).transposed(), accumulate);
    });
    b.add_with([&](MatMap<T> db, bool accumulate) {
      if (products == 0 && !accumulate) db.setZero();
      for (Index i = 0; i < products; ++i)
        tape.product(part(db.data(), i, k, m), part(a.data(), i, n, k).transposed(), part(g, i, n, m), accumulate);
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
