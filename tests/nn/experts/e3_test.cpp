// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/e3.hpp"

#include "nn/sparse.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/nn/residual_mlp.hpp"
#include "wsym/ops/members/log_mean_softmax.hpp"

using namespace wsym;
using test::make_moe;
using test::random_tensor;

namespace {
template <Real T> Tensor<T> evaluated(const auto& moe, const Tensor<T>& x) {
  return test::output_of(moe, x, Pass<T>::evaluate());
}
/// Member m's rows of M.
template <Real T> Tensor<T> rows_of_member(const Tensor<T>& y, Index m, Index members) {
  return test::split(y, members)[static_cast<std::size_t>(m)];
}
/// Output, auxiliary loss, gradient in x, and those of all parameters by name.
template <Real T> struct Step {
  Tensor<T> y, dx;
  double loss = 0;
  std::vector<std::pair<std::string, std::vector<T>>> gradients;
};
template <Real T, class Moe>
Step<T> step(const Moe& moe, const Tensor<T>& x, const Tensor<T>& cotangent, Pass<T> (*make)(Key, AuxiliaryLoss<T>*),
             Key key, int threads = 1) {
  Step<T> s;
  AuxiliaryLoss<T> auxiliary;
  Pass<T> pass = make(key, &auxiliary);
  Tape<T> tape(true, {.threads = threads});
  const Parameter<T> input(x);
  const Var<T> y = moe(tape.use(input), pass);
  tape.backward(y, cotangent.span());
  s.y = test::copy_of<T>(y);
  s.dx = Tensor<T>(x.shape(), tape.gradient(input));
  if (auxiliary) s.loss = static_cast<double>(auxiliary->item());
  for_each_named_parameter(moe, [&](const std::string& name, const Parameter<T>& p) {
    s.gradients.emplace_back(name, std::vector<T>(tape.gradient(p).begin(), tape.gradient(p).end()));
  });
  return s;
}
template <Real T> const std::vector<T>& gradient(const Step<T>& s, const std::string& name) {
  for (const auto& [own, values] : s.gradients)
    if (own == name) return values;
  FAIL("no parameter ", name);
  return s.gradients[0].second;
}
}  // namespace

TEST_CASE_TEMPLATE("e3: the spec's members, partitioning alone, and an overlap of two", T, float, double) {
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  const Tensor<T> h = test::spec_row<T>(), twice = test::tiled(h, 2);
  CHECK(test::worst_error(evaluated(test::spec_layer<T>(1, 2), twice),
                          std::vector{.731058579, 2.193175736, 1.096587868, 3.289763604}) < tolerance);
  auto partitioned_alone = test::spec_layer<T>(1, 2);
  partitioned_alone.options.partition_only = true;
  CHECK(test::worst_error(evaluated(partitioned_alone, h), std::vector{1.827646447, 5.482939340}) < tolerance);
  CHECK(test::worst_error(evaluated(test::spec_layer<T>(1, 2, 2), twice),
                          std::vector{.942797579, 2.828392736, .759720587, 2.279161760}) < tolerance);
}

TEST_CASE_TEMPLATE("e3: the spec's gates of each member", T, float, double) {
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  const Tensor<T> twice = test::tiled(test::spec_row<T>(), 2);
  const auto chosen = [&](Index shared) {
    Tape<T> tape;
    const auto layer = test::spec_layer<T>(1, 2, shared);
    const Routing<T> r = layer.router(tape.constant(twice), Pass<T>::evaluate());
    CHECK(r.expert[0] == (shared == 0 ? 1 : 2));
    CHECK(r.expert[1] == 2);
    return test::copy_of<T>(r.chosen);
  };
  CHECK(test::worst_error(chosen(0), std::vector{.731058579, .731058579}) < tolerance);
  CHECK(test::worst_error(chosen(2), std::vector{.628531719, .506480391}) < tolerance);
}

TEST_CASE_TEMPLATE("e3: M members are M sparse mixtures bit for bit: outputs, gradients, noise, drops, dropout", T,
                   float, double) {
  const std::pair<Index, Index> cases[] = {{2, 4}, {2, 6}, {2, 10}, {3, 6}, {3, 15}, {4, 12}};
  for (const auto& [members, experts] : cases) {
    for (const Index k : {1, 2})
      for (const ClaimOrder order : {ClaimOrder::by_row, ClaimOrder::by_weight}) {
        SparseMoeOptions options{.train = {0.8}, .order = order};
        options.dropout = 0.2;
        options.group = 12 / members;
        const auto e3 = partitioned(make_moe<T>(experts, {.choices = k, .balance = {1, 1, 1, 1, 1}}, options), members);
        const Tensor<T> x = random_tensor<T>({members, 24 / members, 8}, Key(2)),
                        cotangent = random_tensor<T>({members, 24 / members, 5}, Key(3));
        const Step<T> whole = step(e3, x, cotangent, Pass<T>::train, Key(4));
        double loss = 0;
        for (Index m = 0; m < members; ++m) {
          const auto alone = member(e3, m);
          const Step<T> own = step(alone, rows_of_member(x, m, members), rows_of_member(cotangent, m, members),
                                   Pass<T>::train, Key(4).child(m));
          REQUIRE(same_bits(rows_of_member(whole.y, m, members), own.y));
          REQUIRE(same_bits(rows_of_member(whole.dx, m, members), own.dx));
          const auto each = static_cast<std::size_t>(experts / members * 8);
          const auto& router = gradient(whole, "router.weight");
          const auto first = router.begin() + static_cast<std::ptrdiff_t>(each) * m;
          REQUIRE(std::vector<T>(first, first + static_cast<std::ptrdiff_t>(each)) == gradient(own, "router.weight"));
          for (Index e = 0; e < experts / members; ++e)
            for (const std::string part : {".layers.0.weight", ".layers.0.bias", ".layers.1.weight", ".layers.1.bias"})
              REQUIRE(gradient(whole, "experts." + std::to_string(m * experts / members + e) + part) ==
                      gradient(own, "experts." + std::to_string(e) + part));
          loss += own.loss / static_cast<double>(members);
        }
        REQUIRE(std::abs(whole.loss - loss) < 30 * test::tolerance<T>);  // the balance is the members' mean
      }
  }
}

TEST_CASE_TEMPLATE("e3: a member alone has the members' sigma to the last bit, and their noise", T, float, double) {
  using Scale = RouterOptions::NoiseScale;
  struct {
    Index experts, members, shared;
  } const sizes[] = {{33, 3, 0}, {39, 13, 0}, {10, 2, 2}};  // (sigma * columns) / columns is not sigma
  for (const auto& s : sizes)
    for (const Scale scale : {Scale::all_experts, Scale::own_experts}) {
      const auto moe = make_moe<T>(s.experts, {.choices = 1, .noise_scale = scale}, {.train = {dropless}});
      const auto e3 = partitioned(moe, s.members, s.shared);
      const Tensor<T> x = random_tensor<T>({s.members, 2, 8}, Key(2));
      const Tensor<T> y = test::output_of(e3, x, Pass<T>::train(Key(4)));
      for (Index m = 0; m < s.members; ++m) {
        const auto alone = member(e3, m);
        CHECK(alone.router.sigma() == e3.router.sigma());
        CHECK(member(alone, 0).router.sigma() == e3.router.sigma());
        const Pass<T> own = Pass<T>::train(Key(4).child(m));
        const Tensor<T> z = test::output_of(alone, test::rows_of(x, 2 * m, 2), own),
                        of_member = test::rows_of(y, 2 * m, 2);
        if (s.shared == 0)
          CHECK(same_bits(z, of_member));
        else  // its logits are two products, of its own experts and of the shared ones
          CHECK(test::worst_error(z, of_member) < test::tolerance<T>);
      }
    }
}

TEST_CASE_TEMPLATE("e3: the same bits on one, two and four threads, with shared experts and untiled too", T, float,
                   double) {
  for (const Index shared : {0, 2})
    for (const bool partition_only : {false, true}) {
      SparseMoeOptions options{.train = {0.8}};
      options.partition_only = partition_only;
      const auto e3 =  // experts with 256 rows, or 512: products for two threads, or four
          partitioned(make_moe<T>(4, {.choices = 2, .balance = {1, 1, 1, 1, 1}}, options, {64, 512, 64, 1}), 2, shared);
      const Shape shape = partition_only ? Shape{640, 64} : Shape{2, 320, 64};
      const Tensor<T> x = random_tensor<T>(shape, Key(2)), cotangent = random_tensor<T>(shape, Key(3));
      const Step<T> one = step(e3, x, cotangent, Pass<T>::train, Key(4));
      for (const int threads : {2, 4}) {
        const Step<T> other = step(e3, x, cotangent, Pass<T>::train, Key(4), threads);
        CHECK(same_bits(one.y, other.y));
        CHECK(same_bits(one.dx, other.dx));
        CHECK(one.loss == other.loss);
        CHECK(one.gradients == other.gradients);
      }
    }
}

TEST_CASE_TEMPLATE("e3: late tiling is early tiling", T, float, double) {
  const auto e3 = partitioned(make_moe<T>(6, {.choices = 2}, {.evaluate = {0.9}}), 2);
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2));
  const Mlp<T> before({8, 9, 8, 1}, Key(7));
  CHECK(same_bits(evaluated(e3, evaluated(before, test::tiled(x, 2))),
                  evaluated(e3, test::tiled(evaluated(before, x), 2))));
}

/// The published code repeats every row; the paper, and this library, lay out member after member.
TEST_CASE_TEMPLATE("e3: a layer whose rows are repeated, as in the published code, is this one in another order", T,
                   float, double) {
  const auto e3 = partitioned(make_moe<T>(6, {.choices = 2}, {.evaluate = {0.9}}), 2);
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), y = evaluated(e3, test::tiled(x, 2));
  const auto by_member = [](auto& v) {
    return members_first(v[0]);
  };
  Tensor<T> repeated({12, 2, 8});
  for (Index n = 0; n < 24; ++n) repeated.mat().row(n) = x.mat().row(n / 2);
  CHECK(same_bits(evaluated(e3, test::value_of<T>(by_member, {repeated})), y));
}

TEST_CASE_TEMPLATE("e3: a network answers with an axis of members", T, float, double) {
  const auto make = [&](const Key& key) {
    SparseMoeOptions options{.train = {0.9}, .evaluate = {0.9}};
    options.dropout = 0.2, options.equal_start = false;
    return SparseMoe<T>(6, {8, 17, 8, 1}, {.choices = 2, .members = 2}, options, key);
  };
  const ResidualMlpSize size{.in = 7, .out = 5, .width = 8, .hidden = 12, .members = 2};
  const ResidualMlp<T, SparseMoe<T>> network(size, Key(1), make, 0.2);
  const Tensor<T> x = random_tensor<T>({12, 7}, Key(2)), y = evaluated(network, x);
  CHECK(y.shape() == Shape{2, 12, 5});
  const std::vector<Tensor<T>> members = predict_members(network, x);
  CHECK_FALSE(same_bits(members[0], members[1]));
  for (Index m = 0; m < 2; ++m) CHECK(same_bits(members[static_cast<std::size_t>(m)], rows_of_member(y, m, 2)));
}

TEST_CASE_TEMPLATE("e3, overlap, partitioning alone: steps of one shape allocate nothing after the first", T, float,
                   double) {
  for (const Index shared : {0, 2})
    for (const bool partition_only : {false, true}) {
      auto moe = partitioned(make_moe<T>(6, {.choices = 2, .balance = {1, 1, 1, 1, 1}}, {.train = {0.9}}), 2, shared);
      moe.options.partition_only = partition_only;
      const Tensor<T> x = random_tensor<T>(partition_only ? Shape{24, 8} : Shape{2, 12, 8}, Key(2));
      CHECK(test::allocations_after_first_step(moe, x, 4) == 0);
    }
}

TEST_CASE_TEMPLATE("e3: one member is the sparse mixture, and slicing there and back is exact", T, float, double) {
  const auto moe = make_moe<T>(6, {.choices = 2}, {.train = {0.9}});
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2));
  const reference::Matrix plain = test::sparse_moe(moe, x, Pass<T>::train(Key(3)), 5);
  CHECK(test::worst_error(test::output_of(partitioned(moe, 1), x, Pass<T>::train(Key(3))), plain.values) <
        test::tolerance<T>);
  CHECK(test::same_parameters(partitioned(moe, 3), moe));
  CHECK(same_bits(test::output_of(partitioned(partitioned(moe, 3), 1), x, Pass<T>::train(Key(3))),
                  test::output_of(moe, x, Pass<T>::train(Key(3)))));
  for (const Index members : {1, 2, 3, 6}) {
    auto counted = moe;
    counted.router.options.choices = 1;
    CHECK(count(partitioned(counted, members)).parameters == count(moe).parameters);
  }
}

TEST_CASE_TEMPLATE("e3: one member has the sparse mixture's output, balance and gradients of both, bit for bit", T,
                   float, double) {
  SparseMoeOptions options{.train = {0.9}, .group = 6, .order = ClaimOrder::by_weight};
  options.dropout = 0.2;
  const auto moe = make_moe<T>(6, {.choices = 2, .balance = {1, 1, 1, 1, 1}}, options);
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), cotangent = random_tensor<T>({12, 5}, Key(3));
  const auto trained = [&](const auto& layer) {  // output, balance, and the gradients of a loss with it
    AuxiliaryLoss<T> auxiliary;
    Pass<T> pass = Pass<T>::train(Key(4), &auxiliary);
    Tape<T> tape;
    const Parameter<T> input(x);
    const Var<T> y = layer(tape.use(input), pass);
    tape.backward(add(sum(multiply(y, tape.constant(cotangent))), auxiliary.value()));
    std::vector<T> all(y.data(), y.data() + y.size());
    all.push_back(auxiliary->item());
    const auto append = [&](const Parameter<T>& p) {
      all.insert(all.end(), tape.gradient(p).begin(), tape.gradient(p).end());
    };
    append(input);
    for_each_parameter(layer, append);
    return all;
  };
  const std::vector<T> expected = trained(moe);
  REQUIRE(expected[60] > 0);
  CHECK(trained(partitioned(partitioned(moe, 3), 1)) == expected);
  CHECK(trained(member(partitioned(moe, 1), 0)) == expected);
  auto alone = partitioned(moe, 1);
  alone.options.partition_only = true;
  CHECK(trained(alone) == expected);
}

TEST_CASE_TEMPLATE("e3: equal routers and equal experts make equal members, and their mean is each of them", T, float,
                   double) {
  auto moe = make_moe<T>(6, {.choices = 2}, {.evaluate = {dropless}});
  Tensor<T> w = moe.router.weight.value();
  w.mat().bottomRows(3) = w.mat().topRows(3).eval();
  moe.router.weight = Parameter<T>(std::move(w));
  for (std::size_t e = 3; e < 6; ++e) moe.experts[e] = moe.experts[e - 3];
  const Tensor<T> y = evaluated(partitioned(moe, 2), test::tiled(random_tensor<T>({12, 8}, Key(2)), 2));
  CHECK(same_bits(test::rows_of(y, 0, 12), test::rows_of(y, 12, 12)));
  const auto log_softmax = [&](Index members) {
    return test::value_of<T>([&](auto& v) { return log_mean_softmax(v[0], {.members = members}); }, {y});
  };
  CHECK(test::worst_error(log_softmax(2), test::rows_of(log_softmax(1), 0, 12)) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("partitioning alone: one output, the sum of the members', and one member is the sparse mixture", T,
                   float, double) {
  const auto moe = make_moe<T>(6, {.choices = 2}, {.train = {0.9}, .evaluate = {0.9}});
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2));
  auto sum = partitioned(moe, 2);
  const Tensor<T> each = evaluated(sum, test::tiled(x, 2));
  sum.options.partition_only = true;
  Tensor<T> expected({12, 5});
  expected.mat() = rows_of_member(each, 0, 2).mat() + rows_of_member(each, 1, 2).mat();
  CHECK(same_bits(evaluated(sum, x), expected));
  auto one = moe;
  one.options.partition_only = true;
  CHECK(same_bits(evaluated(one, x), evaluated(moe, x)));
  std::vector<RoutingStats> stats;  // K in each subset, and slots for all of them: S K C / (E / M)
  auto two = partitioned(moe, 2);
  two.options.partition_only = true;
  test::output_of(two, x, Pass<T>::evaluate().with_statistics(&stats).with_capacity(1));
  CHECK(stats[0].rows == 24);
  for (const Index kept : stats[0].kept) CHECK(kept <= 8);
}

TEST_CASE_TEMPLATE("overlap: none is e3, all is tiling alone, and in between own experts meet shared ones", T, float,
                   double) {
  const auto moe = make_moe<T>(6, {.choices = 2}, {.evaluate = {dropless}});
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), twice = test::tiled(x, 2);
  CHECK(same_bits(evaluated(partitioned(moe, 2, 6), twice), evaluated(moe, twice)));
  for (const Index shared : {0, 2, 4}) {
    const auto overlapping = partitioned(moe, 2, shared);
    const Tensor<T> y = evaluated(overlapping, twice);
    for (Index m = 0; m < 2; ++m) {
      const auto alone = member(overlapping, m);
      CHECK(alone.experts.size() == static_cast<std::size_t>((6 - shared) / 2 + shared));
      CHECK(test::worst_error(test::rows_of(y, 12 * m, 12), evaluated(alone, x)) < test::tolerance<T>);
    }
  }
}

TEST_CASE_TEMPLATE("overlap: shared experts serve the members' copies of a row in turn", T, float, double) {
  const auto e3 = partitioned(make_moe<T>(4, {.choices = 1}, {.evaluate = {1}}), 2, 4);
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), y = evaluated(e3, test::tiled(x, 2));
  Tape<T> tape;
  const Routing<T> r = member(e3, 0).router(tape.constant(x), Pass<T>::evaluate());
  std::vector<Index> asked(4);
  for (Index n = 0; n < 12; ++n)  // capacity: 24 rows / 4 experts = 6 slots
    for (Index m = 0; m < 2; ++m) {
      const bool kept = asked[static_cast<std::size_t>(r.expert[n])]++ < 6;
      CHECK(y.mat().row(m * 12 + n).isZero(0) == !kept);
    }
}

TEST_CASE_TEMPLATE("tiling alone: copies agree without noise and drops; noise parts them, so do a few slots", T, float,
                   double) {
  const auto moe = make_moe<T>(4, {.choices = 1}, {.evaluate = {dropless}});
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), one = evaluated(moe, x), twice = test::tiled(x, 2);
  const auto copy = [&](Index m, const Pass<T>& pass) {
    return rows_of_member(test::output_of(moe, twice, pass.with_members(2)), m, 2);
  };
  const Pass<T> plain = Pass<T>::evaluate(Key(5));
  for (Index m = 0; m < 2; ++m) CHECK(same_bits(copy(m, plain), one));
  CHECK_FALSE(same_bits(copy(0, plain.with_router_noise(true)), copy(1, plain.with_router_noise(true))));
  CHECK_FALSE(same_bits(copy(0, plain.with_capacity(0.4)), copy(1, plain.with_capacity(0.4))));
  const Tensor<T> first = copy(0, plain.with_capacity(1)), second = copy(1, plain.with_capacity(1));
  Index kept = 0, later = 0;
  for (Index n = 0; n < 12; ++n) {
    kept += !first.mat().row(n).isZero(0);
    later += !second.mat().row(n).isZero(0);
  }
  CHECK(kept > later);  // the first copies take the slots
}

TEST_CASE_TEMPLATE("permuted: the sparse mixture is the same, and its members are others", T, float, double) {
  const auto moe = make_moe<T>(6, {.choices = 2}, {.evaluate = {0.9}});
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), twice = test::tiled(x, 2);
  const std::vector<Index> across{3, 0, 4, 1, 5, 2}, within{2, 0, 1, 5, 3, 4};
  const auto reordered = [&](const std::vector<Index>& order) {
    return permuted(moe, std::span<const Index>(order));
  };
  CHECK(test::worst_error(evaluated(reordered(across), x), evaluated(moe, x)) < test::tolerance<T>);
  const Tensor<T> y = evaluated(partitioned(moe, 2), twice);
  CHECK(test::worst_error(evaluated(partitioned(reordered(within), 2), twice), y) < test::tolerance<T>);
  CHECK(test::worst_error(evaluated(partitioned(reordered(across), 2), twice), y) > 1e-3);
  CHECK(reordered(across).router.weight.value().mat().row(1) == moe.router.weight.value().mat().row(0));
  for (const std::vector<Index>& bad : {std::vector<Index>{0, 1, 2}, {0, 1, 2, 3, 4, 4}, {0, 1, 2, 3, 4, 6}})
    CHECK_THROWS_AS(reordered(bad), ConfigError);
  CHECK_THROWS_WITH_AS(reordered({0, 1}), "permuted: an order of 2 for 6 experts; each is named once", ConfigError);
}

TEST_CASE_TEMPLATE("with_experts: some experts with their rows of the router and their bias", T, float, double) {
  auto moe = make_moe<T>(4, {.choices = 1});
  moe.router.bias = Tensor<T>({4}, {1, 2, 3, 4});
  const std::vector<Index> some{3, 1};
  const auto two = with_experts(moe, std::span<const Index>(some));
  CHECK(two.router.experts() == 2);
  CHECK(same_bits(*two.router.bias, Tensor<T>({2}, {4, 2})));
  CHECK(two.router.weight.value().mat().row(0) == moe.router.weight.value().mat().row(3));
  CHECK(test::same_parameters(two.experts[1], moe.experts[1]));
  CHECK_THROWS_WITH_AS(with_experts(moe, std::span<const Index>()), "with_experts: no experts; at least one is needed",
                       ConfigError);
  const Index beyond[] = {4};
  CHECK_THROWS_WITH_AS(with_experts(moe, std::span<const Index>(beyond)), "with_experts: expert 4 of 4", ConfigError);
}

TEST_CASE_TEMPLATE("upcycled: with renormalised weights it begins as the dense network, and without as its share", T,
                   float, double) {
  const Mlp<T> dense({8, 17, 5, 1}, Key(1));
  const Tensor<T> x = random_tensor<T>({12, 8}, Key(2)), y = evaluated(dense, x);
  const auto moe = upcycled<T>(dense, 8, 4, {.choices = 2, .renormalise = true}, {.evaluate = {dropless}}, Key(3));
  CHECK(test::worst_error(evaluated(moe, x), y) < test::tolerance<T>);
  const auto all = upcycled<T>(dense, 8, 4, {.choices = 4}, {.evaluate = {dropless}}, Key(3));
  CHECK(test::worst_error(evaluated(all, x), y) < test::tolerance<T>);
  const auto share = upcycled<T>(dense, 8, 4, {.choices = 1}, {.evaluate = {dropless}}, Key(3));
  CHECK(test::worst_error(evaluated(share, x), y) > 0.01);
}

TEST_CASE_TEMPLATE("partitioned: members that experts cannot fill are refused with their numbers", T, float, double) {
  const auto moe = make_moe<T>(6, {.choices = 2});
  CHECK_THROWS_WITH_AS(partitioned(moe, 4), "Router: 6 experts, 0 of them shared, do not divide among 4 members",
                       ConfigError);
  CHECK_THROWS_WITH_AS(partitioned(moe, 6), "Router: 2 choices of 1 experts of each member; they must be from 1 to 1",
                       ConfigError);
  CHECK_THROWS_WITH_AS(partitioned(moe, 2, 3), "Router: 6 experts, 3 of them shared, do not divide among 2 members",
                       ConfigError);
  const auto e3 = partitioned(moe, 2);
  for (const Shape& x : {Shape{6, 8}, Shape{3, 4, 8}}) CHECK_THROWS_AS(evaluated(e3, Tensor<T>(x)), ShapeError);
  Tape<T> tape;
  const Tensor<T> x({4, 8});
  Pass<T> pass = Pass<T>::evaluate();
  CHECK_THROWS_WITH_AS(e3.contributions(tape.constant(x), pass),
                       "SparseMoe: contributions of 2 members; they are told apart for 1 alone", ConfigError);
}

TEST_CASE("e3: gradcheck of partitioned, overlapping and untiled layers, through noise, drops and balance") {
  for (const Index shared : {0, 2})
    for (const bool partition_only : {false, true}) {
      SparseMoeOptions options{.train = {0.8}};
      options.partition_only = partition_only;
      test::WithInput<SparseMoe<double>> probe{
          partitioned(make_moe<double>(6, {.choices = 2, .balance = {1, 1, 1, 1, 1}}, options, {3, 4, 2, 1}), 2,
                      shared),
          Parameter<double>(random_tensor<double>(partition_only ? Shape{6, 3} : Shape{2, 3, 3}, Key(2)))};
      const auto f = [](Tape<double>& tape, const auto& p) {
        return test::squares_and_balance(tape, p);
      };
      CHECK(gradcheck_model(probe, f, Key(4)).message == "");
    }
}
