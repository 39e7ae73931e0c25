// SPDX-License-Identifier: MIT
#pragma once
#include "datasets/datasets.hpp"

/// A small data set for trainers.
namespace noise {

inline constexpr wsym::Index features = 8;

/// Rows of noise whose target is a simple function of them.
inline wsym::Dataset<float> part(wsym::Index rows, wsym::Task task, const wsym::Key& key) {
  using namespace wsym;
  Dataset<float> data{Tensor<float>({rows, features}), Tensor<float>(), {}, task};
  if (task.kind == TaskKind::regression) data.y = Tensor<float>({rows, 1});
  for (Index i = 0; i < data.x.size(); ++i) data.x[i] = static_cast<float>(key.normal(i));
  for (Index row = 0; row < rows; ++row) {
    const float sum = data.x(row, 0) + data.x(row, 1) * data.x(row, 2);
    if (task.kind == TaskKind::regression)
      data.y[row] = sum;
    else
      data.labels.push_back(sum > 0 ? 1 : 0);
  }
  return data;
}

inline wsym::datasets::Prepared<float> prepared(wsym::TaskKind kind) {
  const wsym::Task task{kind, kind == wsym::TaskKind::regression ? 1 : 2};
  wsym::datasets::Prepared<float> data;
  data.train = part(200, task, wsym::Key(1));
  data.valid = part(50, task, wsym::Key(2));
  data.test = part(60, task, wsym::Key(3));
  return data;
}

}  // namespace noise
