// SPDX-License-Identifier: MIT
// An op of one's own: its value, and right under it how a gradient goes back. gradcheck finds a pullback that is wrong.
// A layer of one's own is a struct with a forward and a visit; everything else follows from that.
#include <cstdio>
#include <wsym/wsym.hpp>

using namespace wsym;

/// y = exp(-x^2), entry by entry: x (...) -> (...). `factor` is that of the derivative, y' = factor x y; -2 is right.
template <Real T> Var<T> bump(Var<T> x, T factor = -2) {
  Var<T> y = x.tape().result(x.shape(), x);
  y.out() = (-x.value().array().square()).exp().matrix();
  y.pull([=] { x.add(factor * x.value().cwiseProduct(y.value()).cwiseProduct(y.grad())); });
  return y;
}

/// A network of bumps: y = bump(x w1 + b1) w2 + b2.
template <Real T> struct BumpNetwork {
  Linear<T> in, out;

  BumpNetwork(Index features, Index hidden, Index outputs, const Key& init)
      : in(features, hidden, init.child("in")), out(hidden, outputs, init.child("out")) {}

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return out(bump(in(x, pass)), pass); }

  static constexpr const char* type_name = "bump_network";  // what a file of it says
  static void visit(auto& self, auto&& v) {
    v("in", self.in);
    v("out", self.out);
  }
};

int main() {
  Tensor<double> x({3, 4});
  for (Index i = 0; i < x.size(); ++i) x[i] = Key(1).normal(i);
  const auto check = [&](double factor) {
    return gradcheck([&](auto& v) { return bump(v[0], factor); }, {x}, Key(2));
  };
  std::printf("right: %s\n", check(-2) ? "every entry agrees with central differences" : "wrong?");
  std::printf("wrong: %s\n", check(2).message.c_str());

  Dataset<float> data{Tensor<float>({200, 1}), Tensor<float>({200, 1})};  // y = sin(3 x) on [-2, 2]
  for (Index i = 0; i < 200; ++i) {
    data.x[i] = static_cast<float>(4 * Key(3).uniform(i) - 2);
    data.y[i] = std::sin(3 * data.x[i]);
  }
  BumpNetwork<float> model(1, 32, 1, Key(4));
  const FitReport report =
      fit(model, AdamW<float>({.rate = 0.01}), data, data, {.epochs = 300, .batch_size = 20}, Key(5));
  std::printf("a network of bumps: %td numbers, mean squared error %.5f after %td epochs\n", count(model).parameters,
              report.best_loss, report.best_epoch);
}
