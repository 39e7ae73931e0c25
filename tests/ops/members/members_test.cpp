// SPDX-License-Identifier: MIT
#include "wsym/ops/members/members.hpp"

#include "ops/evaluate.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/linear.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto scaled = [](auto& x) {
  return scale_members(x[0], x[1]);
};
const auto heads = [](auto& x) {
  return member_linear(x[0], x[1], x[2]);
};

auto tiled(Index members) {
  return [=](auto& x) {
    return tile(x[0], members);
  };
}
auto summed(Index members) {
  return [=](auto& x) {
    return sum_members(x[0], members);
  };
}

/// Rows, or entries, of member m of M.
template <Real T> Tensor<T> member(const Tensor<T>& x, Index m, Index members, Shape shape) {
  const Index size = x.size() / members;
  return Tensor<T>(shape, {x.data() + m * size, static_cast<std::size_t>(size)});
}

template <Real T> std::vector<Tensor<T>> head_inputs(Index members, Index rows, Index in, Index out, const Key& key) {
  return {random_tensor<T>({members, rows, in}, key.child("x")), random_tensor<T>({members, out, in}, key.child("w")),
          random_tensor<T>({members, out}, key.child("b"))};
}
}  // namespace

TEST_CASE_TEMPLATE("tile: the rows once for each member, in an axis of their own", T, float, double) {
  const Tensor<T> x({2, 1}, {1, 2});
  CHECK(same_bits(test::value_of<T>(tiled(3), {x}), Tensor<T>({3, 2, 1}, {1, 2, 1, 2, 1, 2})));
  CHECK(same_bits(test::value_of<T>(tiled(1), {x}), x));
  const Tensor<T> tokens = random_tensor<T>({2, 4, 5}, Key(1)), y = test::value_of<T>(tiled(3), {tokens});
  REQUIRE(y.shape() == Shape{3, 2, 4, 5});
  for (Index m = 0; m < 3; ++m) CHECK(same_bits(member(y, m, 3, {2, 4, 5}), tokens));
}

TEST_CASE_TEMPLATE("sum_members: adds them up in order and takes their axis away; of copies it is M times the rows", T,
                   float, double) {
  const Tensor<T> x = random_tensor<T>({3, 2, 2, 5}, Key(1)), y = test::value_of<T>(summed(3), {x});
  REQUIRE(y.shape() == Shape{2, 2, 5});
  for (Index i = 0; i < 20; ++i) CHECK(y[i] == x[i] + x[20 + i] + x[40 + i]);
  CHECK(same_bits(test::value_of<T>(summed(1), {x}), x));
  Tensor<T> twice = y;
  twice.array() *= T(2);
  CHECK(same_bits(test::value_of<T>(summed(2), {test::value_of<T>(tiled(2), {y})}), twice));
}

TEST_CASE_TEMPLATE("members_first: the axis before the columns becomes the outermost, and goes for one member", T,
                   float, double) {
  const auto first = [](auto& x) {
    return members_first(x[0]);
  };
  const Tensor<T> y = test::value_of<T>(first, {Tensor<T>({2, 3, 1}, {1, 2, 3, 4, 5, 6})});
  CHECK(same_bits(y, Tensor<T>({3, 2, 1}, {1, 4, 2, 5, 3, 6})));
  CHECK(test::value_of<T>(first, {Tensor<T>({7, 4, 3, 5})}).shape() == Shape{3, 7, 4, 5});
  const Tensor<T> one = random_tensor<T>({7, 1, 5}, Key(1));
  CHECK(same_bits(test::value_of<T>(first, {one}), Tensor<T>({7, 5}, one.span())));
  CHECK_THROWS_WITH_AS(test::value_of<T>(first, {Tensor<T>({6, 2})}),
                       "members_first: x is (6, 2); it needs three axes or more", ShapeError);
}

TEST_CASE("tile, sum_members, members_first: gradcheck") {
  const Tensor<double> x = random_tensor<double>({3, 4, 2}, Key(1));
  for (const Index members : {1, 3}) {
    CHECK(gradcheck(tiled(members), {x}, Key(2)).message == "");
    CHECK(gradcheck(summed(members), {x}, Key(2)).message == "");
  }
  const auto both = [](auto& v) {
    return members_first(members_first(v[0]));
  };
  CHECK(gradcheck(both, {x}, Key(2)).message == "");
  const auto reused = [](auto& v) {
    return add(tile(sum_members(v[0], 3), 3), add(v[0], tile(sum_members(v[0], 3), 3)));
  };
  CHECK(gradcheck(reused, {x}, Key(2)).message == "");
}

TEST_CASE_TEMPLATE("tile, sum_members: rows that no axis holds are refused", T, float, double) {
  CHECK_THROWS_WITH_AS(test::value_of<T>(tiled(2), {Tensor<T>({5})}),
                       "tile: x is (5) for 2 members; it needs rows and at least one member", ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(tiled(0), {Tensor<T>({5, 2})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(tiled(2), {Tensor<T>({1, 2, 3, 4})}), ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(summed(2), {Tensor<T>({4, 2})}),
                       "sum_members: x is (4, 2) for 2 members; several need an axis of their own, (members, rows, "
                       "columns), and each at least one row",
                       ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(summed(2), {Tensor<T>({3, 2, 2})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(summed(0), {Tensor<T>({3, 2, 2})}), ShapeError);
  CHECK(test::value_of<T>(summed(3), {Tensor<T>({3, 0, 2})}).shape() == Shape{0, 2});  // an expert without rows
}

TEST_CASE_TEMPLATE("scale_members: every row of a member times the member's scales", T, float, double) {
  for (const Index d : test::hard_sizes) {
    const Tensor<T> x = random_tensor<T>({3, 2, d}, Key(1)), s = random_tensor<T>({3, d}, Key(2));
    const Tensor<T> y = test::value_of<T>(scaled, {x, s});
    REQUIRE(y.shape() == x.shape());
    for (Index n = 0; n < 6; ++n)
      for (Index j = 0; j < d; ++j) REQUIRE(y(n, j) == x(n, j) * s(n / 2, j));
  }
}

TEST_CASE("scale_members, member_linear: gradcheck in every input") {
  const Tensor<double> x = random_tensor<double>({2, 3, 7}, Key(1)), s = random_tensor<double>({2, 7}, Key(2));
  CHECK(gradcheck(scaled, {x, s}, Key(3)).message == "");
  const auto twice = [](auto& v) {
    return scale_members(scale_members(v[0], v[1]), v[1]);
  };
  CHECK(gradcheck(twice, {x, s}, Key(3)).message == "");
  CHECK(gradcheck(heads, head_inputs<double>(3, 4, 5, 2, Key(4)), Key(5)).message == "");
  const auto reused = [](auto& v) {
    return add(member_linear(v[0], v[1], v[2]), member_linear(v[0], v[1], v[2]));
  };
  CHECK(gradcheck(reused, head_inputs<double>(2, 3, 2, 2, Key(4)), Key(5)).message == "");
}

TEST_CASE("scale_members, member_linear: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(
            scaled, {random_tensor<float>({2, 17, 17}, Key(1)), random_tensor<float>({2, 17}, Key(2))}, Key(3)) < 1e-5);
  CHECK(test::float_gradient_error(heads, head_inputs<float>(4, 16, 17, 3, Key(4)), Key(5)) < 1e-5);
}

TEST_CASE_TEMPLATE("member_linear: each member has the bits of a linear layer of its own, gradients too", T, float,
                   double) {
  const auto one = [](auto& x) {
    return linear(x[0], x[1], x[2]);
  };
  for (const Index members : {1, 3}) {
    const std::vector<Tensor<T>> all = head_inputs<T>(members, 7, 17, 5, Key(1));
    const Tensor<T> y = test::value_of<T>(heads, all);
    const std::vector<T> gradients = test::gradients_of<T>(heads, all, Key(2));
    for (Index m = 0; m < members; ++m) {
      const std::vector<Tensor<T>> own{member(all[0], m, members, {7, 17}), member(all[1], m, members, {5, 17}),
                                       member(all[2], m, members, {5})};
      CHECK(same_bits(test::value_of<T>(one, own), member(y, m, members, {7, 5})));
    }
    if (members == 1)
      CHECK(test::gradients_of<T>(one, {all[0], Tensor<T>({5, 17}, all[1].span()), Tensor<T>({5}, all[2].span())},
                                  Key(2)) == gradients);
  }
}

TEST_CASE_TEMPLATE("scale_members, member_linear: refuse what does not divide or fit", T, float, double) {
  CHECK_THROWS_WITH_AS(test::value_of<T>(scaled, {Tensor<T>({4, 3}), Tensor<T>({2, 4})}),
                       "scale_members: x is (4, 3) but the scales are (2, 4); they need (members, 3)", ShapeError);
  CHECK_THROWS_WITH_AS(
      test::value_of<T>(scaled, {Tensor<T>({4, 3}), Tensor<T>({2, 3})}),
      "scale_members: x is (4, 3) for 2 members; several need an axis of their own, (members, rows, columns), and each "
      "at least one row",
      ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(scaled, {Tensor<T>({3, 4, 3}), Tensor<T>({2, 3})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(scaled, {Tensor<T>({2, 0, 3}), Tensor<T>({2, 3})}), ShapeError);
  CHECK_THROWS_WITH_AS(
      test::value_of<T>(heads, {Tensor<T>({4, 3}), Tensor<T>({2, 5, 4}), Tensor<T>({2, 5})}),
      "member_linear: x is (4, 3), weights (2, 5, 4) and biases (2, 5); they need (..., in), (members, "
      "out, in) and (members, out)",
      ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(heads, {Tensor<T>({4, 3}), Tensor<T>({2, 5, 3}), Tensor<T>({10})}), ShapeError);
  for (const Shape& x : {Shape{2, 0, 3}, Shape{4, 3}, Shape{3, 2, 3}})
    CHECK_THROWS_AS(test::value_of<T>(heads, {Tensor<T>(x), Tensor<T>({2, 5, 3}), Tensor<T>({2, 5})}), ShapeError);
}
