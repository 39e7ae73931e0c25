// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/drop_choices.hpp"

#include "ops/dispatches.hpp"
#include "wsym/ops/dropout.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// Equal blocks of rows, of which block m draws from keys[m], from `place` on.
auto dropped(const Dispatch& d, double rate, const std::vector<Key>& keys, Index place = 0) {
  return [=, &keys](auto& x) {
    return drop_choices(x[0], d, rate, [&](const auto& f) {
      const Index each = d.rows / static_cast<Index>(keys.size());
      for (Index m = 0; m * each < d.rows; ++m) f(keys[static_cast<std::size_t>(m)], place, m * each, each);
    });
  };
}
}  // namespace

TEST_CASE_TEMPLATE("drop_choices: every choice has the mask of dropout of the list of all choices", T, float, double) {
  for (const Index cols : {1, 3, 16})
    for (const Index place : {0, 5}) {
      Tape<T> tape;
      const Dispatch d = test::dispatch_gates(tape, test::random_gates<T>(12, 4, Key(1)), 2, {0.8}, {.members = 2});
      const std::vector<Key> keys{Key(3), Key(4)};
      const Tensor<T> x = random_tensor<T>({24, cols}, Key(2));
      Tensor<T> batches({d.bound, cols}), expected({d.bound, cols});
      for (Index m = 0; m < 2; ++m) {
        const Tensor<T> own({12, cols},
                            x.span().subspan(static_cast<std::size_t>(12 * m * cols), std::size_t(12 * cols)));
        const Tensor<T> mask =
            test::value_of<T>([&](auto& v) { return dropout(v[0], 0.4, keys[std::size_t(m)], place * 2); }, {own});
        for (Index p = 0; p < d.kept(); ++p) {
          if (d.pair[p] / 12 != m) continue;
          batches.mat().row(p) = own.mat().row(d.pair[p] % 12);
          expected.mat().row(p) = mask.mat().row(d.pair[p] % 12);
        }
      }
      CHECK(same_bits(test::value_of<T>(dropped(d, 0.4, keys, place), {batches}), expected));
    }
}

TEST_CASE("drop_choices: gradcheck, and rate 0 is nothing at all") {
  Tape<double> tape;
  const Dispatch d = test::dispatch_gates(tape, test::random_gates<double>(6, 3, Key(1)), 2, {0.8});
  const std::vector<Key> keys{Key(3)};
  const Tensor<double> x = random_tensor<double>({d.bound, 4}, Key(2));
  CHECK(gradcheck(dropped(d, 0.5, keys), {x}, Key(3)).message == "");
  CHECK(same_bits(test::value_of<double>(dropped(d, 0, keys), {x}), x));
}

TEST_CASE_TEMPLATE("drop_choices: refuses rates and shapes that do not fit", T, float, double) {
  Tape<T> tape;
  const Dispatch d = test::dispatch_gates(tape, test::random_gates<T>(6, 3, Key(1)), 2, {});
  const std::vector<Key> one{Key(3)};
  CHECK_THROWS_WITH_AS(test::value_of<T>(dropped(d, 1, one), {Tensor<T>({12, 4})}),
                       "drop_choices: rate 1; it lies in [0, 1)", ConfigError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(dropped(d, 0.5, one), {Tensor<T>({6, 4})}),
                       "drop_choices: x is (6, 4); it needs 12 rows", ShapeError);
}
