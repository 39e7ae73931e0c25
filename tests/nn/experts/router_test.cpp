// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/router.hpp"

#include "nn/sparse.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// Rows whose logits are those of `s`: x is the identity.
template <Real T> Router<T> answering(const Tensor<T>& s, const RouterOptions& options) {
  Router<T> router;
  Tensor<T> w({s.cols(), s.rows()});
  w.mat() = s.mat().transpose();
  router.weight = Parameter<T>(std::move(w));
  router.options = options;
  return router;
}
template <Real T> Tensor<T> identity(Index n) {
  Tensor<T> x({n, n});
  x.mat().setIdentity();
  return x;
}
template <Real T> double near(T a, double b) {
  return std::abs(static_cast<double>(a) - b);
}
}  // namespace

TEST_CASE_TEMPLATE("router: weights are the largest of a softmax over all experts, not renormalised", T, float,
                   double) {
  for (const Index experts : {1, 5, 33})
    for (const Index k : {Index(1), Index(2), experts}) {
      if (k > experts) continue;
      for (const bool renormalise : {false, true}) {
        const Router<T> router(7, experts, {.choices = k, .renormalise = renormalise}, Key(1));
        const Tensor<T> x = random_tensor<T>({9, 7}, Key(2));
        Tape<T> tape;
        const Routing<T> r = router(tape.constant(x), Pass<T>::evaluate());
        const reference::Matrix gates = reference::softmax(reference::linear(
            reference::matrix(x), reference::matrix(router.weight.value()), reference::Vector(std::size_t(experts))));
        CHECK(r.sigma == 0);
        CHECK(test::worst_error(test::copy_of<T>(r.gates), gates.values) < test::tolerance<T>);
        for (Index n = 0; n < 9; ++n) {
          const auto best = reference::largest(gates, n, k);
          double kept = 0;
          for (const auto e : best) kept += gates(n, e);
          for (Index j = 0; j < k; ++j) {
            const auto e = best[static_cast<std::size_t>(j)];
            CHECK(r.expert[n * k + j] == e);
            CHECK(near(r.weights.value()(n, j), gates(n, e) / (renormalise ? kept : 1)) < test::tolerance<T>);
          }
        }
      }
    }
}

TEST_CASE_TEMPLATE("router: noise is standard normal over E, on in training, off at evaluation, or as the pass says", T,
                   float, double) {
  const Router<T> router(4, 8, {.choices = 1, .noise = 2}, Key(1));
  const Tensor<T> x = random_tensor<T>({4000, 4}, Key(2));
  Tape<T> tape;
  const auto route = [&](const Pass<T>& pass) {
    return router(tape.constant(x), pass);
  };
  const Routing<T> r = route(Pass<T>::train(Key(3)));
  CHECK(r.sigma == 2.0 / 8);
  const Tensor<T> drawn = [&] {
    Tensor<T> d(r.logits.shape());
    d.mat() = (r.noisy.value() - r.logits.value()) * 4;
    return d;
  }();
  const double mean = static_cast<double>(drawn.array().mean()),
               square = static_cast<double>(drawn.array().square().mean());
  CHECK(std::abs(mean) < 0.03);  // 32000 draws: five standard errors
  CHECK(std::abs(square - 1) < 0.04);
  CHECK(same_bits(test::copy_of<T>(route(Pass<T>::train(Key(3))).noisy), test::copy_of<T>(r.noisy)));
  CHECK_FALSE(same_bits(test::copy_of<T>(route(Pass<T>::train(Key(4))).noisy), test::copy_of<T>(r.noisy)));
  CHECK(route(Pass<T>::evaluate(Key(3))).sigma == 0);
  CHECK(route(Pass<T>::train(Key(3)).with_router_noise(false)).sigma == 0);
  CHECK(same_bits(test::copy_of<T>(route(Pass<T>::evaluate(Key(3)).with_router_noise(true)).noisy),
                  test::copy_of<T>(r.noisy)));
}

TEST_CASE_TEMPLATE("router: a row's noise follows from its place alone", T, float, double) {
  const Router<T> router(4, 8, {}, Key(1));
  const Tensor<T> x = random_tensor<T>({10, 4}, Key(2));
  Tape<T> tape;
  const Pass<T> all = Pass<T>::evaluate(Key(3)).with_router_noise(true);
  const Pass<T> later = Pass<T>::evaluate(Key(3), 6).with_router_noise(true);
  const Tensor<T> end = test::rows_of(x, 6, 4);
  CHECK(same_bits(test::rows_of(test::copy_of<T>(router(tape.constant(x), all).noisy), 6, 4),
                  test::copy_of<T>(router(tape.constant(end), later).noisy)));
}

TEST_CASE_TEMPLATE("router: with members the noise is over all experts, or over a member's own", T, float, double) {
  using Scale = RouterOptions::NoiseScale;
  const auto sigma = [](Index members, Index shared, Scale scale) {
    return Router<T>(2, 8, {.noise_scale = scale, .members = members, .shared = shared}, Key(1)).sigma();
  };
  CHECK(sigma(2, 0, Scale::all_experts) == 1.0 / 8);
  CHECK(sigma(2, 0, Scale::own_experts) == 1.0 / 4);
  CHECK(sigma(2, 4, Scale::own_experts) == 1.0 / 6);
  CHECK(sigma(1, 0, Scale::own_experts) == sigma(1, 0, Scale::all_experts));
  for (const Scale scale : {Scale::all_experts, Scale::own_experts})
    CHECK(Router<T>(2, 8, {.noise_scale = scale, .noise_experts = 3, .members = 2}, Key(1)).sigma() == 1.0 / 3);
}

TEST_CASE_TEMPLATE("router: noise follows from member, example and token", T, float, double) {
  const Router<T> router(2, 4, {}, Key(1));
  const Tensor<T> x({2, 4, 3, 2});  // two members, four examples of three tokens
  const Pass<T> pass = Pass<T>::evaluate(Key(3), 8, 4).with_router_noise(true);
  const auto noise = [](const Router<T>& of, const Tensor<T>& rows, const Pass<T>& own) {
    Tape<T> tape;
    return test::copy_of<T>(of(tape.constant(rows), own).noisy);
  };
  Router<T> members = router;
  members.options.members = 2;
  const Tensor<T> all = noise(router, x, pass.with_members(2)), own = noise(members, x, pass);
  for (Index m = 0; m < 2; ++m)
    for (Index e = 0; e < 4; ++e) {
      Tensor<T> expected({3, 4}), of_member({3, 2});
      const auto first = static_cast<std::uint64_t>((8 + e) * 3);
      kernels::normal(Key(3).child("router noise").child(m), 4 * first, router.sigma(), expected.data(), 12);
      kernels::normal(Key(3).child(m).child("router noise"), 2 * first, members.sigma(), of_member.data(), 6);
      CHECK(all.mat().middleRows((m * 4 + e) * 3, 3) == expected.mat());
      CHECK(own.mat().middleRows((m * 4 + e) * 3, 3) == of_member.mat());
    }
}

TEST_CASE_TEMPLATE("router: fresh weights are LeCun normal, cut at two standard deviations", T, float, double) {
  const Tensor<T> w = Router<T>(100, 200, {}, Key(1)).weight.value();
  const double sd = 0.1;
  CHECK(std::abs(static_cast<double>(w.array().square().mean()) - sd * sd) < 5e-4);  // 20000 draws
  CHECK(static_cast<double>(w.array().abs().maxCoeff()) <= 2 * sd / 0.8796);
  CHECK(static_cast<double>(w.array().abs().maxCoeff()) > 1.9 * sd / 0.8796);
}

TEST_CASE_TEMPLATE("router: the balance terms are those of the losses, weighted as the options say", T, float, double) {
  const Tensor<T> s = random_tensor<T>({6, 5}, Key(1)), x = identity<T>(6);
  const auto balance = [&](const BalanceOptions& options, const Pass<T>& pass, Index group = 6) {
    Tape<T> tape;
    const Router<T> router = answering(s, {.choices = 2, .balance = options});
    const Routing<T> r = router(tape.constant(x), pass);
    const auto loss = router.balance(r, group);
    return std::pair(loss ? static_cast<double>(loss->item()) : 0.0, reference::matrix(test::copy_of<T>(r.noisy)));
  };
  const reference::Matrix clean = reference::matrix(s);
  const Pass<T> train = Pass<T>::train(Key(2));
  const auto [both, noisy] = balance({}, train);
  const double importance = reference::importance_loss(clean), load = reference::load_loss(clean, noisy, 2, 0.2);
  CHECK(std::abs(both - 0.005 * (importance + load)) < test::tolerance<T>);
  CHECK(std::abs(balance({1, 1, 0}, train).first - importance) < 10 * test::tolerance<T>);
  CHECK(std::abs(balance({1, 0, 3}, train).first - 3 * load) < 10 * test::tolerance<T>);
  CHECK(std::abs(balance({}, Pass<T>::train(Key(2)).with_router_noise(false)).first - 0.005 * importance) <
        test::tolerance<T>);  // without noise there is no load
  CHECK(balance({0, 1, 1}, train).first == 0);
  double z = 0;
  for (Index n = 0; n < 6; ++n) {
    double sum = 0;
    for (Index e = 0; e < 5; ++e) sum += std::exp(clean(n, e));
    z += std::log(sum) * std::log(sum) / 6;
  }
  CHECK(std::abs(balance({0, 1, 1, 0, 2}, train).first - 2 * z) < 10 * test::tolerance<T>);
  const auto [gshard, with] = balance({1, 0, 0, 1}, train);
  const reference::Matrix gates = reference::softmax(with);
  double expected = 0;
  for (Index e = 0; e < 5; ++e) {
    double first = 0, mean = 0;
    for (Index n = 0; n < 6; ++n) first += reference::largest(gates, n, 1)[0] == e, mean += gates(n, e);
    expected += 5 * first / 6 * mean / 6;
  }
  CHECK(std::abs(gshard - expected) < 10 * test::tolerance<T>);
}

TEST_CASE("router: gradcheck of gates and every balance term, in input and weights, through fixed noise") {
  for (const Index members : {1, 2})
    for (const Index shared : {0, 2}) {
      test::WithInput<Router<double>> probe{
          Router<double>(3, 6,
                         {.choices = 2,
                          .renormalise = shared > 0,
                          .members = members,
                          .shared = shared,
                          .balance = {1, 1, 1, 1, 1}},
                         Key(1)),
          Parameter<double>(test::tiled(random_tensor<double>({4, 3}, Key(2)), members))};
      const auto f = [](Tape<double>& tape, const auto& p) {
        const Routing<double> r = p.model(tape.use(p.x), Pass<double>::train(Key(3)));
        return add(*p.model.balance(r, 2), squared_variation(r.weights));
      };
      CHECK(gradcheck_model(probe, f, Key(4)).message == "");
    }
}

TEST_CASE_TEMPLATE("router: a bias changes who is chosen and no weight", T, float, double) {
  const Tensor<T> s({1, 4}, {3, 2, 1, 0}), x = identity<T>(1);
  Router<T> router = answering(s, {.choices = 2});
  Tape<T> tape;
  const Routing<T> before = router(tape.constant(x), Pass<T>::evaluate());
  router.bias = Tensor<T>({4}, {0, 0, 0, 1});
  const Routing<T> after = router(tape.constant(x), Pass<T>::evaluate());
  CHECK(before.expert[0] == 0);
  CHECK(before.expert[1] == 1);
  CHECK(after.expert[0] == 3);
  CHECK(after.expert[1] == 0);
  CHECK(same_bits(test::copy_of<T>(before.gates), test::copy_of<T>(after.gates)));
  CHECK(after.weights.data()[0] == after.gates.data()[3]);
  CHECK(after.weights.data()[1] == after.gates.data()[0]);
}

TEST_CASE_TEMPLATE("router: renormalised weights of experts whose gates vanish are the softmax over them", T, float,
                   double) {
  const T far = std::same_as<T, float> ? 200 : 1500;
  for (const Index k : {Index(1), Index(2)}) {
    Router<T> router = answering(Tensor<T>({1, 4}, {1, far, 0, far}), {.choices = k, .renormalise = true});
    router.bias = Tensor<T>({4}, {2, 0, 2, 0});
    Tape<T> tape;
    const Tensor<T> x = identity<T>(1);
    const Routing<T> r = router(tape.constant(x), Pass<T>::evaluate());
    CHECK(r.chosen.value().isZero(0));
    const double first = k == 1 ? 1 : 1 / (1 + std::exp(-1.0)), weights[] = {first, 1 - first};
    for (Index i = 0; i < k; ++i) CHECK(near(r.weights.value()(0, i), weights[r.column[i] / 2]) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("router: with members an expert's bias meets its own columns, a shared expert's all", T, float,
                   double) {
  Router<T> router(3, 6, {.choices = 1, .members = 2, .shared = 2}, Key(1));  // {0, 1} and {2, 3} of their own, {4, 5}
  const Tensor<T> x = random_tensor<T>({2, 4, 3}, Key(2));
  const auto chosen = [&](Index biased) {
    router.bias = Tensor<T>({6});
    (*router.bias)[biased] = 2;
    Tape<T> tape(false);
    const Routing<T> r = router(tape.constant(x), Pass<T>::evaluate());
    return std::vector<std::int32_t>(r.expert, r.expert + 8);
  };
  const std::vector<std::int32_t> own = chosen(3), shared = chosen(4);
  for (std::size_t n = 0; n < 8; ++n) {
    if (n >= 4) CHECK(own[n] == 3);
    CHECK(own[n] != (n < 4 ? 3 : 0));
    CHECK(shared[n] == 4);
  }
}

TEST_CASE_TEMPLATE("router: options that do not fit are refused with their numbers", T, float, double) {
  const std::string type = number_name<T>;
  const auto make = [](Index experts, const RouterOptions& options) {
    return Router<T>(4, experts, options, Key(1));
  };
  CHECK_THROWS_WITH_AS(make(4, {.choices = 5}), "Router: 5 choices of 4 experts; they must be from 1 to 4",
                       ConfigError);
  CHECK_THROWS_WITH_AS(make(4, {.choices = 0}), "Router: 0 choices of 4 experts; they must be from 1 to 4",
                       ConfigError);
  CHECK_THROWS_WITH_AS(make(6, {.members = 4}), "Router: 6 experts, 0 of them shared, do not divide among 4 members",
                       ConfigError);
  CHECK_THROWS_WITH_AS(make(8, {.members = 2, .shared = 3}),
                       "Router: 8 experts, 3 of them shared, do not divide among 2 members", ConfigError);
  CHECK_THROWS_WITH_AS(make(6, {.choices = 3, .members = 3}),
                       "Router: 3 choices of 2 experts of each member; they must be from 1 to 2", ConfigError);
  CHECK_THROWS_WITH_AS(make(6, {.members = 0}),
                       "Router: 0 members and 0 shared experts of 6; at least 1 member, and from 0 to all shared",
                       ConfigError);
  CHECK_THROWS_AS(make(6, {.shared = 7}), ConfigError);
  CHECK_THROWS_WITH_AS(make(6, {.noise = -1}), ("Router: noise -1; it is not negative and must fit a " + type).c_str(),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make(6, {.noise_experts = -1}),
                       "Router: noise over -1 experts; it is not negative, and 0 leaves it to noise_scale",
                       ConfigError);
  CHECK_THROWS_WITH_AS(make(6, {.balance = {-5}}),
                       ("Router: a balance weight is -5 and weight -5; none is negative, and they and their products "
                        "must fit a " +
                        type)
                           .c_str(),
                       ConfigError);
  if constexpr (std::same_as<T, float>) {
    CHECK_THROWS_AS(make(6, {.noise = 1e39}), ConfigError);
    CHECK_THROWS_AS(make(6, {.balance = {.weight = 1e20, .z = 1e20}}), ConfigError);
  }
  for (const double bad : {-1.0, std::nan(""), HUGE_VAL})
    for (const BalanceOptions& b : {BalanceOptions{bad}, BalanceOptions{1, bad}, BalanceOptions{1, 1, bad},
                                    BalanceOptions{1, 1, 1, bad}, BalanceOptions{1, 1, 1, 1, bad}})
      CHECK_THROWS_AS(make(6, {.balance = b}), ConfigError);
  CHECK_THROWS_WITH_AS(make(0, {}), "Router: 4 inputs and 0 experts; each must be at least 1", ConfigError);
}

TEST_CASE_TEMPLATE("router: no rows, and logits that are not finite, are refused where they are", T, float, double) {
  const Router<T> router(2, 3, {}, Key(1));
  Tape<T> tape;
  const Tensor<T> none({0, 2});
  CHECK_THROWS_WITH_AS(router(tape.constant(none), Pass<T>::evaluate()), "Router: x is (0, 2); it needs a row",
                       ShapeError);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const auto route = [&](T value) {  // one logit of one row is this value
    const Tensor<T> x({2, 1}, {1, value});
    const Router<T> answers = answering(Tensor<T>({1, 3}, {1, 1, 1}), {});
    Tape<T> own;
    answers(own.constant(x), Pass<T>::evaluate());
  };
  route(0);
  for (const T value : {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity})
    CHECK_THROWS_AS(route(value), Diverged);
  constexpr T most = std::numeric_limits<T>::max();
  const std::pair<T, const char*> cases[] = {{most, "row 1 has the logit inf"},
                                             {-most, "row 1 has the logit -inf"},
                                             {std::numeric_limits<T>::quiet_NaN(), "row 0 has the logit nan"}};
  for (const auto& [weight, what] : cases) {  // twice the largest number, in the last column alone
    const Tensor<T> x({2, 1}, {T(0.5), 2});
    const Router<T> answers = answering(Tensor<T>({1, 3}, {1, 1, weight}), {});
    Tape<T> own;
    CHECK_THROWS_WITH_AS(answers(own.constant(x), Pass<T>::evaluate()),
                         message("Router: ", what, " in column 2; logits must be finite").c_str(), Diverged);
  }
  Tensor<T> bad({2, 2}, {1, 2, 3, std::numeric_limits<T>::quiet_NaN()});
  CHECK_THROWS_WITH_AS(router(tape.constant(bad), Pass<T>::evaluate()),
                       "Router: row 1 has the logit nan in column 0; logits must be finite", Diverged);
}

TEST_CASE_TEMPLATE("router: the spec's balance of three tokens, whole and of two members, with the default weights", T,
                   float, double) {
  const double tolerance = std::same_as<T, float> ? 1e-8 : 1e-11;
  const Tensor<T> z({3, 4}, {T(1), T(.5), T(0), T(-.5), T(.2), T(.8), T(.1), T(.4), T(-.3), T(0), T(.9), T(.6)});
  const Tensor<T> noise(
      {3, 4}, {T(.10), T(-.20), T(.05), T(.15), T(-.05), T(.30), T(.25), T(-.10), T(.20), T(.10), T(-.15), T(.05)});
  const auto by_member = [](const Tensor<T>& x) {  // experts {0, 1}, then {2, 3}
    Tensor<T> y({6, 2});
    y.mat() << x.mat().leftCols(2), x.mat().rightCols(2);
    return y;
  };
  const auto balance = [](const Tensor<T>& logits, const Tensor<T>& added, const RouterOptions& options) {
    Router<T> router;
    router.weight = Parameter<T>(Tensor<T>({4, 1}));
    router.options = options;
    Tape<T> tape;
    const Var<T> clean = tape.constant(logits), noisy = add(clean, tape.constant(added)), gates = softmax(noisy);
    const std::int32_t* column = top_k(tape, noisy.view(), options.choices);
    const Var<T> chosen = take_softmax(noisy, gates, column, options.choices);
    return static_cast<double>(router.balance({clean, noisy, gates, chosen, chosen, column, column, 0.25}, 3)->item());
  };
  CHECK(near(balance(z, noise, {.choices = 2}), 1e-2 * .028338858) < tolerance);
  CHECK(near(balance(z, noise, {.choices = 1}), 1e-2 * .184224077) < tolerance);
  CHECK(near(balance(by_member(z), by_member(noise), {.choices = 1, .members = 2}), 1e-2 * .014424534) < tolerance);
}
