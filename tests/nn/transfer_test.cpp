// SPDX-License-Identifier: MIT
#include "wsym/nn/transfer.hpp"

#include "nn/networks.hpp"
#include "wsym/nn/experts/gate.hpp"

using namespace wsym;

namespace {
bool not_head(const std::string& name) {
  return !name.starts_with("layers.2");
}
}  // namespace

TEST_CASE_TEMPLATE("transfer: everything but the head, bit for bit, frozen entries too", T, float, double) {
  const Mlp<T> from = test::w_asymmetric<T>({4, 8, 3, 2});
  const Mlp<T> fresh({4, 8, 7, 2}, Key(5));
  Mlp<T> to = fresh;
  CHECK(transfer(from, to, not_head) == 4);
  for (std::size_t l = 0; l < 2; ++l) {
    CHECK(same_bits(to.layers[l].weight.value(), from.layers[l].weight.value()));
    CHECK(to.layers[l].weight.frozen() == from.layers[l].weight.frozen());
    CHECK(same_bits(to.layers[l].bias.value(), from.layers[l].bias.value()));
  }
  CHECK(same_bits(to.layers[2].weight.value(), fresh.layers[2].weight.value()));
  CHECK(same_bits(to.layers[2].bias.value(), fresh.layers[2].bias.value()));
}

TEST_CASE_TEMPLATE("transfer: all makes a copy, none changes nothing", T, float, double) {
  const Mlp<T> from({4, 8, 3, 2}, Key(1)), fresh({4, 8, 3, 2}, Key(2));
  Mlp<T> to = fresh;
  CHECK(transfer(from, to, [](const std::string&) { return false; }) == 0);
  CHECK(test::same_parameters(to, fresh));
  CHECK(transfer(from, to, [](const std::string&) { return true; }) == 6);
  CHECK(test::same_parameters(to, from));
}

TEST_CASE_TEMPLATE("transfer: a missing name or another shape is refused, and nothing is changed", T, float, double) {
  const auto all = [](const std::string&) {
    return true;
  };
  const Mlp<T> deep({4, 8, 3, 3}, Key(2)), wide({4, 9, 3, 2}, Key(3)), from({4, 8, 3, 2}, Key(1));
  Mlp<T> to = deep;
  CHECK_THROWS_WITH_AS(transfer(from, to, all), "transfer: 'layers.2.weight' is (3, 8) in the source but (8, 8) here",
                       ShapeError);
  CHECK(test::same_parameters(to, deep));
  CHECK_THROWS_WITH_AS(transfer(from, to, [](const std::string& name) { return name == "layers.3.bias"; }),
                       "transfer: the source has no 'layers.3.bias'", ShapeError);
  to = wide;
  CHECK_THROWS_AS(transfer(from, to, all), ShapeError);
  CHECK(test::same_parameters(to, wide));
}

TEST_CASE_TEMPLATE("transfer: settings may differ and are not copied", T, float, double) {
  const Gate<T> from(4, 3, {.kind = GateKind::gumbel}, Key(1));
  Gate<T> to(4, 3, {}, Key(2));
  CHECK(transfer(from, to, [](const std::string&) { return true; }) == 2);
  CHECK(to.options.kind == GateKind::softmax);
  CHECK(test::same_parameters(to, from));
}
