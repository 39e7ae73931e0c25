// SPDX-License-Identifier: MIT
#include "sparse_ensembles/tasks.hpp"

#include "wsym/core/error.hpp"

namespace wsym::sparse_ensembles {
namespace {

/// The rows of classes first .. first + count - 1, numbered from 0.
Dataset<float> of_classes(const Dataset<float>& part, Index first, Index count) {
  std::vector<Index> rows;
  for (std::size_t i = 0; i < part.labels.size(); ++i)
    if (part.labels[i] >= first && part.labels[i] < first + count) rows.push_back(static_cast<Index>(i));
  Dataset<float> some = take(part, std::span<const Index>(rows));
  for (std::int32_t& label : some.labels) label -= static_cast<std::int32_t>(first);
  some.task.outputs = count;
  return some;
}

Dataset<float> masked_features(const Dataset<float>& part, const Key& key) {
  Dataset<float> task{part.x, part.x, {}, {TaskKind::regression, part.features()}};
  for (Index i = 0; i < task.x.size(); ++i)
    if (key.uniform(i) < 0.3) task.x[i] = 0;
  return task;
}

}  // namespace

Parts parts_of(const datasets::Prepared<float>& data, const std::string& classes) {
  if (classes == "all") return {data.train, data.valid, data.test, {}, {}};
  const Index all = data.train.task.outputs, novel = held_out(all), seen = all - novel;
  expect<ConfigError>(seen >= 2 && novel >= 2, "classes=seen: ", seen, " of ", all,
                      " classes would be trained; at least 2 are needed, and 2 held out");
  return {of_classes(data.train, 0, seen), of_classes(data.valid, 0, seen), of_classes(data.test, 0, seen),
          of_classes(data.train, seen, novel), of_classes(data.test, seen, novel)};
}

Dataset<float> upstream_task(const Dataset<float>& part, const Key& key) {
  const Index classes = part.task.outputs;
  return classes > 2 ? of_classes(part, 0, (classes + 1) / 2) : masked_features(part, key);
}

}  // namespace wsym::sparse_ensembles
