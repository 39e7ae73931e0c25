// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/routing.hpp"

#include "ops/evaluate.hpp"
#include "reference/ops.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
struct Parts {
  Index experts, members, shared;
};
constexpr Parts all_parts[] = {{4, 1, 0}, {4, 2, 0}, {6, 3, 0}, {4, 2, 2}, {5, 3, 2}, {3, 2, 3}, {4, 4, 0}, {1, 1, 1}};

auto logits(const Parts& p) {
  return [=](auto& x) {
    return member_logits(x[0], x[1], p.members, p.shared);
  };
}
template <Real T> Tensor<T> slice(const Tensor<T>& x, Index first, Index rows) {
  return {{rows, x.cols()}, {x.data() + first * x.cols(), static_cast<std::size_t>(rows * x.cols())}};
}
/// A member's experts: its own, and those that all share.
template <Real T> Tensor<T> weights_of(const Tensor<T>& w, const Parts& p, Index m) {
  const Index own = (p.experts - p.shared) / p.members;
  Tensor<T> y({own + p.shared, w.cols()});
  y.mat() << w.mat().middleRows(m * own, own), w.mat().bottomRows(p.shared);
  return y;
}
}  // namespace

TEST_CASE_TEMPLATE("member_logits: every member's rows meet its own weights and the shared ones", T, float, double) {
  for (const Parts& p : all_parts)
    for (const Index in : {1, 7, 65}) {
      const Tensor<T> x = random_tensor<T>({p.members, 5, in}, Key(1)), w = random_tensor<T>({p.experts, in}, Key(2));
      const Tensor<T> z = test::value_of<T>(logits(p), {x, w});
      for (Index m = 0; m < p.members; ++m) {
        const Tensor<T> own = weights_of(w, p, m);
        const reference::Matrix expected = reference::linear(
            reference::matrix(slice(x, 5 * m, 5)), reference::matrix(own), reference::Vector(std::size_t(own.rows())));
        CHECK(test::worst_error(slice(z, 5 * m, 5), expected.values) < test::tolerance<T>);
        if (p.shared == 0)
          CHECK(
              same_bits(slice(z, 5 * m, 5), test::value_of<T>(logits({own.rows(), 1, 0}), {slice(x, 5 * m, 5), own})));
      }
    }
}

TEST_CASE("member_logits: gradcheck in x and the weights") {
  for (const Parts& p : all_parts)
    CHECK(gradcheck(logits(p),
                    {random_tensor<double>({p.members, 3, 2}, Key(1)), random_tensor<double>({p.experts, 2}, Key(2))},
                    Key(3))
              .message == "");
}

TEST_CASE("member_logits: gradients add to those that are there") {
  const auto twice = [](auto& x) {
    return member_logits(member_logits(x[0], x[1], 2, 1), x[1], 2, 1);
  };
  CHECK(gradcheck(twice, {random_tensor<double>({2, 2, 2}, Key(1)), random_tensor<double>({3, 2}, Key(2))}, Key(3))
            .message == "");
}

TEST_CASE_TEMPLATE("member_logits: leading axes are rows", T, float, double) {
  CHECK(test::value_of<T>(logits({4, 1, 0}), {Tensor<T>({2, 3, 5}), Tensor<T>({4, 5})}).shape() == Shape{2, 3, 4});
  CHECK(test::value_of<T>(logits({4, 2, 0}), {Tensor<T>({2, 7, 3, 5}), Tensor<T>({4, 5})}).shape() ==
        Shape{2, 7, 3, 2});
  CHECK(test::value_of<T>(logits({4, 2, 0}), {Tensor<T>({2, 3, 5}), Tensor<T>({4, 5})}).shape() == Shape{2, 3, 2});
}

TEST_CASE_TEMPLATE("member_logits: refuses what does not fit", T, float, double) {
  const auto run = [](const Parts& p, const Shape& x, const Shape& w) {
    return test::value_of<T>(logits(p), {Tensor<T>(x), Tensor<T>(w)});
  };
  CHECK_THROWS_WITH_AS(run({4, 1, 0}, {6, 3}, {4, 2}),
                       "member_logits: x is (6, 3) but weight is (4, 2); x needs 2 columns", ShapeError);
  CHECK_THROWS_WITH_AS(run({4, 2, 0}, {6, 2}, {4, 2}),
                       "member_logits: x is (6, 2) for 2 members; several need an axis of their own, (members, rows, "
                       "columns), and each at least one row",
                       ShapeError);
  CHECK_THROWS_AS(run({4, 2, 0}, {3, 2, 2}, {4, 2}), ShapeError);
  CHECK_THROWS_WITH_AS(run({4, 2, 1}, {2, 3, 2}, {4, 2}),
                       "member_logits: 4 experts, 1 of them shared, do not divide among 2 members", ShapeError);
  CHECK_THROWS_AS(run({4, 2, 6}, {2, 3, 2}, {4, 2}), ShapeError);
}
