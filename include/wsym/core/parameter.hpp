// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <vector>

#include "wsym/core/tensor.hpp"

namespace wsym::inline WSYM_SIMD {

/// Entries of a tensor that never move: positions in row-major order, ascending, and the value each one keeps.
template <Real T> struct Frozen {
  std::vector<Index> index;
  std::vector<T> value;

  Index size() const { return static_cast<Index>(index.size()); }
  /// Writes the kept values back: cost in the number of frozen entries.
  void restore(std::span<T> values) const {
    for (std::size_t i = 0; i < index.size(); ++i) values[static_cast<std::size_t>(index[i])] = value[i];
  }
  /// Sets a gradient to 0 at the frozen positions, by assignment: 0 x inf would be NaN.
  void clear(std::span<T> gradient) const {
    for (const Index i : index) gradient[static_cast<std::size_t>(i)] = T(0);
  }
  friend bool operator==(const Frozen&, const Frozen&) = default;
};

/// A tensor that learns, perhaps with frozen entries. change() is the one way to alter the value in place, and puts
/// the frozen values back; so no optimiser, momentum or weight decay can move one.
template <Real T> class Parameter {
 public:
  Parameter() = default;
  explicit Parameter(Tensor<T> value) : value_(std::move(value)) {}
  /// The frozen values are written into `value`. Throws ShapeError for positions that are out of range, not ascending,
  /// or not as many as values.
  Parameter(Tensor<T> value, Frozen<T> frozen) : value_(std::move(value)), frozen_(std::move(frozen)) {
    expect(frozen_.index.size() == frozen_.value.size(), "Parameter: ", frozen_.index.size(), " frozen positions but ",
           frozen_.value.size(), " values");
    Index last = -1;
    for (const Index i : frozen_.index) {
      expect(i > last && i < value_.size(), "Parameter: frozen position ", i, " after ", last, " in shape ",
             value_.shape(), "; positions ascend and stay below ", value_.size());
      last = i;
    }
    frozen_.restore(value_.span());
  }

  const Tensor<T>& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  Index size() const { return value_.size(); }
  const Frozen<T>& frozen() const { return frozen_; }

  /// f(std::span<T>) rewrites the values; afterwards, also when f throws, the frozen ones stand as before.
  template <class F> void change(F&& f) {
    const struct Restore {
      Parameter& parameter;
      ~Restore() { parameter.frozen_.restore(parameter.value_.span()); }
    } restore{*this};
    f(value_.span());
  }

 private:
  Tensor<T> value_;
  Frozen<T> frozen_;
};

template <class X> inline constexpr bool is_parameter = false;
template <Real T> inline constexpr bool is_parameter<Parameter<T>> = true;
template <class X> inline constexpr bool is_tensor = false;
template <Real T> inline constexpr bool is_tensor<Tensor<T>> = true;

}  // namespace wsym::inline WSYM_SIMD
