// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/sparse_moe.hpp"

#include "nn/sparse.hpp"

using namespace wsym;
using test::make_moe;
using test::random_tensor;

namespace {
template <Real T> Tensor<T> evaluated(const auto& moe, const Tensor<T>& x) {
  return test::output_of(moe, x, Pass<T>::evaluate());
}
/// Output, and all gradients of its product with a Gaussian, in the input's first.
template <Real T, class Moe>
std::pair<Tensor<T>, std::vector<T>> step(const Moe& moe, const Tensor<T>& x, Pass<T> pass) {
  Tape<T> tape;
  const Parameter<T> input(x);
  const Var<T> y = moe(tape.use(input), pass);
  tape.backward(y, random_tensor<T>(y.shape(), Key(99)).span());
  std::vector<T> all(tape.gradient(input).begin(), tape.gradient(input).end());
  for_each_parameter(
      moe, [&](const Parameter<T>& p) { all.insert(all.end(), tape.gradient(p).begin(), tape.gradient(p).end()); });
  return {test::copy_of<T>(y), all};
}
/// Capacities of so many slots for every expert.
SparseMoeOptions slots(Index wanted, Index rows, Index choices, Index experts) {
  const Capacity capacity{static_cast<double>(wanted * experts) / static_cast<double>(rows * choices)};
  return {.train = capacity, .evaluate = capacity};
}
constexpr SparseMoeOptions without_drops{.train = {dropless}, .evaluate = {dropless}};
}  // namespace

TEST_CASE_TEMPLATE("sparse moe: the spec's four experts, K = 1, 2, 4, and their contributions", T, float, double) {
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  const Tensor<T> h = test::spec_row<T>();
  const std::pair<Index, std::vector<double>> cases[] = {
      {1, {.682581351, 2.047744053}}, {2, {.958585696, 2.875757087}}, {4, {1.344164052, 4.032492157}}};
  for (const auto& [k, y] : cases) CHECK(test::worst_error(evaluated(test::spec_layer<T>(k), h), y) < tolerance);
  const auto two = test::spec_layer<T>(2);
  Tape<T> tape;
  Pass<T> pass = Pass<T>::evaluate();
  const Routing<T> r = two.router(tape.constant(h), pass);
  CHECK(test::worst_error(test::copy_of<T>(r.gates), std::vector{.101536324, .276004345, .455054234, .167405097}) <
        tolerance);
  const Tensor<T> parts = test::copy_of<T>(two.contributions(tape.constant(h), pass));
  CHECK(parts.shape() == Shape{1, 2, 2});
  CHECK(test::worst_error(parts, std::vector{.682581351, 2.047744053, .276004345, .828013034}) < tolerance);
}

TEST_CASE_TEMPLATE("sparse moe: random routings agree with plain loops over experts called alone", T, float, double) {
  for (const Index rows : {1, 7, 33})
    for (const Index experts : {1, 3, 8})
      for (const Index k : {Index(1), Index(2), experts})
        for (const double ratio : {0.4, 1.0, dropless})
          for (const bool renormalise : {false, true}) {
            if (k > experts) continue;
            CAPTURE(rows);
            CAPTURE(experts);
            CAPTURE(k);
            CAPTURE(ratio);
            SparseMoeOptions options{.train = {ratio}, .evaluate = {ratio}};
            options.order = renormalise ? ClaimOrder::by_weight : ClaimOrder::by_row;
            const auto moe = make_moe<T>(experts, {.choices = k, .renormalise = renormalise}, options);
            const Tensor<T> x = random_tensor<T>({rows, 8}, Key(2));
            for (const Pass<T>& pass : {Pass<T>::train(Key(3)), Pass<T>::evaluate()})
              REQUIRE(test::worst_error(test::output_of(moe, x, pass), test::sparse_moe(moe, x, pass, 5).values) <
                      10 * test::tolerance<T>);
          }
}

TEST_CASE_TEMPLATE("sparse moe: a routing that sends all rows to one expert with one slot keeps one row", T, float,
                   double) {
  auto moe = make_moe<T>(4, {.choices = 1, .noise = 0}, slots(1, 9, 1, 4));
  Tensor<T> w({4, 8});
  w(2, 0) = 1;
  moe.router.weight = Parameter<T>(w);
  Tensor<T> x = random_tensor<T>({9, 8}, Key(2));
  x.mat().col(0).setConstant(5);
  std::vector<RoutingStats> stats;
  const Tensor<T> y = test::output_of(moe, x, Pass<T>::train(Key(3)).with_statistics(&stats));
  CHECK_FALSE(y.mat().row(0).isZero(0));
  CHECK(y.mat().bottomRows(8).isZero(0));
  CHECK(stats[0].load == std::vector<Index>{0, 0, 9, 0});
  CHECK(stats[0].kept == std::vector<Index>{0, 0, 1, 0});
  CHECK(stats[0].dead_experts == 3);
}

TEST_CASE_TEMPLATE("sparse moe: with K = E and nothing dropped it is the dense mixture of softmax gates", T, float,
                   double) {
  const auto moe = make_moe<T>(5, {.choices = 5}, without_drops);
  MixtureOfExperts<T> dense(5, {8, 17, 5, 1}, {}, Key(1));
  dense.gate.linear.weight = moe.router.weight;
  dense.gate.linear.bias = Parameter<T>(Tensor<T>({5}));
  dense.experts = moe.experts;
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  CHECK(test::worst_error(evaluated(moe, x), evaluated(dense, x)) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("sparse moe: equal experts under K = E or renormalised weights are that expert", T, float, double) {
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  for (const RouterOptions& router : {RouterOptions{.choices = 4}, RouterOptions{.choices = 2, .renormalise = true}}) {
    const SparseMoe<T> moe(4, {8, 17, 5, 1}, router, without_drops, Key(1));  // fresh experts begin equal
    CHECK(test::worst_error(evaluated(moe, x), evaluated(moe.experts[3], x)) < test::tolerance<T>);
  }
  const auto one = make_moe<T>(1, {.choices = 1}, without_drops);
  CHECK(same_bits(evaluated(one, x), evaluated(one.experts[0], x)));
}

TEST_CASE_TEMPLATE("sparse moe: over any module it has the bits of stacked experts, gradients included", T, float,
                   double) {
  for (const double ratio : {0.6, dropless})
    for (const Index k : {1, 3}) {
      const auto moe = make_moe<T>(6, {.choices = k}, {.train = {ratio}, .evaluate = {ratio}});
      const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
      for (const Pass<T>& pass : {Pass<T>::train(Key(3)), Pass<T>::evaluate()}) {
        const auto [y, g] = step(moe, x, pass);
        const auto [own_y, own_g] = step(test::hidden(moe), x, pass);
        CHECK(same_bits(y, own_y));
        CHECK(g == own_g);
      }
    }
}

TEST_CASE("sparse moe: gradcheck in everything, through fixed noise, drops, dropout and auxiliary losses") {
  for (const Index k : {1, 2})
    for (const double ratio : {0.6, dropless})
      for (const bool renormalise : {false, true}) {
        SparseMoeOptions options{.train = {ratio}, .group = 4, .order = ClaimOrder::by_weight};
        options.dropout = renormalise ? 0.3 : 0;
        test::WithInput<SparseMoe<double>> probe{
            make_moe<double>(4, {.choices = k, .renormalise = renormalise, .balance = {1, 1, 1, 1, 1}}, options,
                             {3, 5, 2, 1}),
            Parameter<double>(random_tensor<double>({8, 3}, Key(2)))};
        const auto f = [](Tape<double>& tape, const auto& p) {
          return test::squares_and_balance(tape, p);
        };
        CHECK(gradcheck_model(probe, f, Key(4)).message == "");
      }
}

TEST_CASE_TEMPLATE("sparse moe: rows whose choices were all dropped are 0, and the order of claims decides which", T,
                   float, double) {
  for (const ClaimOrder order : {ClaimOrder::by_row, ClaimOrder::by_weight}) {
    SparseMoeOptions options = slots(1, 9, 1, 3);
    options.order = order;
    const auto moe = make_moe<T>(3, {.choices = 1}, options);
    const Tensor<T> x = random_tensor<T>({9, 8}, Key(2)), y = evaluated(moe, x);
    Tape<T> tape;
    const Routing<T> r = moe.router(tape.constant(x), Pass<T>::evaluate());
    Index kept = 0;
    for (Index n = 0; n < 9; ++n) {
      bool first = true;  // of those with its expert
      for (Index other = 0; other < 9; ++other)
        if (other != n && r.expert[other] == r.expert[n])
          first = first && (order == ClaimOrder::by_row ? n < other : r.chosen.data()[n] > r.chosen.data()[other]);
      CHECK(y.mat().row(n).isZero(0) == !first);
      kept += first;
    }
    CHECK(kept >= 2);
    CHECK(kept <= 3);
  }
}

TEST_CASE_TEMPLATE("sparse moe: where nothing is dropped, capacity and the order of claims change no bit", T, float,
                   double) {
  const Tensor<T> x = random_tensor<T>({33, 8}, Key(2));
  const auto [y, g] = step(make_moe<T>(4, {.choices = 2}, without_drops), x, Pass<T>::train(Key(3)));
  SparseMoeOptions ample = slots(33, 33, 2, 4);
  const auto [same_y, same_g] = step(make_moe<T>(4, {.choices = 2}, ample), x, Pass<T>::train(Key(3)));
  ample.order = ClaimOrder::by_weight;
  const auto [sorted_y, sorted_g] = step(make_moe<T>(4, {.choices = 2}, ample), x, Pass<T>::train(Key(3)));
  CHECK(same_bits(y, same_y));
  CHECK(same_bits(y, sorted_y));
  CHECK(g == same_g);
  CHECK(g == sorted_g);
}

TEST_CASE_TEMPLATE("sparse moe: capacity is that of training or evaluation, or what the pass says", T, float, double) {
  const auto moe = make_moe<T>(4, {.choices = 1, .noise = 0}, {.train = {0.5}, .evaluate = {dropless}});
  const Tensor<T> x = random_tensor<T>({32, 8}, Key(2));
  const auto drop_rate = [&](const Pass<T>& pass) {
    std::vector<RoutingStats> stats;
    test::output_of(moe, x, pass.with_statistics(&stats));
    return stats.at(0).drop_rate;
  };
  CHECK(drop_rate(Pass<T>::train(Key(3))) >= 0.5);
  CHECK(drop_rate(Pass<T>::evaluate()) == 0);
  CHECK(drop_rate(Pass<T>::train(Key(3)).with_capacity(dropless)) == 0);
  CHECK(drop_rate(Pass<T>::evaluate().with_capacity(0.5)) >= 0.5);
}

TEST_CASE_TEMPLATE("sparse moe: groups are layers of their own", T, float, double) {
  SparseMoeOptions options{.train = {1}, .evaluate = {1}};
  const auto whole = make_moe<T>(4, {.choices = 2}, options);
  options.group = 8;
  const auto grouped = make_moe<T>(4, {.choices = 2}, options);
  const Tensor<T> x = random_tensor<T>({24, 8}, Key(2)), y = evaluated(grouped, x);
  for (const Index first : {0, 8, 16})
    CHECK(same_bits(test::rows_of(y, first, 8), evaluated(whole, test::rows_of(x, first, 8))));
  CHECK_THROWS_WITH_AS(evaluated(grouped, test::rows_of(x, 0, 12)),
                       "dispatch: 12 rows of 1 members do not divide into groups of 8 rows each", ShapeError);
}

TEST_CASE_TEMPLATE("sparse moe: without drops a row has the same bits alone as in a batch", T, float, double) {
  const auto moe = make_moe<T>(4, {.choices = 2}, without_drops);
  const Tensor<T> x = random_tensor<T>({17, 8}, Key(2)), y = evaluated(moe, x);
  for (Index n = 0; n < 17; ++n) CHECK(same_bits(evaluated(moe, test::row_of(x, n)), test::row_of(y, n)));
  CHECK(same_bits(predict(moe, random_tensor<T>({300, 8}, Key(2)), 5),
                  evaluated(moe, random_tensor<T>({300, 8}, Key(2)))));
}

TEST_CASE_TEMPLATE("sparse moe: the contributions of a row add up to its output, and K = 1 is the output", T, float,
                   double) {
  for (const Index k : {1, 3}) {
    const auto moe = make_moe<T>(4, {.choices = k}, {.evaluate = {0.8}});
    const Tensor<T> x = random_tensor<T>({17, 8}, Key(2)), y = evaluated(moe, x);
    Tape<T> tape;
    Pass<T> pass = Pass<T>::evaluate();
    const Tensor<T> parts = test::copy_of<T>(moe.contributions(tape.constant(x), pass));
    Tensor<T> sum({17, 5});
    for (Index i = 0; i < parts.rows(); ++i) sum.mat().row(i / k) += parts.mat().row(i);
    CHECK(test::worst_error(sum, y) < test::tolerance<T>);
    if (k == 1) CHECK(same_bits(Tensor<T>({17, 5}, parts.span()), y));
  }
}

TEST_CASE_TEMPLATE(
    "sparse moe: expert dropout is on in training, or where the pass says, and has a mask for each choice", T, float,
    double) {
  auto moe = make_moe<T>(4, {.choices = 2, .noise = 0}, without_drops, {8, 64, 32, 1});
  const Tensor<T> x = random_tensor<T>({40, 8}, Key(2)), plain = evaluated(moe, x);
  CHECK(same_bits(test::output_of(moe, x, Pass<T>::train(Key(3))), plain));
  moe.options.dropout = 0.4;
  CHECK(same_bits(evaluated(moe, x), plain));
  const Tensor<T> dropped = test::output_of(moe, x, Pass<T>::train(Key(3)));
  CHECK_FALSE(same_bits(dropped, plain));
  CHECK(same_bits(test::output_of(moe, x, Pass<T>::evaluate(Key(3)).with_dropout(true)), dropped));
  CHECK(same_bits(test::output_of(moe, x, Pass<T>::train(Key(3)).with_dropout(false)), plain));
  CHECK_FALSE(same_bits(test::output_of(moe, x, Pass<T>::train(Key(4))), dropped));
  Index zeros = 0;  // where both choices lost that entry after the second layer: 0.16 of 1280
  for (Index i = 0; i < dropped.size(); ++i) zeros += dropped[i] == 0;
  CHECK(zeros > 140);
  CHECK(zeros < 270);
  const auto mean = [&](std::uint64_t samples) {
    Tensor<T> sum(plain.shape());
    for (std::uint64_t i = 0; i < samples; ++i)
      sum.array() += test::output_of(moe, x, Pass<T>::train(Key(100 + i))).array() / static_cast<T>(samples);
    return (sum.array() - plain.array()).square().mean();
  };
  CHECK(mean(400) < mean(4) / 30);  // its mean is the output without: the error falls with the samples
}

TEST_CASE_TEMPLATE("sparse moe: where experts choose, each takes its rows of largest gate", T, float, double) {
  auto moe = test::spec_layer<T>(1);
  moe.options.experts_choose = true;
  moe.options.evaluate = {2.0 * 4 / 5};  // two slots for five rows
  const Tensor<T> x = random_tensor<T>({5, 2}, Key(2)), y = evaluated(moe, x);
  Tape<T> tape;
  const Tensor<T> gates = test::copy_of<T>(moe.router(tape.constant(x), Pass<T>::evaluate()).gates);
  Tensor<T> expected({5, 2});
  for (Index e = 0; e < 4; ++e)
    for (Index n = 0; n < 5; ++n) {
      Index before = 0;
      for (Index other = 0; other < 5; ++other) before += gates(other, e) > gates(n, e);
      if (before < 2) expected.mat().row(n) += gates(n, e) * static_cast<T>(e + 1) * x.mat().row(n);
    }
  CHECK(test::worst_error(y, expected) < test::tolerance<T>);
  AuxiliaryLoss<T> auxiliary;
  Pass<T> pass = Pass<T>::train(Key(3), &auxiliary);
  moe(tape.constant(x), pass);
  CHECK_FALSE(auxiliary.has_value());
}

TEST_CASE_TEMPLATE("sparse moe: the same bits on one, two and four threads", T, float, double) {
  SparseMoeOptions options{.train = {1.2}};
  const Tensor<T> x = random_tensor<T>({1024, 64}, Key(2));
  for (const bool experts_choose : {false, true}) {
    options.experts_choose = experts_choose;
    const auto moe = make_moe<T>(2, {.choices = 1}, options, {64, 512, 64, 1});
    CHECK(test::same_on_threads(moe, x, Pass<T>::train(Key(3))));
  }
}

TEST_CASE_TEMPLATE("sparse moe: steps of one shape allocate nothing after the first, whatever is dropped", T, float,
                   double) {
  SparseMoeOptions options{.train = {0.7}, .order = ClaimOrder::by_weight};
  options.dropout = 0.1;
  const auto moe = make_moe<T>(6, {.choices = 2, .noise = 30, .balance = {1, 1, 1, 1, 1}}, options);
  CHECK(test::allocations_after_first_step(moe, random_tensor<T>({65, 8}, Key(2)), 28) == 0);
}

TEST_CASE_TEMPLATE("sparse moe: it counts the operations of the rows that were kept", T, float, double) {
  const auto moe = make_moe<T>(4, {.choices = 1, .noise = 0}, slots(2, 16, 1, 4), {3, 7, 5, 1});
  const Tensor<T> x = random_tensor<T>({16, 3}, Key(2));
  Tape<T> tape(false);
  std::vector<RoutingStats> stats;
  Pass<T> pass = Pass<T>::evaluate().with_statistics(&stats);
  moe(tape.constant(x), pass);
  Index kept = 0;
  for (const Index of_expert : stats[0].kept) kept += of_expert;
  CHECK(kept <= 8);
  CHECK(tape.work() == 2 * 16 * 3 * 4 + kept * 2 * (3 * 7 + 7 * 5));
}

TEST_CASE_TEMPLATE("sparse moe: tokens with leading axes are rows", T, float, double) {
  const auto moe = make_moe<T>(4, {.choices = 2}, without_drops);
  const Tensor<T> x = random_tensor<T>({6, 8}, Key(2)), folded({2, 3, 8}, x.span()), y = evaluated(moe, folded);
  CHECK(y.shape() == Shape{2, 3, 5});
  CHECK(same_bits(Tensor<T>({6, 5}, y.span()), evaluated(moe, x)));
}

TEST_CASE_TEMPLATE("sparse moe: every parameter has the name of its expert and layer", T, float, double) {
  std::vector<std::string> names;
  const auto moe = make_moe<T>(2, {});
  for_each_named_parameter(moe, [&](const std::string& name, const auto&) { names.push_back(name); });
  REQUIRE(names.size() == 9);
  CHECK(names[0] == "router.weight");
  CHECK(names[1] == "experts.0.layers.0.weight");
  CHECK(names[8] == "experts.1.layers.1.bias");
  CHECK(count(SparseMoe<T>(8, {64, 128, 64, 1}, {}, {}, Key(1))).parameters ==
        8 * (2 * 64 * 128 + 64 + 128) + 8 * 64);  // E (2DF + F + D) + DE
}

TEST_CASE_TEMPLATE("sparse moe: unusable layers and input are refused with their numbers", T, float, double) {
  auto moe = make_moe<T>(4, {.choices = 1}, {.evaluate = {0.1, Capacity::Rounding::nearest}});
  CHECK_THROWS_WITH_AS(evaluated(moe, Tensor<T>({8, 8})),
                       "Capacity: ratio 0.1 for 8 rows, 1 choices and 4 experts gives 0.2 slots; at least 1 is needed",
                       ConfigError);
  CHECK_THROWS_WITH_AS(evaluated(moe, Tensor<T>({0, 8})), "Router: x is (0, 8); it needs a row", ShapeError);
  CHECK_THROWS_WITH_AS(evaluated(moe, Tensor<T>({8, 7})),
                       "member_logits: x is (8, 7) but weight is (4, 8); x needs 8 columns", ShapeError);
  moe.router.options.choices = 5;
  CHECK_THROWS_WITH_AS(evaluated(moe, Tensor<T>({8, 8})), "Router: 5 choices of 4 experts; they must be from 1 to 4",
                       ConfigError);
  moe.experts.pop_back();
  CHECK_THROWS_AS(evaluated(moe, Tensor<T>({8, 8})), ShapeError);
  Tensor<T> bad({8, 8});
  bad(3, 0) = std::numeric_limits<T>::quiet_NaN();
  CHECK_THROWS_AS(evaluated(make_moe<T>(4, {}), bad), Diverged);
}

TEST_CASE_TEMPLATE("sparse moe: options that its experts or choices cannot follow are refused", T, float, double) {
  SparseMoeOptions options;
  options.dropout = 0.5;
  CHECK_THROWS_WITH_AS(evaluated(test::hidden(make_moe<T>(4, {}, options)), Tensor<T>({8, 8})),
                       "SparseMoe: dropout 0.5 for experts that are no MLPs; it must be 0, and they drop by themselves",
                       ConfigError);
  options = {};
  options.experts_choose = true;
  Tape<T> tape;
  Pass<T> pass = Pass<T>::evaluate();
  const Tensor<T> x({8, 8});
  CHECK_THROWS_WITH_AS(make_moe<T>(4, {.choices = 2}, options).contributions(tape.constant(x), pass),
                       "SparseMoe: contributions where experts choose; there are K only where rows choose",
                       ConfigError);
}

TEST_CASE_TEMPLATE("sparse moe: several members need an axis of their own, which one has not", T, float, double) {
  const auto run = [](Index own, const Shape& x, Index of_pass = 1, bool partition_only = false) {
    SparseMoeOptions options;
    options.partition_only = partition_only;
    const Pass<T> pass = Pass<T>::train(Key(1)).with_members(of_pass);
    return test::output_of(make_moe<T>(4, {.choices = 1, .members = own}, options), Tensor<T>(x), pass).shape();
  };
  CHECK(run(2, {2, 6, 8}) == Shape{2, 6, 5});
  CHECK(run(2, {2, 6, 8}, 2) == Shape{2, 6, 5});
  CHECK(run(2, {2, 3, 2, 8}, 2) == Shape{2, 3, 2, 5});
  CHECK(run(1, {3, 4, 8}, 3) == Shape{3, 4, 5});        // tiling alone
  CHECK(run(2, {12, 8}, 1, true) == Shape{12, 5});      // partitioning alone
  CHECK(run(2, {3, 4, 8}, 3, true) == Shape{3, 4, 5});  // under members of the network
  CHECK_THROWS_WITH_AS(run(2, {12, 8}),
                       "member_logits: x is (12, 8) for 2 members; several need an axis of their own, (members, rows, "
                       "columns), and each at least one row",
                       ShapeError);
  CHECK_THROWS_AS(run(2, {3, 4, 8}, 3), ShapeError);
  CHECK_THROWS_AS(run(1, {12, 8}, 3), ShapeError);
}
