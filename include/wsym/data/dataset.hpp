// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "wsym/core/finite.hpp"
#include "wsym/core/tensor.hpp"

namespace wsym::inline WSYM_SIMD {

enum class TaskKind { regression, classification };
constexpr auto names(TaskKind) {
  return std::array{"regression", "classification"};
}

/// What is to be predicted: `outputs` numbers (regression), or one of `outputs` classes.
struct Task {
  TaskKind kind = TaskKind::regression;
  Index outputs = 1;
  friend bool operator==(const Task&, const Task&) = default;
};

/// Rows ready for a network. x (rows, features); regression: y (rows, outputs), labels empty; classification: labels
/// (rows) in 0 .. outputs - 1, y empty. y is in the target's unit unless a Preprocessor scaled it. weights (rows) scale
/// the loss of each row; empty: all 1.
template <Real T> struct Dataset {
  Tensor<T> x;
  Tensor<T> y;
  std::vector<std::int32_t> labels = {};
  Task task = {};
  std::vector<T> weights = {};

  Index rows() const { return x.shape().rank() == 2 ? x.rows() : 0; }
  Index features() const { return x.cols(); }
};

namespace detail {
/// Throws DataError, with row and column, unless the numbers are finite.
template <Real T> void check_finite(const char* name, const Tensor<T>& numbers) {
  const Index at = first_not_finite(numbers.span());
  if (at < 0) return;
  const Index row = at / numbers.cols(), col = at % numbers.cols();
  throw DataError(message("Dataset: row ", row, ", column ", col, " (from 0) of ", name, " is ", numbers[at],
                          "; finite numbers are needed"));
}

/// Throws ConfigError unless the weights are finite, not negative and not all 0.
template <Real T> void check_weights(std::span<const T> weights) {
  bool any = weights.empty();
  for (std::size_t row = 0; row < weights.size(); ++row) {
    expect<ConfigError>(weights[row] >= 0 && std::isfinite(weights[row]), "Dataset: row ", row, " (from 0) has weight ",
                        weights[row], "; weights are finite and not negative");
    any |= weights[row] > 0;
  }
  expect<ConfigError>(any, "Dataset: all ", weights.size(), " weights are 0");
}
}  // namespace detail

/// Throws ShapeError unless x, targets, weights and task of the data fit together, ConfigError for a task without
/// outputs, a label that is no class and weights that are negative, not finite or all 0, DataError with row and column
/// for an entry of x or y that is NaN or infinite. Cost: one pass over the data.
template <Real T> void check(const Dataset<T>& data) {
  const Index n = data.rows(), labels = static_cast<Index>(data.labels.size()), outputs = data.task.outputs;
  expect(data.weights.empty() || static_cast<Index>(data.weights.size()) == n, "Dataset: x has ", n,
         " rows but there are ", data.weights.size(), " weights; one a row is needed, or none");
  expect<ConfigError>(outputs >= 1, "Dataset: a task of ", outputs, " outputs; it needs at least 1");
  expect(data.x.shape().rank() == 2, "Dataset: x is ", data.x.shape(), "; it needs two axes, (rows, features)");
  if (data.task.kind == TaskKind::regression) {
    expect(data.y.shape() == Shape{n, outputs}, "Dataset: x has ", n, " rows but y is ", data.y.shape(), "; y needs ",
           Shape{n, outputs});
    expect(labels == 0, "Dataset: ", labels, " labels in a regression task; it has none");
    detail::check_finite("y", data.y);
  } else {
    expect(labels == n, "Dataset: x has ", n, " rows but there are ", labels, " labels; one a row is needed");
    for (const std::int32_t label : data.labels)
      expect<ConfigError>(label >= 0 && label < outputs, "Dataset: label ", label, " of a task with ", outputs,
                          " classes; labels are 0 .. ", outputs - 1);
  }
  detail::check_finite("x", data.x);
  detail::check_weights<T>(data.weights);
}

/// Copies the given rows of `from`, in the given order, to `into`, which has room for exactly rows.size() x cols()
/// numbers. Throws ShapeError when it has not, or for a row that is not there. No allocation.
template <Real T> void gather(const Tensor<T>& from, std::span<const Index> rows, std::span<T> into) {
  const Index cols = from.cols(), n = static_cast<Index>(rows.size());
  expect(static_cast<Index>(into.size()) == n * cols, "gather: ", n, " rows of ", cols, " numbers into room for ",
         into.size(), "; it needs room for ", n * cols);
  for (Index i = 0; i < n; ++i) {
    const Index row = rows[static_cast<std::size_t>(i)];
    expect(row >= 0 && row < from.rows(), "gather: row ", row, " of ", from.rows());
    std::copy_n(from.data() + row * cols, cols, into.data() + i * cols);
  }
}

/// The same for labels.
inline void gather(std::span<const std::int32_t> from, std::span<const Index> rows, std::span<std::int32_t> into) {
  expect(into.size() == rows.size(), "gather: ", rows.size(), " labels into room for ", into.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    expect(rows[i] >= 0 && rows[i] < static_cast<Index>(from.size()), "gather: label ", rows[i], " of ", from.size());
    into[i] = from[static_cast<std::size_t>(rows[i])];
  }
}

/// A data set of the given rows in the given order; a row may come twice. Throws ShapeError for a row that is not
/// there, and unless there is a weight for each row, or none.
template <Real T> Dataset<T> take(const Dataset<T>& data, std::span<const Index> rows) {
  const Index n = static_cast<Index>(rows.size());
  Dataset<T> part{Tensor<T>({n, data.features()}), Tensor<T>(), {}, data.task};
  gather(data.x, rows, part.x.span());
  expect(data.weights.empty() || static_cast<Index>(data.weights.size()) == data.rows(), "take: ", data.rows(),
         " rows but ", data.weights.size(), " weights; one a row is needed, or none");
  if (!data.weights.empty())
    for (const Index row : rows) part.weights.push_back(data.weights[static_cast<std::size_t>(row)]);
  if (data.task.kind == TaskKind::regression) {
    part.y = Tensor<T>({n, data.y.cols()});
    gather(data.y, rows, part.y.span());
  } else {
    part.labels.resize(rows.size());
    gather(data.labels, rows, part.labels);
  }
  return part;
}

}  // namespace wsym::inline WSYM_SIMD
