// SPDX-License-Identifier: MIT
#include "wsym/nn/routing_stats.hpp"

#include "nn/sparse.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
template <Real T> std::vector<RoutingStats> gathered(const auto& moe, const Tensor<T>& x, const Pass<T>& pass) {
  std::vector<RoutingStats> stats;
  test::output_of(moe, x, pass.with_statistics(&stats));
  return stats;
}
}  // namespace

TEST_CASE_TEMPLATE("routing stats: counts of what was asked and kept, gates and their entropy", T, float, double) {
  for (const double ratio : {0.5, dropless}) {
    const auto moe = test::make_moe<T>(5, {.choices = 2}, {.train = {ratio}});
    const Tensor<T> x = random_tensor<T>({20, 8}, Key(2));
    const auto list = gathered(moe, x, Pass<T>::train(Key(3)));
    REQUIRE(list.size() == 1);
    const RoutingStats& stats = list[0];
    CHECK(stats.rows == 20);
    CHECK(stats.choices == 2);
    Tape<T> tape;
    const Routing<T> r = moe.router(tape.constant(x), Pass<T>::train(Key(3)));
    const Index slots = Capacity{ratio}.slots(20, 2, 5);
    Index kept = 0, dead = 0;
    double entropy = 0;
    for (Index e = 0; e < 5; ++e) {
      const auto at = static_cast<std::size_t>(e);
      CHECK(stats.load[at] == std::count(r.expert, r.expert + 40, e));
      CHECK(stats.kept[at] == std::min(stats.load[at], slots));
      CHECK(std::abs(stats.gate_mass[at] - static_cast<double>(r.gates.value().col(e).mean())) < test::tolerance<T>);
      kept += stats.kept[at];
      dead += stats.kept[at] == 0;
    }
    for (Index i = 0; i < 100; ++i) {
      const double g = static_cast<double>(r.gates.data()[i]);
      entropy -= g * std::log(g) / 20;
    }
    CHECK(std::abs(stats.entropy - entropy) < test::tolerance<T>);
    CHECK(std::abs(stats.drop_rate - (1 - static_cast<double>(kept) / 40)) < 1e-12);
    CHECK(stats.dead_experts == dead);
  }
}

TEST_CASE_TEMPLATE("routing stats: where experts choose, the load is what they took, and dropped is who none took", T,
                   float, double) {
  for (const double ratio : {0.5, 1.0, 2.0, dropless}) {
    const auto moe = test::make_moe<T>(5, {.choices = 2}, {.evaluate = {ratio}, .experts_choose = true});
    const Tensor<T> x = random_tensor<T>({20, 8}, Key(2));
    const RoutingStats stats = gathered(moe, x, Pass<T>::evaluate()).at(0);
    Tape<T> tape;
    const Tensor<T> gates = test::copy_of<T>(moe.router(tape.constant(x), Pass<T>::evaluate()).gates);
    const Index slots = Capacity{ratio}.slots(20, 1, 5);
    std::vector<Index> load(5);
    Index untaken = 0;
    for (Index n = 0; n < 20; ++n) {
      bool taken = false;
      for (Index e = 0; e < 5; ++e) {
        Index before = 0;
        for (Index other = 0; other < 20; ++other) before += gates(other, e) > gates(n, e);
        if (before < slots) taken = true, ++load[static_cast<std::size_t>(e)];
      }
      untaken += !taken;
    }
    CHECK(stats.load == load);
    CHECK(stats.kept == load);
    CHECK(stats.drop_rate == static_cast<double>(untaken) / 20);
    if (ratio < 1) CHECK(untaken >= 10);  // ten places for twenty rows
    if (ratio == dropless) CHECK(untaken == 0);
  }
}

TEST_CASE_TEMPLATE("routing stats: members' gates are counted for their own experts, and mass adds up to one", T, float,
                   double) {
  const auto e3 = partitioned(test::make_moe<T>(6, {.choices = 1}, {.evaluate = {dropless}}), 2, 2);
  const auto list = gathered(e3, random_tensor<T>({2, 10, 8}, Key(2)), Pass<T>::evaluate());
  double mass = 0;
  Index load = 0;
  for (std::size_t e = 0; e < 6; ++e) mass += list.at(0).gate_mass[e], load += list[0].load[e];
  CHECK(std::abs(mass - 1) < 10 * test::tolerance<T>);
  CHECK(load == 20);
}

TEST_CASE_TEMPLATE("routing stats: a router of equal logits has the entropy ln E, and a sure one none", T, float,
                   double) {
  auto moe = test::make_moe<T>(4, {.choices = 1}, {.evaluate = {dropless}});
  moe.router.weight = Parameter<T>(Tensor<T>({4, 8}));
  const Tensor<T> x = random_tensor<T>({20, 8}, Key(2), 100);
  const auto even = gathered(moe, x, Pass<T>::evaluate());
  CHECK(std::abs(even.at(0).entropy - std::log(4.0)) < 10 * test::tolerance<T>);
  CHECK(even[0].dead_experts == 3);  // ties go to the first
  Tensor<T> sure = random_tensor<T>({4, 8}, Key(5), 100);
  moe.router.weight = Parameter<T>(std::move(sure));
  CHECK(gathered(moe, x, Pass<T>::evaluate()).at(0).entropy < 1e-6);
}
