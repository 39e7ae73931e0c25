// SPDX-License-Identifier: MIT
#include "wsym/autodiff/gradcheck.hpp"

#include "support.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
using D = Var<double>;

/// x^3, with a pullback spoilt by `spoil(gradient)`, a row-major span.
template <class F> auto cube(F spoil) {
  return [=](auto& inputs) {
    const D x = inputs[0];
    D y = x.tape().result(x.shape(), x);
    y.out() = x.value().array().cube().matrix();
    y.pull([=] {
      x.add_with([&](MatMap<double> g, bool) {
        g = 3 * x.value().cwiseAbs2().cwiseProduct(y.grad());
        spoil(std::span<double>(g.data(), static_cast<std::size_t>(g.size())));
      });
    });
    return y;
  };
}
const auto right = [](std::span<double>) {
};

Tensor<double> hundred() {
  return random_tensor<double>({10, 10}, Key(1));
}

struct Quadratic {
  Parameter<double> scale{Tensor<double>(Shape{2}, {3, 4}), Frozen<double>{{0}, {3}}};
  Tensor<double> buffer{Shape{2}, {1, 2}};
  static void visit(auto& self, auto&& v) {
    v("scale", self.scale);
    v("buffer", self.buffer);
  }
};
}  // namespace

TEST_CASE("gradcheck: a right pullback passes in every entry") {
  const GradcheckReport report = gradcheck(cube(right), {hundred()}, Key(2));
  CHECK_MESSAGE(report, report.message);
  CHECK(report.entries == 100);
  CHECK(report.worst < 1e-8);
  CHECK(report.worst > 0);
}

TEST_CASE("gradcheck: a wrong factor fails") {
  CHECK(!gradcheck(cube([](std::span<double> g) {
                     for (double& entry : g) entry *= 1.0001;
                   }),
                   {hundred()}, Key(2)));
}

TEST_CASE("gradcheck: one wrong entry in a hundred fails, and is named with both numbers") {
  const GradcheckReport report = gradcheck(cube([](std::span<double> g) { g[37] = 1000; }), {hundred()}, Key(2));
  CHECK(!report);
  CHECK(report.worst > 0.9);
  CHECK(report.message.starts_with("gradcheck: 0[37]: backward says 1000 but central differences say "));
  const double x = hundred()[37], expected = 3 * x * x * Key(2).normal(37);
  CHECK(std::stod(report.message.substr(report.message.rfind(' '))) == doctest::Approx(expected).epsilon(1e-4));
}

TEST_CASE("gradcheck: the first wrong entry is named") {
  const GradcheckReport report =
      gradcheck(cube([](std::span<double> g) { g[90] = g[20] = 1000; }), {hundred()}, Key(2));
  CHECK(report.message.starts_with("gradcheck: 0[20]: "));
}

TEST_CASE("gradcheck: two entries in each other's place fail, though their sum is right") {
  CHECK(!gradcheck(cube([](std::span<double> g) { std::swap(g[3], g[4]); }), {hundred()}, Key(2)));
}

TEST_CASE("gradcheck: NaN, infinity and a forgotten contribution fail") {
  for (const double bad : {std::nan(""), HUGE_VAL}) {
    const GradcheckReport report = gradcheck(cube([=](std::span<double> g) { g[5] = bad; }), {hundred()}, Key(2));
    CHECK(!report);
    CHECK(report.worst == INFINITY);
  }
  const auto forgets = [](auto& x) {
    D y = x[0].tape().result(x[0].shape(), x[0], x[1]);
    y.out() = x[0].value().cwiseProduct(x[1].value());
    y.pull([a = x[0], b = x[1], y] { a.add(y.grad().cwiseProduct(b.value())); });
    return y;
  };
  const GradcheckReport report = gradcheck(forgets, {hundred(), hundred()}, Key(2));
  CHECK(report.message.starts_with("gradcheck: 1[0]: backward says 0 but "));
  CHECK(report.entries == 200);
}

TEST_CASE("gradcheck: tells a right gradient of a softmax from zeros, which a summed output could not") {
  const auto softmax = [](bool zero) {
    return [=](auto& inputs) {
      const D x = inputs[0];
      D y = x.tape().result(x.shape(), x);
      y.out() = (x.value().array() - x.value().maxCoeff()).exp().matrix();
      y.out() /= y.out().sum();
      y.pull([=] {
        const double along = y.value().cwiseProduct(y.grad()).sum();
        const double factor = zero ? 0 : 1;
        x.add((factor * y.value().array() * (y.grad().array() - along)).matrix());
      });
      return y;
    };
  };
  const std::vector<Tensor<double>> input{random_tensor<double>({1, 7}, Key(3))};
  CHECK(gradcheck(softmax(false), input, Key(4)));
  CHECK(!gradcheck(softmax(true), input, Key(4)));
}

TEST_CASE("gradcheck: step and tolerance are the caller's") {
  const auto slightly = cube([](std::span<double> g) { g[0] += 1e-4; });
  CHECK(!gradcheck(slightly, {hundred()}, Key(2)));
  CHECK(gradcheck(slightly, {hundred()}, Key(2), {.tolerance = 1e-3}));
  CHECK(!gradcheck(cube(right), {hundred()}, Key(2), {.step = 0.1}));
}

TEST_CASE("gradcheck_model: names the parameter, leaves the model as it was, and wants 0 at frozen entries") {
  Quadratic model;
  const auto f = [](Tape<double>& tape, const Quadratic& m) {
    const D s = tape.use(m.scale), b = tape.constant(m.buffer);
    D y = tape.result(s.shape(), s, b);
    y.out() = s.value().cwiseAbs2().cwiseProduct(b.value());
    y.pull([=] { s.add(2 * s.value().cwiseProduct(b.value()).cwiseProduct(y.grad())); });
    return y;
  };
  const GradcheckReport report = gradcheck_model(model, f, Key(5));
  CHECK_MESSAGE(report, report.message);
  CHECK(report.entries == 2);
  CHECK(same_bits(model.scale.value(), Quadratic().scale.value()));

  const auto wrong = [](Tape<double>& tape, const Quadratic& m) {
    const D s = tape.use(m.scale);
    D y = tape.result(s.shape(), s);
    y.out() = s.value();
    y.pull([=] { s.add(2 * y.grad()); });
    return y;
  };
  CHECK(gradcheck_model(model, wrong, Key(5)).message.starts_with("gradcheck: scale[1]: "));
}
