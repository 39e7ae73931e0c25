// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>

#include "support.hpp"
#include "wsym/core/visit.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/optim/options.hpp"

/// Gradients by hand, for the tests of optimisers.
namespace wsym::test {

/// Two parameters, the first of rank 2.
template <Real T> struct Pair {
  Parameter<T> weight, bias;
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
  }
};

template <Real T> Pair<T> random_pair(Index size, const Key& key) {
  return {Parameter<T>(random_tensor<T>({1, size}, key.child("weight"))),
          Parameter<T>(random_tensor<T>({size}, key.child("bias")))};
}

/// Leaves exactly these gradients on the tape (0 at frozen entries): those of <weight, w> + <bias, b>.
template <Real T> void set_gradients(Tape<T>& tape, const Pair<T>& model, const Tensor<T>& w, const Tensor<T>& b) {
  tape.clear();
  tape.backward(add(sum(multiply(tape.use(model.weight), tape.constant(w))),
                    sum(multiply(tape.use(model.bias), tape.constant(b)))));
}

/// The same for a model that is a list of one parameter.
template <Real T>
void set_gradient(Tape<T>& tape, const std::vector<Parameter<T>>& model, const std::vector<T>& gradient) {
  tape.clear();
  tape.backward(tape.use(model[0]), gradient);
}

/// True when the tensors of an optimiser's state are 0 at every one of the positions.
template <Real T, class Optimizer>
bool state_is_zero_at(const Optimizer& optimizer, const std::string& prefix, const std::vector<Index>& positions) {
  bool zero = true, met = false;
  for_each_member(optimizer, [&](const std::string& name, const auto& member) {
    if (!name.starts_with(prefix)) return;
    met = true;
    for (const Index i : positions) zero = zero && member[i] == 0;
  });
  return zero && met;
}

/// Optimizer: AdamW or Sgd. A factor of 2 for the bias moves it as twice the rate would, and the weight as before.
template <class Optimizer, Real T> void check_factor() {
  const auto run = [](double rate, ParameterFactor factor) {
    Pair<T> model = random_pair<T>(5, Key(1));
    Optimizer optimizer({.rate = rate, .decay = 0.125, .factor = std::move(factor)});
    Tape<T> tape;
    for (std::uint64_t t = 0; t < 3; ++t) {
      set_gradients(tape, model, random_tensor<T>({1, 5}, Key(2).child(t)), random_tensor<T>({5}, Key(3).child(t)));
      optimizer.step(model, tape);
    }
    return model;
  };
  const Pair<T> plain = run(0.25, {}), fast = run(0.5, {}),
                mixed = run(0.25, [](const std::string&name, const Shape&) { return name == "bias" ? 2.0 : 1.0; });
  CHECK(same_bits(mixed.weight.value(), plain.weight.value()));
  CHECK(same_bits(mixed.bias.value(), fast.bias.value()));
  CHECK_FALSE(same_bits(mixed.bias.value(), plain.bias.value()));
}

}  // namespace wsym::test
