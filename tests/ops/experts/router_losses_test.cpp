// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/router_losses.hpp"

#include "ops/evaluate.hpp"
#include "reference/sparse.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/experts/top_k.hpp"
#include "wsym/ops/softmax.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// What load_sums adds up, by itself: (..., E) -> (..., E).
template <Real T>
Var<T> load_probability(Var<T> logits, Var<T> noisy, const std::int32_t* threshold, Index stride, double sigma) {
  const Index rows = logits.rows(), cols = logits.cols();
  Var<T> p = logits.tape().result(logits.shape(), logits, noisy);
  T* density = p.takes_gradient() ? logits.tape().scratch(p.size()) : nullptr;  // phi(u): (rows, E)
  const T scale = static_cast<T>(1 / sigma);
  for (Index n = 0; n < rows; ++n)
    kernels::exceeds(logits.data() + n * cols, noisy.data()[n * cols + threshold[n * stride]], scale,
                     p.out().data() + n * cols, density ? density + n * cols : nullptr, cols);
  p.pull([=] {
    const ConstMatMap<T> slope(density, rows, cols);
    logits.add(scale * p.grad().cwiseProduct(slope));
    noisy.add_with([&](MatMap<T> d, bool accumulate) {
      if (!accumulate) d.setZero();
      for (Index n = 0; n < rows; ++n) d(n, threshold[n * stride]) -= scale * p.grad().row(n).dot(slope.row(n));
    });
  });
  return p;
}
auto sums(Index size) {
  return [=](auto& x) {
    return group_sums(x[0], size);
  };
}
const auto variation = [](auto& x) {
  return squared_variation(x[0]);
};
/// Of logits, noise and K.
auto probability(Index k, double sigma) {
  return [=](auto& x) {
    const auto noisy = add(x[0], x[1]);
    return load_probability(x[0], noisy, top_k(x[0].tape(), noisy.view(), k) + k - 1, k, sigma);
  };
}
auto probability_sums(Index k, double sigma, Index size) {
  return [=](auto& x) {
    const auto noisy = add(x[0], x[1]);
    return load_sums(x[0], noisy, top_k(x[0].tape(), noisy.view(), k) + k - 1, k, sigma, size);
  };
}
auto load(Index k, double sigma, Index size) {
  return [=](auto& x) {
    return squared_variation(probability_sums(k, sigma, size)(x));
  };
}
auto gate_sums(Index size) {
  return [=](auto& x) {
    return softmax_sums(x[0], size);
  };
}
auto importance(Index size) {
  return [=](auto& x) {
    return squared_variation(gate_sums(size)(x));
  };
}
/// Of gates.
auto gshard(Index size) {
  return [=](auto& x) {
    return gshard_loss(x[0], top_k(x[0].tape(), x[0].view(), 1), 1, size);
  };
}
auto gshard_of_softmax(Index size) {
  return [=](auto& x) {
    std::vector gates{softmax(x[0])};
    return gshard(size)(gates);
  };
}
const auto z = [](auto& x) {
  return z_loss(x[0]);
};
template <Real T, class F> double number(F f, const std::vector<Tensor<T>>& inputs) {
  const Tensor<T> y = test::value_of<T>(f, inputs);
  REQUIRE(y.shape() == Shape{1});
  return static_cast<double>(y[0]);
}

/// Spec 9.3.
constexpr double sigma = 0.25;
template <Real T> Tensor<T> logits() {
  return {{3, 4}, {T(1), T(.5), T(0), T(-.5), T(.2), T(.8), T(.1), T(.4), T(-.3), T(0), T(.9), T(.6)}};
}
template <Real T> Tensor<T> noise() {
  return {{3, 4}, {T(.10), T(-.20), T(.05), T(.15), T(-.05), T(.30), T(.25), T(-.10), T(.20), T(.10), T(-.15), T(.05)}};
}
template <Real T> Tensor<T> columns(const Tensor<T>& x, Index first, Index count) {
  Tensor<T> y({x.rows(), count});
  y.mat() = x.mat().middleCols(first, count);
  return y;
}
template <Real T> Tensor<T> rows_twice(const Tensor<T>& x) {
  Tensor<T> y({2 * x.rows(), x.cols()});
  y.mat() << x.mat(), x.mat();
  return y;
}
}  // namespace

TEST_CASE_TEMPLATE("load_sums: the spec's three tokens, K = 1 and 2", T, float, double) {
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  const std::vector<double> expected[] = {{.114916904, .041539035, .241927989, .092269416},
                                          {.423923445, .585625157, .371689890, .333562379}};
  for (const Index k : {1, 2}) {
    Tensor<T> mean({1, 4});
    mean.mat() = test::value_of<T>(probability(k, sigma), {logits<T>(), noise<T>()}).mat().colwise().mean();
    CHECK(test::worst_error(mean, expected[k - 1]) < tolerance);
  }
  CHECK(std::abs(number<T>(load(1, sigma, 3), {logits<T>(), noise<T>()}) - .362032791) < tolerance);
  CHECK(std::abs(number<T>(load(2, sigma, 3), {logits<T>(), noise<T>()}) - .050262352) < tolerance);
}

TEST_CASE_TEMPLATE("squared_variation: the spec's importance, whole and in two parts, and their mean with the load", T,
                   float, double) {
  const double tolerance = std::same_as<T, float> ? 1e-6 : 1e-9;
  const double whole = number<T>(importance(3), {logits<T>()});
  CHECK(std::abs(whole - .006415364) < tolerance);
  CHECK(std::abs((whole + number<T>(load(2, sigma, 3), {logits<T>(), noise<T>()})) / 2 - .028338858) < tolerance);
  CHECK(std::abs((whole + number<T>(load(1, sigma, 3), {logits<T>(), noise<T>()})) / 2 - .184224077) < tolerance);
  const double parts[] = {.004237098, .006665017}, loads[] = {.006202010, .040594010};
  double mean = 0;
  for (const Index m : {0, 1}) {
    const Tensor<T> of_member = columns(logits<T>(), 2 * m, 2), with = columns(noise<T>(), 2 * m, 2);
    const double i = number<T>(importance(3), {of_member}), l = number<T>(load(1, sigma, 3), {of_member, with});
    CHECK(std::abs(i - parts[m]) < tolerance);
    CHECK(std::abs(l - loads[m]) < tolerance);
    mean += (i + l) / 4;
  }
  CHECK(std::abs(mean - .014424534) < tolerance);
}

TEST_CASE_TEMPLATE("gshard_loss, squared_variation: the spec's four tokens", T, float, double) {
  const Tensor<T> g({4, 3},
                    {T(.50), T(.30), T(.20), T(.15), T(.60), T(.25), T(.45), T(.35), T(.20), T(.70), T(.20), T(.10)});
  CHECK(std::abs(number<T>(gshard(4), {g}) - 1.284375) < 4 * test::tolerance<T>);
  CHECK(std::abs(number<T>([](auto& x) { return squared_variation(group_sums(x[0], 4)); }, {g}) - .1071875) <
        test::tolerance<T>);
  const Tensor<T> total = test::value_of<T>(sums(4), {g});
  CHECK(test::worst_error(total, std::vector{1.8, 1.45, .75}) < test::tolerance<T>);
  CHECK(std::abs(static_cast<double>(total.array().sum()) - 4) < test::tolerance<T>);  // gates share out every row
}

TEST_CASE_TEMPLATE("router losses: random ones agree with plain loops, groups are averaged", T, float, double) {
  for (const Index experts : {1, 2, 7, 33})
    for (const Index k : {Index(1), experts}) {
      const Tensor<T> s = random_tensor<T>({18, experts}, Key(1)), e = random_tensor<T>({18, experts}, Key(2), 0.3);
      const reference::Matrix clean = reference::matrix(s);
      reference::Matrix noisy = reference::matrix(e);
      for (std::size_t i = 0; i < noisy.values.size(); ++i)
        noisy.values[i] = static_cast<double>(s[Index(i)] + e[Index(i)]);
      CHECK(std::abs(number<T>(importance(18), {s}) - reference::importance_loss(clean)) < 10 * test::tolerance<T>);
      CHECK(std::abs(number<T>(load(k, 0.3, 18), {s, e}) - reference::load_loss(clean, noisy, k, 0.3)) <
            10 * test::tolerance<T>);
      double mean = 0, z_mean = 0;
      for (Index group = 0; group < 3; ++group) {
        reference::Matrix part(6, experts);
        std::copy_n(clean.values.begin() + group * 6 * experts, 6 * experts, part.values.begin());
        mean += reference::importance_loss(part) / 3;
      }
      for (Index n = 0; n < 18; ++n) {
        double total = 0;
        for (Index c = 0; c < experts; ++c) total += std::exp(clean(n, c));
        z_mean += std::log(total) * std::log(total) / 18;
      }
      CHECK(std::abs(number<T>(importance(6), {s}) - mean) < 10 * test::tolerance<T>);
      CHECK(std::abs(number<T>(z, {s}) - z_mean) < 10 * test::tolerance<T>);
    }
}

TEST_CASE_TEMPLATE("softmax_sums, load_sums: values and gradients have the bits of sums of a softmax, of probabilities",
                   T, float, double) {
  for (const Index cols : test::hard_sizes)
    for (const Index size : {1, 6, 66}) {
      const std::vector<Tensor<T>> x{random_tensor<T>({66, cols}, Key(1)), random_tensor<T>({66, cols}, Key(2), 0.3)};
      const auto check = [&](auto fused, auto composed) {
        CHECK(same_bits(test::value_of<T>(fused, x), test::value_of<T>(composed, x)));
        CHECK(test::gradients_of<T>([=](auto& v) { return multiply(fused(v), fused(v)); }, x, Key(3)) ==
              test::gradients_of<T>([=](auto& v) { return multiply(composed(v), composed(v)); }, x, Key(3)));
      };
      const Index k = (cols + 1) / 2;
      check(gate_sums(size), [=](auto& v) { return group_sums(softmax(v[0]), size); });
      check(probability_sums(k, 0.3, size), [=](auto& v) { return group_sums(probability(k, 0.3)(v), size); });
    }
}

TEST_CASE("router losses: gradcheck of all, through noisy logits, the value of the threshold, and groups") {
  const Tensor<double> s = random_tensor<double>({6, 5}, Key(1)), e = random_tensor<double>({6, 5}, Key(2), 0.3);
  for (const Index size : {2, 3, 6}) {
    CHECK(gradcheck(sums(size), {s}, Key(3)).message == "");
    CHECK(gradcheck(importance(size), {s}, Key(3)).message == "");
    CHECK(gradcheck(gshard_of_softmax(size), {s}, Key(3)).message == "");
    for (const Index k : {1, 2, 5}) {
      CHECK(gradcheck(probability(k, 0.3), {s, e}, Key(3)).message == "");
      CHECK(gradcheck(load(k, 0.3, size), {s, e}, Key(3)).message == "");
    }
  }
  CHECK(gradcheck(variation, {random_tensor<double>({3, 4}, Key(4))}, Key(5)).message == "");
  CHECK(gradcheck(z, {s}, Key(5)).message == "");
}

TEST_CASE_TEMPLATE("squared_variation: at perfect balance it is 0 and so is its gradient", T, float, double) {
  for (const Index experts : {1, 2, 7}) {
    const Tensor<T> equal({2, experts}, T(0.7));
    CHECK(std::abs(number<T>(variation, {equal})) < 1e-12);
    for (const T g : test::gradients_of<T>(variation, {equal}, Key(1))) CHECK(std::abs(g) < T(1e-6));
  }
  CHECK(number<T>(variation, {Tensor<T>({1, 4})}) == 0);  // and of nothing at all
  CHECK(test::gradients_of<T>(variation, {Tensor<T>({1, 4})}, Key(1)) == std::vector<T>(4));
  for (const T g : test::gradients_of<T>(importance(6), {Tensor<T>({6, 4})}, Key(1))) CHECK(std::abs(g) < T(1e-6));
  CHECK(number<T>(importance(5), {random_tensor<T>({5, 1}, Key(2))}) == 0);  // one expert
}

TEST_CASE_TEMPLATE("router losses: a batch twice, and experts in another order, have the same losses", T, float,
                   double) {
  const Tensor<T> s = random_tensor<T>({6, 5}, Key(1)), e = random_tensor<T>({6, 5}, Key(2), 0.3);
  const auto near = [](double a, double b) {
    return std::abs(a - b) < 20 * test::tolerance<T>;
  };
  const Tensor<T> s2 = rows_twice(s), e2 = rows_twice(e);
  CHECK(near(number<T>(importance(6), {s}), number<T>(importance(12), {s2})));
  CHECK(near(number<T>(load(2, 0.2, 6), {s, e}), number<T>(load(2, 0.2, 12), {s2, e2})));
  CHECK(near(number<T>(importance(6), {s}), number<T>(importance(6), {s2})));  // and as two groups
  const Index order[] = {3, 0, 4, 1, 2};
  Tensor<T> sp({6, 5}), ep({6, 5});
  for (Index c = 0; c < 5; ++c) sp.mat().col(c) = s.mat().col(order[c]), ep.mat().col(c) = e.mat().col(order[c]);
  CHECK(near(number<T>(importance(6), {s}), number<T>(importance(6), {sp})));
  CHECK(near(number<T>(load(2, 0.2, 6), {s, e}), number<T>(load(2, 0.2, 6), {sp, ep})));
}

TEST_CASE_TEMPLATE("load_sums: equal logits under one row of noise load all experts alike", T, float, double) {
  const Tensor<T> s({4, 3}, T(0.4)), row = random_tensor<T>({1, 3}, Key(1));
  Tensor<T> e({4, 3});
  e.mat() = row.mat().replicate(4, 1);
  CHECK(std::abs(number<T>(load(2, 0.5, 4), {s, e})) < 1e-12);
}

TEST_CASE_TEMPLATE("z_loss: its gradient is 2 ln sum exp z softmax(z) / rows, however large the logits", T, float,
                   double) {
  for (const T size : {T(0), T(1e4), T(-1e6), T(1e8)}) {
    const Tensor<T> s({1, 2}, {size, size});
    const double log_sum = static_cast<double>(size) + std::log(2.0);
    CHECK(test::value_of<T>(z, {s})[0] == doctest::Approx(log_sum * log_sum).epsilon(1e-6));
    const Parameter<T> x(s);
    Tape<T> tape;
    std::vector<Var<T>> leaf{tape.use(x)};
    tape.backward(z(leaf));
    for (const T slope : tape.gradient(x)) CHECK(slope == doctest::Approx(log_sum).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("router losses: refuse what does not divide, no rows, no noise", T, float, double) {
  const Tensor<T> s({4, 3});
  CHECK_THROWS_WITH_AS(test::value_of<T>(sums(3), {s}),
                       "group_sums: x is (4, 3); its rows, at least 1, need to divide into groups of 3", ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(sums(1), {Tensor<T>({0, 3})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(gshard(0), {s}), ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(z, {Tensor<T>({0, 3})}),
                       "z_loss: logits are (0, 3); they need a row and a column", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(variation, {Tensor<T>({3, 0})}),
                       "squared_variation: v is (3, 0); it needs a row and a column", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(gate_sums(3), {s}),
                       "softmax_sums: x is (4, 3); its rows, at least 1, need to divide into groups of 3", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(probability_sums(1, 1, 3), {s, s}),
                       "load_sums: x is (4, 3); its rows, at least 1, need to divide into groups of 3", ShapeError);
  CHECK_THROWS_WITH_AS(test::value_of<T>(probability_sums(1, 0, 4), {s, s}),
                       "load_sums: sigma is 0; it must be positive", ConfigError);
  const double tiny = static_cast<double>(std::numeric_limits<T>::denorm_min());
  CHECK_THROWS_WITH_AS(test::value_of<T>(probability_sums(1, tiny, 4), {s, s}),
                       message("load_sums: sigma is ", tiny, "; 1 / sigma must be finite").c_str(), ConfigError);
  const std::int32_t first[] = {0, 0, 0, 0};
  CHECK_THROWS_WITH_AS(
      test::value_of<T>([&](auto& x) { return load_sums(x[0], x[1], first, 1, 1.0, 4); }, {s, Tensor<T>({3, 3})}),
      "load_sums: logits are (4, 3) but noisy ones are (3, 3); they must be equal", ShapeError);
}
