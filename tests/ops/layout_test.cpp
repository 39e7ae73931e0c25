// SPDX-License-Identifier: MIT
#include "wsym/ops/layout.hpp"

#include "ops/evaluate.hpp"
#include "wsym/ops/elementwise.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("reshape: the same entries in their order, and gradients come back under x's shape", T, float,
                   double) {
  const Tensor<T> x = random_tensor<T>({2, 3, 5}, Key(1));
  const auto f = [](auto& v) {
    return reshape(v[0], {6, 5});
  };
  const Tensor<T> y = test::value_of<T>(f, {x});
  CHECK(y.shape() == Shape{6, 5});
  for (Index i = 0; i < x.size(); ++i) CHECK(y[i] == x[i]);
  CHECK(gradcheck(f, {random_tensor<double>({2, 3, 5}, Key(1))}, Key(2)).message == "");
  Tape<T> tape;
  CHECK_THROWS_WITH_AS(reshape(tape.constant(x), {7}), "reshape: x is (2, 3, 5), which has 30 entries, but (7) has 7",
                       ShapeError);
}

TEST_CASE_TEMPLATE("transpose: every pair of axes of every rank, and twice is nothing", T, float, double) {
  for (const Shape& shape : {Shape{3}, {3, 7}, {2, 3, 5}, {2, 3, 4, 5}, {17, 65}})
    for (int a = 0; a < shape.rank(); ++a)
      for (int b = 0; b < shape.rank(); ++b) {
        CAPTURE(shape);
        const Tensor<T> x = random_tensor<T>(shape, Key(3));
        const auto f = [&](auto& v) {
          return transpose(v[0], a, b);
        };
        const Tensor<T> y = test::value_of<T>(f, {x});
        for (int i = 0; i < shape.rank(); ++i) REQUIRE(y.shape()[i] == shape[i == a ? b : i == b ? a : i]);
        Index place[4] = {}, size[4] = {1, 1, 1, 1};
        for (int i = 0; i < shape.rank(); ++i) size[i] = shape[i];
        const auto flat = [&](const Shape& s, const Index(&at)[4]) {
          Index i = 0;
          for (int axis = 0; axis < s.rank(); ++axis) i = i * s[axis] + at[axis];
          return i;
        };
        for (place[0] = 0; place[0] < size[0]; ++place[0])
          for (place[1] = 0; place[1] < size[1]; ++place[1])
            for (place[2] = 0; place[2] < size[2]; ++place[2])
              for (place[3] = 0; place[3] < size[3]; ++place[3]) {
                Index other[4] = {place[0], place[1], place[2], place[3]};
                std::swap(other[a], other[b]);
                REQUIRE(y[flat(y.shape(), other)] == x[flat(shape, place)]);
              }
        REQUIRE(same_bits(test::value_of<T>([&](auto& v) { return transpose(transpose(v[0], a, b), a, b); }, {x}), x));
        if (x.size() < 200) REQUIRE(gradcheck(f, {random_tensor<double>(shape, Key(3))}, Key(4)).message == "");
      }
  Tape<T> tape;
  const Tensor<T> x({2, 3});
  CHECK_THROWS_WITH_AS(transpose(tape.constant(x), 0, 2), "transpose: axes 0 and 2 of (2, 3); axes count from 0 to 1",
                       ShapeError);
}

TEST_CASE_TEMPLATE("matmul: agrees with plain loops, with one b and with one for each", T, float, double) {
  for (const Index n : {1, 3, 17})
    for (const Index k : {1, 7, 65})
      for (const Index m : {1, 3, 16}) {
        for (const bool one : {true, false}) {
          const Tensor<T> a = random_tensor<T>({2, n, k}, Key(5)),
                          b = random_tensor<T>(one ? Shape{k, m} : Shape{2, k, m}, Key(6));
          const Tensor<T> y = test::value_of<T>([](auto& v) { return matmul(v[0], v[1]); }, {a, b});
          REQUIRE(y.shape() == Shape{2, n, m});
          std::vector<double> right;
          for (Index p = 0; p < 2; ++p)
            for (Index i = 0; i < n; ++i)
              for (Index j = 0; j < m; ++j) {
                double total = 0;
                for (Index l = 0; l < k; ++l)
                  total += static_cast<double>(a[(p * n + i) * k + l]) *
                           static_cast<double>(b[((one ? 0 : p) * k + l) * m + j]);
                right.push_back(total);
              }
          REQUIRE(test::worst_error(y, right) < test::tolerance<T>);
        }
      }
}

TEST_CASE("matmul: gradcheck in both, in float as in double, and operations are counted") {
  const auto f = [](auto& v) {
    return matmul(v[0], v[1]);
  };
  for (const auto& shapes : {std::pair<Shape, Shape>{{3, 5}, {5, 4}},
                             {{2, 3, 5}, {5, 4}},
                             {{2, 3, 5}, {2, 5, 4}},
                             {{5}, {5, 2}},
                             {{2, 2, 3, 5}, {2, 2, 5, 1}}}) {
    const Shape &a = shapes.first, &b = shapes.second;
    CAPTURE(a);
    CHECK(gradcheck(f, {random_tensor<double>(a, Key(7)), random_tensor<double>(b, Key(8))}, Key(9)).message == "");
    CHECK(test::float_gradient_error(f, {random_tensor<float>(a, Key(7)), random_tensor<float>(b, Key(8))}, Key(9)) <
          1e-5);
  }
  Tape<float> tape;
  const Tensor<float> a({2, 3, 5}), b({2, 5, 4});
  matmul(tape.constant(a), tape.constant(b));
  CHECK(tape.work() == 2 * 2 * 3 * 5 * 4);
}

TEST_CASE("matmul: unlike shapes are refused with both") {
  Tape<float> tape;
  const auto refused = [&](const Shape& a, const Shape& b, const char* text) {
    const Tensor<float> x(a), y(b);
    CHECK_THROWS_WITH_AS(
        matmul(tape.constant(x), tape.constant(y)),
        (std::string("matmul: ") + text + "; a (..., n, k) needs b (k, m), or (..., k, m) with the same leading axes")
            .c_str(),
        ShapeError);
  };
  refused({2, 3}, {2, 3}, "a is (2, 3) but b is (2, 3)");
  refused({2, 3, 5}, {3, 5, 4}, "a is (2, 3, 5) but b is (3, 5, 4)");
  refused({3, 5}, {2, 5, 4}, "a is (3, 5) but b is (2, 5, 4)");
  refused({3, 5}, {5}, "a is (3, 5) but b is (5)");
}

TEST_CASE("reshape, transpose, matmul: no allocation after the first step") {
  const Parameter<float> p(random_tensor<float>({4, 6}, Key(10)));
  Tape<float> tape;
  const auto step = [&] {
    tape.clear();
    const Var<float> x = tape.use(p);
    tape.backward(sum(matmul(transpose(x, 0, 1), reshape(x, {4, 6}))));
  };
  step();
  const Index before = test::allocations();
  step();
  CHECK(test::allocations() == before);
}
