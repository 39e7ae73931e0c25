// SPDX-License-Identifier: MIT
#include "wsym/data/batches.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "support.hpp"

using namespace wsym;

namespace {
std::vector<Index> epoch(Batches& batches, const Key& key, Index e) {
  batches.shuffle(key, e);
  std::vector<Index> rows;
  for (Index b = 0; b < batches.count(); ++b) rows.insert(rows.end(), batches[b].begin(), batches[b].end());
  return rows;
}
}  // namespace

TEST_CASE("batches: every row comes once an epoch, and the last batch is what is left") {
  Batches batches(10, 4);
  std::vector<Index> rows = epoch(batches, Key(1), 0);
  CHECK(batches.count() == 3);
  CHECK(batches[0].size() == 4);
  CHECK(batches[2].size() == 2);
  std::sort(rows.begin(), rows.end());
  CHECK(rows == std::vector<Index>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(Batches(8, 4).count() == 2);
  CHECK(Batches(3, 256).count() == 1);
}

TEST_CASE("batches: the order is new each epoch and depends on key and epoch alone") {
  Batches one(100, 16), other(100, 16);
  const std::vector<Index> third = epoch(one, Key(1), 3);
  CHECK(epoch(one, Key(1), 4) != third);
  CHECK(epoch(one, Key(2), 3) != third);
  CHECK(epoch(other, Key(1), 3) == third);
}

TEST_CASE("batches: no allocation after the first epoch") {
  Batches batches(1000, 64);
  batches.shuffle(Key(1), 0);
  const Index before = test::allocations();
  Index sum = 0;
  for (Index e = 1; e < 4; ++e) {
    batches.shuffle(Key(1), e);
    for (Index b = 0; b < batches.count(); ++b) sum += batches[b][0];
  }
  const Index after = test::allocations();
  CHECK(sum > 0);
  CHECK(after == before);
}

TEST_CASE("batches: what makes no batch is refused") {
  CHECK_THROWS_WITH_AS(Batches(0, 4), "Batches: 0 rows in batches of 4; both are at least 1", ConfigError);
  CHECK_THROWS_WITH_AS(Batches(4, 0), "Batches: 4 rows in batches of 0; both are at least 1", ConfigError);
  Batches batches(4, 2);
  CHECK_THROWS_WITH_AS(batches[0], "Batches: shuffle() comes before the first batch", ConfigError);
  batches.shuffle(Key(1), 0);
  CHECK_THROWS_WITH_AS(batches[2], "Batches: batch 2 of 2", ConfigError);
}

TEST_CASE("batches: a batch size up to the largest Index is one batch of all rows") {
  Batches batches(5, std::numeric_limits<Index>::max());
  batches.shuffle(Key(1), 0);
  CHECK(batches.count() == 1);
  CHECK(batches[0].size() == 5);
}
