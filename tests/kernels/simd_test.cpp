// SPDX-License-Identifier: MIT
#include "wsym/kernels/simd.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernels/guarded.hpp"

using namespace wsym;
using namespace wsym::kernels;

TEST_CASE_TEMPLATE("load, store: touch exactly the lanes that are counted", T, float, double) {
  T from[lanes<T>], to[lanes<T>];
  for (int count = 0; count <= lanes<T>; ++count) {
    for (int i = 0; i < lanes<T>; ++i) from[i] = static_cast<T>(i + 1), to[i] = T(-1);
    const Vec<T> v = load(from, Index(count));
    store<T>(to, v, Index(count));
    for (int i = 0; i < lanes<T>; ++i) {
      CHECK(v[i] == (i < count ? from[i] : T(0)));
      CHECK(to[i] == (i < count ? from[i] : T(-1)));
    }
  }
}

TEST_CASE_TEMPLATE("for_each_vector: covers every element once, whole vectors first", T, float, double) {
  struct Length {
    Index operator()(AllLanes) const { return lanes<T>; }
    Index operator()(Index count) const { return count; }
  };
  for (Index n : {0, 1, 15, 16, 17, 64, 67}) {
    Index next = 0, partial = 0;
    for_each_vector<T>(n, [&](Index i, auto count) {
      CHECK(i == next);
      next += Length{}(count);
      partial += Length{}(count) < lanes<T>;
    });
    CHECK(next == n);
    CHECK(partial == (n % lanes<T> != 0));
  }
}

TEST_CASE_TEMPLATE("multiply_add: the product is not rounded where the machine can fuse", T, float, double) {
  const T tiny = std::numeric_limits<T>::epsilon();
  const Vec<T> result = multiply_add<T>(broadcast(1 + tiny), broadcast(1 - tiny), broadcast(T(-1)));
#if defined(__FMA__) || defined(__aarch64__)
  CHECK(result[0] == -tiny * tiny);
#else
  CHECK(result[0] == T(0));
#endif
}

TEST_CASE_TEMPLATE("subtract_product: the bits of multiply_add with a factor negated", T, float, double) {
  testing::Numbers next;
  for (int i = 0; i < 200; ++i) {
    Vec<T> a, b, c;
    for (int l = 0; l < lanes<T>; ++l)
      a[l] = static_cast<T>(next()), b[l] = static_cast<T>(next()), c[l] = static_cast<T>(next());
    const Vec<T> x = subtract_product<T>(c, a, b), y = multiply_add<T>(-a, b, c);
    for (int l = 0; l < lanes<T>; ++l) CHECK(testing::same_bits(x[l], y[l]));
  }
}

TEST_CASE_TEMPLATE("square_root: the bits of std::sqrt in every lane", T, float, double) {
  for (double x : {0.0, 2.0, 1e-30, 3e30}) {
    const Vec<T> root = square_root<T>(broadcast(static_cast<T>(x)));
    for (int i = 0; i < lanes<T>; ++i) CHECK(root[i] == std::sqrt(static_cast<T>(x)));
  }
}

TEST_CASE_TEMPLATE("broadcast: keeps negative zero and NaN", T, float, double) {
  CHECK(std::signbit(broadcast(T(-0.0))[lanes<T> - 1]));
  CHECK(std::isnan(broadcast(std::numeric_limits<T>::quiet_NaN())[0]));
}
