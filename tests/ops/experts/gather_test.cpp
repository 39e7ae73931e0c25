// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/gather.hpp"

#include "ops/dispatches.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// Routings with and without drops, with empty experts, with more slots than rows.
template <Real T, class F> void for_each_dispatch(const F& f) {
  for (const Index rows : {1, 7, 17})
    for (const Index k : {1, 2, 4})
      for (const double ratio : {0.4, 1.0, dropless}) {
        Tape<T> tape;
        const Tensor<T> gates = test::random_gates<T>(rows, 4, Key(static_cast<std::uint64_t>(rows)));
        const Dispatch d = test::dispatch_gates(tape, gates, k, {ratio});
        CAPTURE(rows);
        CAPTURE(k);
        CAPTURE(ratio);
        f(d);
      }
}
auto gather(const Dispatch& d) {
  return [=](auto& x) {
    return gather_rows(x[0], d);
  };
}
auto combine(const Dispatch& d) {
  return [=](auto& x) {
    return combine_rows(x[0], x[1], d);
  };
}
auto unsummed(const Dispatch& d) {
  return [=](auto& x) {
    return contributions(x[0], x[1], d);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("gather_rows: every kept choice finds its row at its place, and the rest is 0", T, float, double) {
  for_each_dispatch<T>([](const Dispatch& d) {
    const Tensor<T> x = random_tensor<T>({d.rows, 5}, Key(1)), y = test::value_of<T>(gather(d), {x});
    REQUIRE(y.shape() == Shape{d.bound, 5});
    for (Index n = 0; n < d.rows; ++n)
      for (Index j = 0; j < d.choices; ++j)
        if (const Index p = d.place[n * d.choices + j]; p >= 0) REQUIRE(y.mat().row(p) == x.mat().row(n));
    REQUIRE(y.mat().bottomRows(d.bound - d.kept()).isZero(0));
  });
}

TEST_CASE_TEMPLATE("combine_rows: the weighted sum of what was kept, 0 where nothing was", T, float, double) {
  for_each_dispatch<T>([](const Dispatch& d) {
    const Tensor<T> w = random_tensor<T>({d.rows, d.choices}, Key(2)), f = random_tensor<T>({d.bound, 5}, Key(3));
    const Tensor<T> y = test::value_of<T>(combine(d), {w, f}), parts = test::value_of<T>(unsummed(d), {w, f});
    Tensor<T> sum({d.rows, 5});
    for (Index i = 0; i < d.rows * d.choices; ++i) {
      if (d.place[i] < 0) {
        REQUIRE(parts.mat().row(i).isZero(0));
        continue;
      }
      for (Index c = 0; c < 5; ++c) {
        REQUIRE(parts(i, c) == w[i] * f(d.place[i], c));
        sum(i / d.choices, c) += w[i] * f(d.place[i], c);
      }
    }
    REQUIRE(test::worst_error(y, sum) < test::tolerance<T>);
  });
}

TEST_CASE("gather_rows, combine_rows, contributions: gradcheck, and what was dropped takes no gradient") {
  for_each_dispatch<double>([](const Dispatch& d) {
    const Tensor<double> x = random_tensor<double>({d.rows, 3}, Key(1)),
                         w = random_tensor<double>({d.rows, d.choices}, Key(2)),
                         f = random_tensor<double>({d.bound, 3}, Key(3));
    REQUIRE(gradcheck(gather(d), {x}, Key(4)).message == "");
    REQUIRE(gradcheck(combine(d), {w, f}, Key(4)).message == "");
    REQUIRE(gradcheck(unsummed(d), {w, f}, Key(4)).message == "");
    const std::vector<double> g = test::gradients_of<double>(combine(d), {w, f}, Key(5));
    for (std::size_t i = 0; i < static_cast<std::size_t>(w.size()); ++i) REQUIRE((g[i] != 0) == (d.place[i] >= 0));
  });
}

TEST_CASE("gather_rows, combine_rows: gradients add to those that are there") {
  Tape<double> tape;
  const Dispatch d = test::dispatch_gates(tape, test::random_gates<double>(7, 4, Key(1)), 2, {0.8});
  const Tensor<double> x = random_tensor<double>({7, 3}, Key(1)), w = random_tensor<double>({7, 2}, Key(2));
  const auto twice = [&](auto& v) {
    const auto f = gather_rows(v[0], d);
    return combine_rows(v[1], gather_rows(combine_rows(v[1], f, d), d), d);
  };
  CHECK(gradcheck(twice, {x, w}, Key(3)).message == "");
}

TEST_CASE_TEMPLATE("gather_rows: leading axes are rows", T, float, double) {
  Tape<T> tape;
  const Dispatch d = test::dispatch_gates(tape, test::random_gates<T>(6, 3, Key(1)), 2, {});
  const Tensor<T> x = random_tensor<T>({2, 3, 4}, Key(1)), w = random_tensor<T>({2, 3, 2}, Key(2));
  const Tensor<T> batches = test::value_of<T>(gather(d), {x});
  CHECK(test::value_of<T>(combine(d), {w, batches}).shape() == Shape{2, 3, 4});
  CHECK(test::value_of<T>(unsummed(d), {w, batches}).shape() == Shape{2, 3, 2, 4});
}

TEST_CASE_TEMPLATE("gather_rows, combine_rows: refuse what is not of the dispatch's shape", T, float, double) {
  Tape<T> tape;
  const Dispatch d = test::dispatch_gates(tape, test::random_gates<T>(6, 3, Key(1)), 2, {});
  CHECK_THROWS_WITH_AS(test::value_of<T>(gather(d), {Tensor<T>({5, 4})}), "gather_rows: x is (5, 4); it needs 6 rows",
                       ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(combine(d), {Tensor<T>({6, 3}), Tensor<T>({12, 4})}),
                       "combine_rows: weights are (6, 3) and the batches (12, 4); they need (6, 2) and 12 rows",
                       ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(unsummed(d), {Tensor<T>({6, 2}), Tensor<T>({11, 4})}),
                       "contributions: weights are (6, 2) and the batches (11, 4); they need (6, 2) and 12 rows",
                       ShapeError);
}
