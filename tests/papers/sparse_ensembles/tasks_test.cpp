// SPDX-License-Identifier: MIT
#include "sparse_ensembles/tasks.hpp"

#include <doctest/doctest.h>

#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
/// Row i has the features i and -i, and class i % classes.
Dataset<float> rows_of(Index rows, Index classes) {
  Dataset<float> data{Tensor<float>({rows, 2}), Tensor<float>(), {}, {TaskKind::classification, classes}};
  for (Index i = 0; i < rows; ++i) {
    data.x(i, 0) = static_cast<float>(i + 1), data.x(i, 1) = -static_cast<float>(i + 1);
    data.labels.push_back(static_cast<std::int32_t>(i % classes));
  }
  return data;
}
datasets::Prepared<float> prepared(Index classes) {
  datasets::Prepared<float> data;
  data.train = rows_of(40, classes), data.valid = rows_of(20, classes), data.test = rows_of(30, classes);
  return data;
}
}  // namespace

TEST_CASE("parts: all classes, or the last third held out and numbered from 0") {
  const datasets::Prepared<float> data = prepared(10);
  const Parts all = parts_of(data, "all"), seen = parts_of(data, "seen");
  CHECK(all.train.rows() == 40);
  CHECK(all.novel_test.rows() == 0);
  CHECK(seen.train.rows() == 28);
  CHECK(seen.train.task.outputs == 7);
  CHECK(seen.novel_train.rows() == 12);
  CHECK(seen.novel_test.task.outputs == 3);
  CHECK(seen.novel_test.labels == std::vector<std::int32_t>{0, 1, 2, 0, 1, 2, 0, 1, 2});
  CHECK(seen.novel_test.x(0, 0) == 8);
  check(seen.train), check(seen.novel_train);
  CHECK_THROWS_WITH_AS(parts_of(prepared(2), "seen"),
                       "classes=seen: 1 of 2 classes would be trained; at least 2 are needed, and 2 held out",
                       ConfigError);
}

TEST_CASE("upstream task: half of the classes, or with two of them the features behind a mask") {
  const Dataset<float> half = upstream_task(rows_of(40, 9), Key(1));
  CHECK(half.task == Task{TaskKind::classification, 5});
  CHECK(half.rows() == 24);
  const Dataset<float> data = rows_of(400, 2), masked = upstream_task(data, Key(1));
  CHECK(masked.task == Task{TaskKind::regression, 2});
  CHECK((masked.y.array() == data.x.array()).all());
  const double zeros = (masked.x.array() == 0).cast<double>().mean();
  CHECK(std::abs(zeros - 0.3) < 5 * std::sqrt(0.21 / 800));
  CHECK((masked.x.array() == 0 || masked.x.array() == data.x.array()).all());
}
