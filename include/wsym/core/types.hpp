// SPDX-License-Identifier: MIT
#pragma once
#include <Eigen/Core>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "wsym/core/version.hpp"

namespace wsym::inline WSYM_SIMD {

/// The number types a model can have: float trains, double checks.
template <class T>
concept Real = std::same_as<T, float> || std::same_as<T, double>;

/// Signed size and position; the same type as Eigen's.
using Index = std::ptrdiff_t;

/// Row-major matrix views on memory that the library owns.
template <Real T> using MatMap = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
template <Real T>
using ConstMatMap = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// Rows that a function only reads. A view of a tensor that may change converts too, which Eigen's own does not.
template <Real T> class ConstRows : public ConstMatMap<T> {
 public:
  ConstRows(const ConstMatMap<T>& rows) : ConstMatMap<T>(rows) {}
  ConstRows(const MatMap<T>& rows) : ConstMatMap<T>(rows.data(), rows.rows(), rows.cols()) {}
};

/// Flat views for element-wise expressions.
template <Real T> using ArrayMap = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;
template <Real T> using ConstArrayMap = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;

/// Every buffer starts on a cache line: loads of full vectors never straddle two.
inline constexpr std::size_t alignment = 64;

}  // namespace wsym::inline WSYM_SIMD
