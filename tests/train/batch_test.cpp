// SPDX-License-Identifier: MIT
#include "wsym/train/batch.hpp"

#include <doctest/doctest.h>

using namespace wsym;

namespace {
/// Rows 0, 1, 2, 3, each its own input and target.
template <Real T> Dataset<T> numbered() {
  return {Tensor<T>({4, 1}, {T(0), T(1), T(2), T(3)}), Tensor<T>({4, 1}, {T(0), T(1), T(2), T(3)}), {}, {}};
}
template <Real T> std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}
}  // namespace

TEST_CASE_TEMPLATE("gather_batch: rows in their order, with targets or labels, and weights where there are some", T,
                   float, double) {
  Tape<T> tape;
  const std::vector<Index> rows{2, 0, 2};
  Dataset<T> data = numbered<T>();
  const detail::BatchRows<T> batch = detail::gather_batch(data, rows, tape);
  CHECK(list<T>(batch.x) == std::vector<T>{2, 0, 2});
  CHECK(list<T>(batch.y) == std::vector<T>{2, 0, 2});
  CHECK((batch.labels.empty() && batch.weights.empty()));
  data.y = {}, data.labels = {5, 6, 7, 8}, data.weights = {T(.5), T(1), T(2), T(4)};
  data.task = {TaskKind::classification, 9};
  const detail::BatchRows<T> classes = detail::gather_batch(data, rows, tape);
  CHECK(std::vector<std::int32_t>(classes.labels.begin(), classes.labels.end()) == std::vector<std::int32_t>{7, 5, 7});
  CHECK(list<T>(classes.weights) == std::vector<T>{2, T(.5), 2});
  CHECK(classes.y.empty());
}

TEST_CASE_TEMPLATE("mix_rows: each row is mixed with the next, inputs and targets alike", T, float, double) {
  const Dataset<T> data = numbered<T>();
  const Key pass_key(3);
  Tape<T> tape;
  const std::vector<Index> rows{2, 0, 3, 1};
  const detail::BatchRows<T> batch =
      detail::mix_rows(detail::gather_batch(data, rows, tape), 4, data.task, 0.5, tape, pass_key);
  const double a = mixup_share(0.5, pass_key);
  const double expected[] = {2 * a, 3 * (1 - a), 3 * a + 1 - a, a + 2 * (1 - a)};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(static_cast<double>(batch.x[i]) == doctest::Approx(expected[i]).epsilon(1e-6));
    CHECK(static_cast<double>(batch.y[i]) == doctest::Approx(expected[i]).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("mix_rows: labels become mixed one-hot rows", T, float, double) {
  Dataset<T> data{numbered<T>().x, {}, {0, 1, 1, 2}, {TaskKind::classification, 3}};
  Tape<T> tape;
  const std::vector<Index> rows{0, 1};
  const Key key(3);
  const detail::BatchRows<T> batch =
      detail::mix_rows(detail::gather_batch(data, rows, tape), 2, data.task, 0.5, tape, key);
  const T a = static_cast<T>(mixup_share(0.5, key));
  CHECK(list<T>(batch.y) == std::vector<T>{a, 1 - a, 0, 1 - a, a, 0});
}
