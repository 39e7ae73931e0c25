// SPDX-License-Identifier: MIT
#include "wsym/autodiff/var.hpp"

#include "support.hpp"
#include "wsym/autodiff/gradcheck.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// The example of Var's documentation.
template <Real T> Var<T> square(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  y.out() = x.value().cwiseAbs2();
  y.pull([=] { x.add(T(2) * x.value().cwiseProduct(y.grad())); });
  return y;
}
}  // namespace

TEST_CASE("Var: is 8 bytes, copied freely") {
  static_assert(sizeof(Var<float>) == 8 && std::is_trivially_copyable_v<Var<float>>);
  static_assert(std::is_trivially_destructible_v<Var<double>>);
}

TEST_CASE("Var: the op of its documentation is right") {
  const GradcheckReport report =
      gradcheck([](auto& x) { return square(x[0]); }, {random_tensor<double>({3, 5}, Key(1))}, Key(2));
  CHECK_MESSAGE(report, report.message);
  CHECK(report.entries == 15);
}

TEST_CASE_TEMPLATE("Var: shows the shape and the elements of what it stands for", T, float, double) {
  const Tensor<T> x(Shape{2, 1, 3}, {1, 2, 3, 4, 5, 6});
  Tape<T> tape;
  const Var<T> leaf = tape.constant(x);
  CHECK(leaf.shape() == Shape{2, 1, 3});
  CHECK(leaf.size() == 6);
  CHECK(leaf.rows() == 2);
  CHECK(leaf.cols() == 3);
  CHECK(leaf.data() == x.data());
  CHECK(leaf.value()(1, 0) == 4);
  CHECK(leaf.view()(1, 2) == 6);
  CHECK(&leaf.tape() == &tape);
  const Var<T> y = square(leaf);
  CHECK(y.shape() == leaf.shape());
  CHECK(y.value()(1, 2) == 36);
  CHECK(y.out_view()(1, 1) == 25);
}

TEST_CASE_TEMPLATE("Var: item is the value of one element, and refuses more", T, float, double) {
  const Tensor<T> one(Shape{1, 1}, {7}), scalar(Shape{}, {8}), two(Shape{2});
  Tape<T> tape;
  CHECK(tape.constant(one).item() == 7);
  CHECK(tape.constant(scalar).item() == 8);
  CHECK_THROWS_WITH_AS(tape.constant(two).item(), "item: shape is (2); it needs one element", ShapeError);
}

TEST_CASE_TEMPLATE("Var: on a constant no contribution is evaluated", T, float, double) {
  const Tensor<T> x(Shape{3}, T(2));
  const Parameter<T> p(x);
  Tape<T> tape;
  const Var<T> constant = tape.constant(x), learns = tape.use(p);
  Index evaluated = 0;
  const auto contribute = [&](Var<T> to) {
    to.add(MatMap<T>::PlainObject::NullaryExpr(1, 3, [&](Index) { return ++evaluated, T(1); }));
    to.add_with([&](MatMap<T> g, bool) { g.setConstant(T(static_cast<float>(++evaluated))); });
    to.add_product(to.view().block(0, 0, 1, 1), to.view());
  };
  contribute(constant);
  CHECK(evaluated == 0);
  CHECK(tape.work() == 0);
  contribute(square(constant));
  CHECK(evaluated == 0);
  contribute(learns);
  CHECK(evaluated == 4);
  CHECK(tape.work() == 6);
}

TEST_CASE_TEMPLATE("Var: the first contribution is assigned, the next ones are added", T, float, double) {
  const Parameter<T> p(Tensor<T>(Shape{2}, {2, 3}));
  Tape<T> tape;
  const Var<T> x = tape.use(p);
  const Tensor<T> ones(Shape{1, 1}, T(10));
  std::vector<bool> accumulates;
  Var<T> y = tape.result(Shape{1}, x);
  y.pull([=, &accumulates, ten = kernels::View<const T>{ones.data(), 1, 1, 1}] {
    x.add_with([&](MatMap<T> g, bool accumulate) {
      accumulates.push_back(accumulate);
      g << 1, 2;
    });
    x.add(x.value());
    x.add_product(ten, x.view());
    x.add_with([&](MatMap<T>, bool accumulate) { accumulates.push_back(accumulate); });
  });
  tape.backward(y);
  CHECK(accumulates == std::vector<bool>{false, true});
  CHECK(tape.gradient(p)[0] == 1 + 2 + 20);
  CHECK(tape.gradient(p)[1] == 2 + 3 + 30);
}
