// SPDX-License-Identifier: MIT
#include "wsym/ops/drop_choices.hpp"

#include "ops/dispatches.hpp"
#include "wsym/ops/dropout.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
auto dropped(const Dispatch& d, double rate, const std::vector<Key>& keys, Index first_row = 0,
             TileOrder order = TileOrder::tile) {
  const Tiling tiling{static_cast<Index>(keys.size()), order};
  return [=, &keys](auto& x) {
    return drop_choices(x[0], d, rate, std::span<const Key>(keys), tiling, first_row);
  };
}
}  // namespace

TEST_CASE_TEMPLATE("drop_choices: every choice has the mask of dropout of the list of all choices", T, float, double) {
  for (const Index cols : {1, 3, 16})
    for (const Index first_row : {0, 5}) {
      Tape<T> tape;
      const Dispatch d = test::dispatch_gates(tape, test::random_gates<T>(12, 4, Key(1)), 2, {0.8}, {.members = 2});
      const std::vector<Key> keys{Key(3), Key(4)};
      const Tensor<T> x = random_tensor<T>({24, cols}, Key(2));
      Tensor<T> batches({d.bound, cols}), expected({d.bound, cols});
      for (Index m = 0; m < 2; ++m) {
        const Tensor<T> own({12, cols},
                            x.span().subspan(static_cast<std::size_t>(12 * m * cols), std::size_t(12 * cols)));
        const Tensor<T> mask =
            test::value_of<T>([&](auto& v) { return dropout(v[0], 0.4, keys[std::size_t(m)], first_row * 2); }, {own});
        for (Index p = 0; p < d.kept(); ++p) {
          if (d.pair[p] / 12 != m) continue;
          batches.mat().row(p) = own.mat().row(d.pair[p] % 12);
          expected.mat().row(p) = mask.mat().row(d.pair[p] % 12);
        }
      }
      CHECK(same_bits(test::value_of<T>(dropped(d, 0.4, keys, first_row), {batches}), expected));
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

TEST_CASE_TEMPLATE("drop_choices: refuses rates, shapes and keys that do not fit", T, float, double) {
  Tape<T> tape;
  const Dispatch d = test::dispatch_gates(tape, test::random_gates<T>(6, 3, Key(1)), 2, {});
  const std::vector<Key> one{Key(3)}, four(4, Key(1)), none;
  CHECK_THROWS_WITH_AS(test::value_of<T>(dropped(d, 1, one), {Tensor<T>({12, 4})}),
                       "drop_choices: rate 1; it lies in [0, 1)", ConfigError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(dropped(d, 0.5, one), {Tensor<T>({6, 4})}),
                       "drop_choices: x is (6, 4) for batches of 12 rows, and 1 keys for 6 rows of 1 members",
                       ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(dropped(d, 0.5, four), {Tensor<T>({12, 4})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(dropped(d, 0.5, none), {Tensor<T>({12, 4})}), ShapeError);
  const std::vector<Key> two(2, Key(1));
  const auto in_units = [&](auto& x) {
    return drop_choices(x[0], d, 0.5, two, {2, TileOrder::repeat, 2});
  };
  CHECK_THROWS_WITH_AS(test::value_of<T>(in_units, {Tensor<T>({12, 4})}),
                       "drop_choices: 3 rows do not divide into units of 2", ShapeError);
}

TEST_CASE_TEMPLATE("drop_choices: copies side by side have the masks of copies one after the other", T, float, double) {
  Tape<T> tape;
  const Tensor<T> gates = test::random_gates<T>(12, 4, Key(1));
  Tensor<T> beside({12, 4});
  for (Index m = 0; m < 2; ++m)
    for (Index n = 0; n < 6; ++n) beside.mat().row(2 * n + m) = gates.mat().row(6 * m + n);
  const std::vector<Key> keys{Key(3), Key(4)};
  const auto masks = [&](const Tensor<T>& of, TileOrder order) {
    const Dispatch d = test::dispatch_gates(tape, of, 2, {dropless}, {});
    const Tensor<T> y = test::value_of<T>(dropped(d, 0.4, keys, 5, order), {Tensor<T>({d.bound, 3}, T(1))});
    Tensor<T> by_pair({24, 3});
    for (Index p = 0; p < d.kept(); ++p) by_pair.mat().row(d.pair[p]) = y.mat().row(p);
    return by_pair;
  };
  const Tensor<T> tile = masks(gates, TileOrder::tile), repeat = masks(beside, TileOrder::repeat);
  for (Index m = 0; m < 2; ++m)
    for (Index n = 0; n < 6; ++n)
      for (Index k = 0; k < 2; ++k)
        CHECK((tile.mat().row((6 * m + n) * 2 + k) == repeat.mat().row((2 * n + m) * 2 + k)));
}
