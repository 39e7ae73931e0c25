// SPDX-License-Identifier: MIT
#include "wsym/autodiff/tape.hpp"

#include "support.hpp"
#include "wsym/ops/concat.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/experts/grouped.hpp"
#include "wsym/ops/experts/interpolated_linear.hpp"
#include "wsym/ops/linear.hpp"
#include "wsym/ops/loss.hpp"
#include "wsym/ops/slice_rows.hpp"
#include "wsym/ops/soft_cross_entropy.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
template <Real T> std::vector<T> gradient_of(Tape<T>& tape, const Parameter<T>& parameter) {
  const std::span<T> gradient = tape.gradient(parameter);
  return {gradient.begin(), gradient.end()};
}

/// Two layers and a loss: in 5, hidden 17, classes 3.
template <Real T> struct Net {
  Parameter<T> w1{random_tensor<T>({17, 5}, Key(1))}, b1{random_tensor<T>({17}, Key(2))},
      w2{random_tensor<T>({3, 17}, Key(3))}, b2{random_tensor<T>({3}, Key(4))};

  Var<T> loss(Tape<T>& tape, const Tensor<T>& x, std::span<const std::int32_t> labels) const {
    const Var<T> h = linear_gelu(tape.constant(x), tape.use(w1), tape.use(b1));
    return cross_entropy(linear(h, tape.use(w2), tape.use(b2)), labels);
  }
};
}  // namespace

TEST_CASE_TEMPLATE("Tape: a parameter used twice is one leaf, and its uses add up", T, float, double) {
  const Parameter<T> p(Tensor<T>(Shape{2}, {3, 5}));
  Tape<T> tape;
  const Var<T> a = tape.use(p), b = tape.use(p);
  CHECK(a.data() == p.value().data());
  tape.backward(sum(add(multiply(a, b), scale(tape.use(p), T(10)))));  // p^2 + 10 p
  CHECK(gradient_of(tape, p) == std::vector<T>{16, 20});
}

TEST_CASE_TEMPLATE("Tape: an intermediate result used by many gathers all their gradients", T, float, double) {
  const Parameter<T> p(Tensor<T>(Shape{1}, {3}));
  Tape<T> tape;
  Var<T> y = scale(tape.use(p), T(2));
  for (int i = 0; i < 10; ++i) y = add(y, y);
  tape.backward(y);
  CHECK(y.item() == 6 * 1024);
  CHECK(gradient_of(tape, p) == std::vector<T>{2 * 1024});
}

TEST_CASE_TEMPLATE("Tape: what the loss does not depend on has no gradient", T, float, double) {
  const Parameter<T> used(Tensor<T>(Shape{1}, {3})), unused(Tensor<T>(Shape{1})), unseen(Tensor<T>(Shape{1}));
  Tape<T> tape;
  const Var<T> aside = scale(tape.use(unused), T(2));
  tape.backward(scale(tape.use(used), T(4)));
  CHECK(gradient_of(tape, used) == std::vector<T>{4});
  CHECK(tape.gradient(unused).empty());
  CHECK(tape.gradient(unseen).empty());
  CHECK(aside.takes_gradient());
}

TEST_CASE_TEMPLATE("Tape: constants take no gradient, nor does what is made of them", T, float, double) {
  const Tensor<T> x(Shape{2}, {1, 2});
  const Parameter<T> p(x);
  Tape<T> tape;
  CHECK(!tape.constant(x).takes_gradient());
  CHECK(!add(tape.constant(x), tape.constant(x)).takes_gradient());
  CHECK(add(tape.constant(x), tape.use(p)).takes_gradient());
  tape.backward(sum(tape.constant(x)));
  CHECK(tape.gradient(p).empty());
}

TEST_CASE_TEMPLATE("Tape: backward with a cotangent weighs the entries", T, float, double) {
  const Parameter<T> p(Tensor<T>(Shape{3}, {1, 2, 3}));
  const std::vector<T> cotangent{1, 0, -2};
  Tape<T> tape;
  tape.backward(multiply(tape.use(p), tape.use(p)), cotangent);
  CHECK(gradient_of(tape, p) == std::vector<T>{2, 0, -12});
  tape.clear();
  tape.backward(tape.use(p), cotangent);
  CHECK(gradient_of(tape, p) == cotangent);
}

TEST_CASE_TEMPLATE("Tape: the gradient of a frozen entry is exactly 0, also where it would be infinite", T, float,
                   double) {
  const T inf = std::numeric_limits<T>::infinity();
  const Parameter<T> p(Tensor<T>(Shape{4}, T(1)), Frozen<T>{{1, 3}, {T(5), T(6)}});
  const Tensor<T> x(Shape{4}, {2, inf, 3, -inf});
  Tape<T> tape;
  tape.backward(sum(multiply(tape.use(p), tape.constant(x))));
  const std::span<T> gradient = tape.gradient(p);
  CHECK(same_bits(Tensor<T>(Shape{4}, gradient), Tensor<T>(Shape{4}, {2, 0, 3, 0})));
}

TEST_CASE_TEMPLATE("Tape: a gradient may be rewritten, as clipping does", T, float, double) {
  const Parameter<T> p(Tensor<T>(Shape{1}, {3}));
  Tape<T> tape;
  tape.backward(scale(tape.use(p), T(4)));
  tape.gradient(p)[0] = 1;
  CHECK(gradient_of(tape, p) == std::vector<T>{1});
}

TEST_CASE_TEMPLATE("Tape: one that does not differentiate gives the same values and takes no gradient", T, float,
                   double) {
  const Net<T> net;
  const Tensor<T> x = random_tensor<T>({7, 5}, Key(5));
  const std::vector<std::int32_t> labels{0, 1, 2, 0, 1, 2, 0};
  Tape<T> with, without(false);
  const Var<T> loss = net.loss(without, x, labels);
  CHECK(loss.item() == net.loss(with, x, labels).item());
  CHECK(!loss.takes_gradient());
  CHECK(with.differentiates());
  CHECK(!without.differentiates());
}

TEST_CASE_TEMPLATE("Tape: refuses to walk back twice, from many elements, or over another's recording", T, float,
                   double) {
  const Parameter<T> p(Tensor<T>(Shape{2, 1}, {3, 4}));
  const std::string once = "backward: runs once per recording, on the tape that recorded; clear() first";
  Tape<T> tape, other, blind(false);
  const Var<T> y = tape.use(p), loss = sum(y);
  CHECK_THROWS_WITH_AS(tape.backward(y),
                       "backward: the loss has shape (2, 1); it needs one element, or call backward(y, cotangent)",
                       ShapeError);
  const std::vector<T> cotangent(3);
  CHECK_THROWS_WITH_AS(tape.backward(y, cotangent),
                       "backward: 3 cotangents for shape (2, 1); one per element is needed", ShapeError);
  CHECK_THROWS_WITH_AS(other.backward(loss), once.c_str(), Error);
  tape.backward(loss);
  CHECK_THROWS_WITH_AS(tape.backward(loss), once.c_str(), Error);
  tape.clear();
  tape.backward(sum(tape.use(p)));
  CHECK(gradient_of(tape, p) == std::vector<T>{1, 1});
  CHECK_THROWS_WITH_AS(blind.backward(sum(blind.use(p))), "backward: this tape records values alone", Error);
}

TEST_CASE_TEMPLATE("Tape: a step of the same shapes, or of a smaller batch, allocates nothing", T, float, double) {
  const Net<T> net;
  const Tensor<T> x = random_tensor<T>({64, 5}, Key(5)), fewer = random_tensor<T>({9, 5}, Key(6));
  std::vector<std::int32_t> labels(64);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 3);
  const std::vector<T> weights(64, T(0.5));
  Tape<T> tape;
  const auto step = [&](const Tensor<T>& batch) {
    const auto rows = static_cast<std::size_t>(batch.rows());
    tape.clear();
    const Var<T> loss = net.loss(tape, batch, std::span(labels).first(rows));
    const Var<T> penalty = mse(tape.use(net.w1), tape.use(net.w1), std::span(weights).first(17));
    tape.backward(add(loss, add(sum(multiply(tape.use(net.w2), tape.use(net.w2))), penalty)));
  };
  step(x);
  const Index before = test::allocations();
  step(x);
  step(fewer);
  step(x);
  CHECK(test::allocations() == before);
}

TEST_CASE_TEMPLATE("Tape: a step after clear gives the same bits as on a new tape", T, float, double) {
  const Net<T> net;
  const std::vector<std::int32_t> labels{0, 1, 2};
  const Tensor<T> first = random_tensor<T>({3, 5}, Key(5)), second = random_tensor<T>({3, 5}, Key(6));
  Tape<T> used, fresh;
  used.backward(net.loss(used, first, labels));
  const std::vector<T> gradient = gradient_of(used, net.w1);
  used.clear();
  CHECK(used.gradient(net.w1).empty());
  CHECK(used.work() == 0);
  used.backward(net.loss(used, second, labels));
  fresh.backward(net.loss(fresh, second, labels));
  CHECK(gradient_of(used, net.w1) == gradient_of(fresh, net.w1));
  CHECK(gradient_of(used, net.w1) != gradient);
}

TEST_CASE_TEMPLATE("Tape: work is 2 m n k of every product that ran", T, float, double) {
  const Net<T> net;
  const Index rows = 7, first = 2 * rows * 5 * 17, second = 2 * rows * 17 * 3;
  const Tensor<T> x = random_tensor<T>({rows, 5}, Key(5));
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  Tape<T> tape;
  const Var<T> loss = net.loss(tape, x, labels);
  CHECK(tape.work() == first + second);
  tape.backward(loss);  // both weights and the second layer's input; the first layer's input is a constant
  CHECK(tape.work() == 2 * first + 3 * second);

  const Parameter<T> learned(x);
  tape.clear();
  tape.backward(sum(linear(tape.use(learned), tape.use(net.w1), tape.use(net.b1))));
  CHECK(tape.work() == 3 * first);
  tape.count(100);
  CHECK(tape.work() == 3 * first + 100);

  Tape<T> blind(false);
  net.loss(blind, x, labels);
  CHECK(blind.work() == first + second);
}

TEST_CASE_TEMPLATE("Tape: finds each of hundreds of parameters, and without the heap the second time", T, float,
                   double) {
  std::vector<Parameter<T>> parameters;
  for (int i = 0; i < 500; ++i) parameters.emplace_back(Tensor<T>(Shape{1}, static_cast<T>(i)));
  Tape<T> tape;
  const auto step = [&] {
    tape.clear();
    Var<T> total = tape.use(parameters[0]);
    for (const Parameter<T>& p : parameters) total = add(total, multiply(tape.use(p), tape.use(p)));
    tape.backward(total);
  };
  step();
  const Index before = test::allocations();
  step();
  CHECK(test::allocations() == before);
  CHECK(gradient_of(tape, parameters[0]) == std::vector<T>{1});
  for (std::size_t i = 1; i < parameters.size(); ++i)
    REQUIRE(gradient_of(tape, parameters[i]) == std::vector<T>{static_cast<T>(2 * i)});
}

TEST_CASE_TEMPLATE("Tape: a product split over threads has the same bits and counts the same work", T, float, double) {
  const Parameter<T> w(random_tensor<T>({160, 130}, Key(1))), b(random_tensor<T>({160}, Key(2)));
  const Tensor<T> x = random_tensor<T>({701, 130}, Key(3));
  const auto run = [&](Tape<T>& tape) {
    const Var<T> y = linear_gelu(tape.constant(x), tape.use(w), tape.use(b));
    tape.backward(sum(y));
    return Tensor<T>(y.shape(), {y.data(), static_cast<std::size_t>(y.size())});
  };
  Tape<T> one, three(true, {.threads = 3, .executor = Executor::std_threads});
  CHECK(same_bits(run(one), run(three)));
  CHECK(gradient_of(one, w) == gradient_of(three, w));
  CHECK(gradient_of(one, b) == gradient_of(three, b));
  CHECK(one.work() == three.work());
  CHECK(one.work() >= 3 * (Index{1} << 23));  // enough for the product to be split
}

TEST_CASE_TEMPLATE("Tape: an op on values of two tapes is refused, whichever input is the other's", T, float, double) {
  const Tensor<T> x(Shape{2, 2}), bias(Shape{2}), target(Shape{2, 2}, T(0.5));
  Tape<T> tape, other;
  const Var<T> here = tape.constant(x), there = other.constant(x);
  const auto refused = [](auto&& op) {
    CHECK_THROWS_WITH_AS(op(), "Tape: an op has inputs of two tapes; all must be of one", Error);
  };
  refused([&] { add(here, there); });
  refused([&] { add(there, here); });
  refused([&] { multiply(here, there); });
  refused([&] { linear(here, there, tape.constant(bias)); });
  refused([&] { linear(here, here, other.constant(bias)); });
  refused([&] { linear_gelu(there, here, other.constant(bias)); });
  refused([&] { mse(here, other.constant(target)); });
  refused([&] { soft_cross_entropy(here, other.constant(target)); });
  refused([&] { concat<T>(std::vector<Var<T>>{here, there}); });
  refused([&] { stack_rows<T>(std::vector<Var<T>>{here, there}, 4); });
  const std::vector<Var<T>> weights{here, here}, biases{tape.constant(bias), tape.constant(bias)}, mixed{here, there},
      foreign{tape.constant(bias), other.constant(bias)};
  const auto grouped = [&](const std::vector<Var<T>>& w, const std::vector<Var<T>>& b) {
    const ExpertLayer<T> layer{w, b};
    return grouped_mlp(here, std::span<const ExpertLayer<T>>(&layer, 1));
  };
  CHECK(grouped(weights, biases).cols() == 4);
  refused([&] { grouped(mixed, biases); });
  refused([&] { grouped(weights, foreign); });
  refused([&] { interpolated_linear(here, here, ExpertLayer<T>{mixed, biases}); });
  refused([&] { interpolated_linear(there, here, ExpertLayer<T>{weights, biases}); });
  CHECK(add(here, here).size() == 4);
}

TEST_CASE_TEMPLATE("Tape: a parameter that gets another tensor while it is recorded is refused", T, float, double) {
  Parameter<T> p(Tensor<T>(Shape{2}, {1, 2}));
  const std::string words =
      "Tape: a parameter has another tensor than when it was used first; clear() comes before that";
  Tape<T> tape;
  sum(tape.use(p));
  const Parameter<T> before = p;
  p = Parameter<T>(Tensor<T>(Shape{3}));
  CHECK_THROWS_WITH_AS(tape.use(p), words.c_str(), Error);
  tape.clear();
  CHECK(tape.use(p).size() == 3);
  tape.clear();
  p = before;
  tape.backward(sum(tape.use(p)));
  p = Parameter<T>(Tensor<T>(Shape{3}));
  CHECK_THROWS_WITH_AS(tape.gradient(p), words.c_str(), Error);
}

TEST_CASE_TEMPLATE("Tape: a list of inputs takes a gradient if any of them does", T, float, double) {
  const Tensor<T> x(Shape{1});
  const Parameter<T> p(x);
  Tape<T> tape, blind(false);
  const std::vector<Var<T>> list{tape.constant(x), tape.use(p)};
  CHECK(tape.result(Shape{2}, std::span<const Var<T>>(list)).takes_gradient());
  CHECK(!tape.result(Shape{2}, std::span<const Var<T>>(list).first(1)).takes_gradient());
  CHECK(tape.result_if(true, Shape{2}).takes_gradient());
  CHECK(!tape.result_if(false, Shape{2}).takes_gradient());
  CHECK(!blind.result_if(true, Shape{2}).takes_gradient());
}

TEST_CASE_TEMPLATE("Tape: used counts values and gradients, and nothing after clear", T, float, double) {
  const Parameter<T> p(Tensor<T>(Shape{1000}, T(1)));
  Tape<T> tape;
  const std::size_t before = tape.used();
  const Var<T> y = scale(tape.use(p), T(2));
  CHECK(tape.used() - before >= 1000 * sizeof(T));
  const std::size_t forward = tape.used();
  tape.backward(sum(y));
  CHECK(tape.used() - forward >= 2 * 1000 * sizeof(T));  // of p and of y
  tape.clear();
  CHECK(tape.used() == 0);
}
