// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/soft_slots.hpp"

#include "ops/evaluate.hpp"
#include "reference/ops.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto unit = [](auto& x) {
  return unit_rows(x[0]);
};
const auto by = [](auto& x) {
  return scale_by(x[0], x[1]);
};
auto columns(Index size) {
  return [=](auto& x) {
    return softmax_columns(x[0], size);
  };
}
struct Slots {
  Index rows, size, experts, each;  // slots of an expert in a group
  Index slots() const { return experts * each; }
  Index filled() const { return rows / size * slots(); }
  /// Where slot j of group g lies: expert by expert, then group by group.
  Index at(Index g, Index j) const { return (j / each * (rows / size) + g) * each + j % each; }
};
constexpr Slots all_slots[] = {{6, 6, 2, 1}, {6, 3, 2, 2}, {8, 2, 3, 1}, {5, 1, 1, 3}, {7, 7, 1, 1}};
auto fill(const Slots& s) {
  return [=](auto& x) {
    return fill_slots(x[0], x[1], s.size, s.experts);
  };
}
auto mixed(const Slots& s) {
  return [=](auto& x) {
    return mix_slots(x[0], x[1], s.size, s.experts);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("unit_rows: rows of length one, and a row of zeros stays", T, float, double) {
  Tensor<T> x = random_tensor<T>({4, 5}, Key(1), 3);
  x.mat().row(2).setZero();
  const Tensor<T> y = test::value_of<T>(unit, {x});
  for (const Index n : {0, 1, 3}) {
    CHECK(std::abs(static_cast<double>(y.mat().row(n).norm()) - 1) < test::tolerance<T>);
    CHECK((y.mat().row(n) * x.mat().row(n).norm() - x.mat().row(n)).norm() < T(1e-5));
  }
  CHECK(y.mat().row(2).isZero(0));
  const std::vector<T> g = test::gradients_of<T>(unit, {x}, Key(2));
  CHECK(std::all_of(g.begin() + 10, g.begin() + 15, [](T d) { return d == 0; }));
}

TEST_CASE_TEMPLATE("unit_rows: rows whose squares leave the range have length one too, and their gradient", T, float,
                   double) {
  const Tensor<T> x = random_tensor<T>({3, 5}, Key(1), 3);
  const Tensor<T> y = test::value_of<T>(unit, {x});
  const std::vector<T> g = test::gradients_of<T>(unit, {x}, Key(2));
  constexpr int most = std::numeric_limits<T>::max_exponent - 6;
  for (const int exponent : {-most, -most / 2 - 4, most / 2 + 4, most}) {
    const T factor = std::ldexp(T(1), exponent);
    Tensor<T> far = x;
    far.array() *= factor;
    CHECK(test::worst_error(test::value_of<T>(unit, {far}), y) < test::tolerance<T>);
    const std::vector<T> own = test::gradients_of<T>(unit, {far}, Key(2));
    for (std::size_t i = 0; i < g.size(); ++i) CHECK(std::abs(own[i] * factor - g[i]) < 10 * test::tolerance<T>);
  }
  const Tensor<T> least({1, 2}, {std::numeric_limits<T>::denorm_min(), 0});  // 1 / |x| is no number
  CHECK(test::value_of<T>(unit, {least})(0, 0) == 1);
  for (const T d : test::gradients_of<T>(unit, {least}, Key(2))) CHECK_FALSE(std::isnan(d));
}

TEST_CASE_TEMPLATE("softmax_columns: each column of each group sums to one, and logits may be of any size", T, float,
                   double) {
  const Tensor<T> x = random_tensor<T>({6, 4}, Key(1), 200);
  for (const Index size : {1, 2, 6}) {
    const Tensor<T> y = test::value_of<T>(columns(size), {x});
    for (Index n = 0; n < 6; n += size)
      for (Index c = 0; c < 4; ++c) {
        CHECK(std::abs(static_cast<double>(y.mat().col(c).segment(n, size).sum()) - 1) < test::tolerance<T>);
        for (Index i = n; i < n + size; ++i)
          CHECK(std::abs(static_cast<double>(y(i, c)) -
                         static_cast<double>(
                             std::exp(x(i, c) - x.mat().col(c).segment(n, size).maxCoeff()) /
                             (x.mat().col(c).segment(n, size).array() - x.mat().col(c).segment(n, size).maxCoeff())
                                 .exp()
                                 .sum())) < test::tolerance<T>);
      }
  }
}

TEST_CASE_TEMPLATE("fill_slots, mix_slots: weighted sums inside each group, slots expert by expert", T, float, double) {
  for (const Slots& s : all_slots) {
    const Tensor<T> w = random_tensor<T>({s.rows, s.slots()}, Key(1)), x = random_tensor<T>({s.rows, 3}, Key(2)),
                    f = random_tensor<T>({s.filled(), 4}, Key(3));
    const Tensor<T> filled = test::value_of<T>(fill(s), {w, x}), y = test::value_of<T>(mixed(s), {w, f});
    REQUIRE(filled.shape() == Shape{s.filled(), 3});
    REQUIRE(y.shape() == Shape{s.rows, 4});
    Tensor<T> inputs(filled.shape()), outputs(y.shape());
    for (Index n = 0; n < s.rows; ++n)
      for (Index j = 0; j < s.slots(); ++j) {
        const Index slot = s.at(n / s.size, j);
        inputs.mat().row(slot) += w(n, j) * x.mat().row(n);
        outputs.mat().row(n) += w(n, j) * f.mat().row(slot);
      }
    CHECK(test::worst_error(filled, inputs) < test::tolerance<T>);
    CHECK(test::worst_error(y, outputs) < test::tolerance<T>);
  }
}

TEST_CASE("soft slots: gradcheck of all") {
  CHECK(gradcheck(unit, {random_tensor<double>({4, 3}, Key(1))}, Key(2)).message == "");
  CHECK(gradcheck(by, {random_tensor<double>({4, 3}, Key(1)), Tensor<double>({1}, 1.5)}, Key(2)).message == "");
  for (const Index size : {1, 3, 6})
    CHECK(gradcheck(columns(size), {random_tensor<double>({6, 3}, Key(1))}, Key(2)).message == "");
  for (const Slots& s : all_slots) {
    const Tensor<double> w = random_tensor<double>({s.rows, s.slots()}, Key(1)),
                         x = random_tensor<double>({s.rows, 2}, Key(2)),
                         f = random_tensor<double>({s.filled(), 2}, Key(3));
    CHECK(gradcheck(fill(s), {w, x}, Key(4)).message == "");
    CHECK(gradcheck(mixed(s), {w, f}, Key(4)).message == "");
    const auto both = [=](auto& v) {  // gradients meet those that are there
      return mix_slots(v[0], fill_slots(v[0], v[1], s.size, s.experts), s.size, s.experts);
    };
    CHECK(gradcheck(both, {w, x}, Key(4)).message == "");
  }
}

TEST_CASE_TEMPLATE("soft slots: refuse what does not divide", T, float, double) {
  CHECK_THROWS_WITH_AS(test::value_of<T>(columns(4), {Tensor<T>({6, 2})}),
                       "softmax_columns: x is (6, 2); its rows need to divide into groups of 4", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(fill({6, 4, 2, 1}), {Tensor<T>({6, 2}), Tensor<T>({6, 3})}),
                       "fill_slots: weights are (6, 2) for groups of 4, 2 experts and 6 rows; rows and slots need to "
                       "divide, and 6 rows are needed",
                       ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(fill({6, 3, 2, 1}), {Tensor<T>({6, 3}), Tensor<T>({6, 3})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(mixed({6, 3, 2, 1}), {Tensor<T>({6, 2}), Tensor<T>({3, 3})}), ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(by, {Tensor<T>({6, 2}), Tensor<T>({2})}),
                       "scale_by: the factor is (2); it needs one element", ShapeError);
}
