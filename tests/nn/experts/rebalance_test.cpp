// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/rebalance.hpp"

#include "nn/sparse.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("rebalance: steps against the load until a lopsided router spreads its rows", T, float, double) {
  Router<T> router(4, 4, {}, Key(1));
  Tensor<T> w = router.weight.value(), x = random_tensor<T>({200, 4}, Key(2));
  for (Index n = 0; n < 200; ++n) x(n, 0) = 1;
  w(2, 0) += 2;
  router.weight = Parameter<T>(std::move(w));
  const auto load = [&] {
    Tape<T> tape(false);
    const Routing<T> r = router(tape.constant(x), Pass<T>::evaluate());
    std::vector<Index> counts(4);
    for (Index n = 0; n < 200; ++n) ++counts[static_cast<std::size_t>(r.expert[n])];
    return counts;
  };
  const std::vector<Index> before = load();
  REQUIRE(*std::max_element(before.begin(), before.end()) > 100);
  rebalance(router, std::span<const Index>(std::vector<Index>{10, 20, 30, 20}), 0.25);
  CHECK(same_bits(*router.bias, Tensor<T>({4}, {T(.25), 0, T(-.25), 0})));
  for (int step = 0; step < 300; ++step) rebalance(router, std::span<const Index>(load()), 0.002);
  const std::vector<Index> after = load();
  CHECK(*std::max_element(after.begin(), after.end()) < 60);
  CHECK_THROWS_WITH_AS(rebalance(router, std::span<const Index>(std::vector<Index>(3)), 0.1),
                       "rebalance: 3 loads for 4 experts; one each is needed", ShapeError);
}
