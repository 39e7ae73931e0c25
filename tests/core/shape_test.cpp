// SPDX-License-Identifier: MIT
#include "wsym/core/shape.hpp"

#include <doctest/doctest.h>

using namespace wsym;

TEST_CASE("Shape: a matrix of all leading axes by the last, for every rank") {
  const struct {
    Shape shape;
    int rank;
    Index rows, cols, size;
  } cases[] = {{{}, 0, 1, 1, 1},
               {{5}, 1, 1, 5, 5},
               {{3, 5}, 2, 3, 5, 15},
               {{2, 3, 5}, 3, 6, 5, 30},
               {{7, 2, 3, 5}, 4, 42, 5, 210},
               {{0}, 1, 1, 0, 0},
               {{0, 4}, 2, 0, 4, 0},
               {{4, 0}, 2, 4, 0, 0}};
  for (const auto& expected : cases) {
    CAPTURE(expected.shape);
    CHECK(expected.shape.rank() == expected.rank);
    CHECK(expected.shape.rows() == expected.rows);
    CHECK(expected.shape.cols() == expected.cols);
    CHECK(expected.shape.size() == expected.size);
  }
  CHECK(Shape{7, 2, 3}[0] == 7);
  CHECK(Shape{7, 2, 3}[2] == 3);
}

TEST_CASE("Shape: with_cols keeps the leading axes") {
  CHECK(Shape{2, 3, 5}.with_cols(9) == Shape{2, 3, 9});
  CHECK(Shape{5}.with_cols(9) == Shape{9});
  CHECK(Shape{}.with_cols(9) == Shape{9});
}

TEST_CASE("Shape: an axis more, and an axis less") {
  CHECK(Shape{3, 5}.inserted(0, 2) == Shape{2, 3, 5});
  CHECK(Shape{3, 5}.inserted(1, 2) == Shape{3, 2, 5});
  CHECK(Shape{3, 5}.inserted(2, 2) == Shape{3, 5, 2});
  CHECK(Shape{}.inserted(0, 2) == Shape{2});
  CHECK(Shape{2, 3, 5}.erased(0) == Shape{3, 5});
  CHECK(Shape{2, 3, 5}.erased(1) == Shape{2, 5});
  CHECK(Shape{2, 3, 5}.erased(2) == Shape{2, 3});
  CHECK_THROWS_WITH_AS((Shape{1, 2, 3, 4}.inserted(0, 5)),
                       "Shape: (1, 2, 3, 4) and another axis of 5; at most 4 axes are supported", ShapeError);
}

TEST_CASE("Shape: equal means the same rank and sizes") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{6} != Shape{1, 6});
  CHECK(Shape{} != Shape{1});
  CHECK(Shape{} == Shape());
}

TEST_CASE("Shape: prints as a tuple") {
  CHECK(message(Shape{}, Shape{4}, Shape{4, 0, 2}) == "()(4)(4, 0, 2)");
}

TEST_CASE("Shape: refuses a fifth axis and a negative size") {
  CHECK_THROWS_WITH_AS((Shape{1, 2, 3, 4, 5}), "Shape: 5 axes; at most 4 are supported", ShapeError);
  CHECK_THROWS_WITH_AS((Shape{1, -2}), "Shape: axis 1 has size -2; sizes are not negative", ShapeError);
}

TEST_CASE("Shape: refuses more elements than an Index counts, also beside an axis of size 0 and by with_cols") {
  constexpr Index half = Index{1} << 31;
  CHECK(Shape{half, Index{1} << 28}.size() == Shape::max_size);
  CHECK(Shape{Index{1} << 59, 0}.size() == 0);
  CHECK_THROWS_WITH_AS((Shape{half, Index{1} << 33}), "Shape: (2147483648, 8589934592) has more than 2^59 elements",
                       ShapeError);
  CHECK_THROWS_WITH_AS((Shape{Index{1} << 62}), "Shape: (4611686018427387904) has more than 2^59 elements", ShapeError);
  CHECK_THROWS_AS((Shape{half, half, half, 0}), ShapeError);
  CHECK_THROWS_AS((Shape{0, half, half}), ShapeError);
  CHECK_THROWS_AS((Shape{half, half, half, half}), ShapeError);
  CHECK_THROWS_WITH_AS((Shape{half, 1}.with_cols(half)), "Shape: (2147483648, 2147483648) has more than 2^59 elements",
                       ShapeError);
  CHECK_THROWS_WITH_AS((Shape{2, 3}.with_cols(-1)), "Shape: axis 1 has size -1; sizes are not negative", ShapeError);
}

TEST_CASE("Shape: an axis that is not there is refused") {
  volatile int past = 9;  // a compiler that knows the number warns
  CHECK_THROWS_WITH_AS((Shape{3, 4}[past]), "Shape: axis 9 of (3, 4), which has 2 axes", ShapeError);
  CHECK_THROWS_WITH_AS((Shape{3}[1]), "Shape: axis 1 of (3), which has 1 axis", ShapeError);
  CHECK_THROWS_WITH_AS((Shape{}[0]), "Shape: axis 0 of (), which has 0 axes", ShapeError);
  CHECK_THROWS_WITH_AS((Shape{3, 4}[-1]), "Shape: axis -1 of (3, 4), which has 2 axes", ShapeError);
}
