// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"

/// Ops of two values, entry by entry, where one may be a row, a column or a number that stands for all rows, columns or
/// entries of the other.
namespace wsym::inline WSYM_SIMD::detail {

/// An operand as a matrix of the result's rows and columns: a stride of 0 where it has one row or one column.
template <Real T> struct Operand {
  const T* data;
  Index row_stride, col_stride;

  Operand(Var<T> x, Index rows, Index cols)
      : data(x.data()),
        row_stride(x.rows() == 1 && rows != 1 ? 0 : x.cols()),
        col_stride(x.cols() == 1 && cols != 1 ? 0 : 1) {}

  template <class Count> [[gnu::always_inline]] kernels::Vec<T> load(Index i, Index j, Count count) const {
    const T* const p = data + i * row_stride + j * col_stride;
    return col_stride == 0 ? kernels::broadcast(*p) : kernels::load(p, count);
  }
};

/// Whether `part` is `whole`'s shape, or one row (d) or (1, d), one column (n, 1), or one entry of it.
template <Real T> bool stands_for(Var<T> part, Var<T> whole) {
  if (part.shape() == whole.shape()) return true;
  return (part.rows() == 1 && part.cols() == whole.cols()) || (part.cols() == 1 && part.rows() == whole.rows()) ||
         part.size() == 1;
}

/// The operand that the result has the shape of. Throws ShapeError where neither stands for the other.
template <Real T> Var<T> whole_of(const char* op, Var<T> a, Var<T> b) {
  const bool of_a = stands_for(b, a) && b.size() <= a.size();
  expect(of_a || stands_for(a, b), op, ": a is ", a.shape(), " but b is ", b.shape(),
         "; one may be a row (d), a column (n, 1) or one entry of the other, else they must be equal");
  return of_a ? a : b;
}

/// The sum of f(i, count), the vectors of n entries, over a tree that neither the width of a vector nor anything but n
/// decides: blocks of 64 bytes are added in turn, 1,024 entries to a leaf.
template <Real T, class F> T sum_entries(Index first, Index n, const F& f) {
  constexpr Index leaf = 1024, block = 64 / static_cast<Index>(sizeof(T));
  constexpr int parts = static_cast<int>(block) / kernels::lanes<T>;
  if (n > leaf) {
    const Index left = (n + leaf - 1) / leaf / 2 * leaf;
    return sum_entries<T>(first, left, f) + sum_entries<T>(first + left, n - left, f);
  }
  kernels::Vec<T> sums[parts] = {};
  for (Index i = 0; i < n; i += block)
    for (int p = 0; p < parts; ++p)
      if (const Index at = i + p * kernels::lanes<T>; at + kernels::lanes<T> <= n)
        sums[p] += f(first + at, kernels::AllLanes{});
      else if (at < n)  // the lanes behind the last entry may hold anything, such as 0 / 0
        sums[p] += kernels::lane_numbers<T>() < static_cast<T>(n - at) ? f(first + at, n - at) : kernels::Vec<T>{};
  for (int half = parts / 2; half > 0; half /= 2)
    for (int p = 0; p < half; ++p) sums[p] += sums[p + half];
  return kernels::sum_of_lanes<T>(sums[0])[0];
}

/// Adds what read(i, j, count) gives for each entry of a (rows, cols) result to the gradient of an operand, over the
/// rows, columns or entries that it stood for.
template <Real T, class Read> void add_gradient(Var<T> to, Index rows, Index cols, const Read& read) {
  to.add_with([&](MatMap<T> g, bool accumulate) {
    const auto set = [&](Index i, T sum) {
      g.data()[i] = accumulate ? g.data()[i] + sum : sum;
    };
    if (to.rows() == rows && to.cols() == cols) {
      for (Index i = 0; i < rows; ++i)
        kernels::for_each_vector<T>(cols, [&](Index j, auto count) {
          T* const p = g.data() + i * cols + j;
          const kernels::Vec<T> v = read(i, j, count);
          kernels::store<T>(p, accumulate ? kernels::load<T>(p, count) + v : v, count);
        });
    } else if (to.cols() == cols && cols != 1) {
      kernels::detail::sum_columns<T>(rows, cols, read, g.data(), accumulate);
    } else if (to.rows() == rows && rows != 1) {
      for (Index i = 0; i < rows; ++i)
        set(i, sum_entries<T>(0, cols, [&](Index j, auto count) { return read(i, j, count); }));
    } else {
      T total = 0;
      for (Index i = 0; i < rows; ++i)
        total += sum_entries<T>(0, cols, [&](Index j, auto count) { return read(i, j, count); });
      set(0, total);
    }
  });
}

/// y = f(a, b) entry by entry, with the derivatives in a and b: each a function of the vectors of a and b.
template <Real T, class F, class Da, class Db>
Var<T> binary(const char* op, Var<T> a, Var<T> b, const F& f, const Da& da, const Db& db) {
  const Shape shape = whole_of(op, a, b).shape();
  Var<T> y = a.tape().result(shape, a, b);
  const Index rows = y.rows(), cols = y.cols();
  const Operand<T> left(a, rows, cols), right(b, rows, cols);
  T* const out = y.out().data();
  for (Index i = 0; i < rows; ++i)
    kernels::for_each_vector<T>(cols, [&](Index j, auto count) {
      kernels::store<T>(out + i * cols + j, f(left.load(i, j, count), right.load(i, j, count)), count);
    });
  y.pull([=] {
    const T* const g = y.grad().data();
    const auto times = [&](const auto& derivative) {
      return [&, left, right](Index i, Index j, auto count) -> kernels::Vec<T> {
        return kernels::load<T>(g + i * cols + j, count) * derivative(left.load(i, j, count), right.load(i, j, count));
      };
    };
    add_gradient(a, rows, cols, times(da));
    add_gradient(b, rows, cols, times(db));
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD::detail
