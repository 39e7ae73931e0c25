// SPDX-License-Identifier: MIT
#include "wsym/core/tensor.hpp"

#include <cstdint>
#include <numeric>

#include "support.hpp"

using namespace wsym;

TEST_CASE_TEMPLATE("Tensor: starts as zeros, as a fill, or as given values", T, float, double) {
  CHECK(Tensor<T>().shape() == Shape{0});
  CHECK(Tensor<T>().size() == 0);
  const Tensor<T> scalar{Shape{}};
  CHECK(scalar.size() == 1);
  CHECK(scalar[0] == 0);
  CHECK(same_bits(Tensor<T>(Shape{3, 1}), Tensor<T>(Shape{3, 1}, {0, 0, 0})));
  const Tensor<T> filled(Shape{17}, T(2.5));
  for (const T entry : filled.span()) CHECK(entry == T(2.5));
  const Tensor<T> x(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(x(0, 2) == 3);
  CHECK(x(1, 0) == 4);
  CHECK(x[5] == 6);
  CHECK_THROWS_WITH_AS(Tensor<T>(Shape{2, 3}, {1, 2}), "Tensor: 2 values for shape (2, 3); it needs 6", ShapeError);
}

TEST_CASE_TEMPLATE("Tensor: a size beyond 2^59 elements is refused before memory is asked for", T, float, double) {
  CHECK_THROWS_WITH_AS((Tensor<T>({Index{1} << 31, Index{1} << 33})),
                       "Shape: (2147483648, 8589934592) has more than 2^59 elements", ShapeError);
  CHECK_THROWS_AS(Tensor<T>(Shape{Index{1} << 62}), ShapeError);
}

#if !defined(__SANITIZE_ADDRESS__)  // which stops the program at such a request, unless it is told not to
TEST_CASE_TEMPLATE("Tensor: memory that is not there is an Error with the shape", T, float, double) {
  CHECK_THROWS_WITH_AS(
      Tensor<T>(Shape{Index{1} << 29, Index{1} << 30}),
      message("Tensor: no memory for ", sizeof(T) << 59, " bytes of shape (536870912, 1073741824)").c_str(), Error);
}
#endif

TEST_CASE_TEMPLATE("Tensor: every buffer starts on a cache line", T, float, double) {
  for (const Index size : {0, 1, 3, 7, 17, 65, 1000})
    CHECK(reinterpret_cast<std::uintptr_t>(Tensor<T>(Shape{size}).data()) % alignment == 0);
}

TEST_CASE_TEMPLATE("Tensor: the views agree on what lies where", T, float, double) {
  Tensor<T> x(Shape{2, 3, 5});
  std::iota(x.span().begin(), x.span().end(), T(0));
  CHECK(x.rows() == 6);
  CHECK(x.cols() == 5);
  CHECK(x.mat()(4, 3) == 23);
  CHECK(std::as_const(x).mat()(4, 3) == x(4, 3));
  x.mat()(5, 4) = 100;
  CHECK(x.array()(29) == 100);
  x(0, 1) = 50;
  CHECK(std::as_const(x).array()(1) == 50);
  CHECK(x.span().size() == 30);
  CHECK(x.span().data() == x.data());
}

TEST_CASE_TEMPLATE("Tensor: a copy is a value of its own", T, float, double) {
  Tensor<T> x(Shape{3}, {1, 2, 3});
  const Tensor<T> y = x;
  x[0] = 9;
  CHECK(y[0] == 1);
  Tensor<T> z;
  z = y;
  CHECK(same_bits(z, y));
  CHECK(z.data() != y.data());
}

TEST_CASE_TEMPLATE("Tensor: copying into the same size keeps the memory and takes the shape", T, float, double) {
  Tensor<T> x(Shape{2, 3}, T(1));
  const Tensor<T> y(Shape{3, 2}, T(2));
  const T* const memory = x.data();
  const Index before = test::allocations();
  x = y;
  CHECK(test::allocations() == before);
  CHECK(x.data() == memory);
  CHECK(same_bits(x, y));
  const Tensor<T>& self = x;
  x = self;
  CHECK(same_bits(x, y));
}

TEST_CASE_TEMPLATE("Tensor: a move takes the memory and leaves an empty tensor", T, float, double) {
  Tensor<T> x(Shape{2, 3}, T(4));
  const T* const memory = x.data();
  Tensor<T> y = std::move(x);
  CHECK(y.data() == memory);
  CHECK(y.shape() == Shape{2, 3});
  CHECK(x.shape() == Shape{0});  // NOLINT: the state after a move is what is tested
  x = y;
  CHECK(same_bits(x, y));
  Tensor<T> z(Shape{1});
  z = std::move(y);
  CHECK(z.data() == memory);
  static_assert(std::is_nothrow_move_constructible_v<Tensor<T>> && std::is_nothrow_move_assignable_v<Tensor<T>>);
}

TEST_CASE_TEMPLATE("same_bits: bits and shape, not values", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(same_bits(Tensor<T>(Shape{2}, nan), Tensor<T>(Shape{2}, nan)));
  CHECK(!same_bits(Tensor<T>(Shape{1}, T(0)), Tensor<T>(Shape{1}, T(-0.0))));
  CHECK(!same_bits(Tensor<T>(Shape{2, 3}), Tensor<T>(Shape{3, 2})));
  Tensor<T> x(Shape{65}, T(1));
  const Tensor<T> y = x;
  CHECK(same_bits(x, y));
  x[64] = std::nextafter(T(1), T(2));
  CHECK(!same_bits(x, y));
}
