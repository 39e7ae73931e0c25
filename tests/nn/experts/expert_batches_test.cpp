// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/expert_batches.hpp"

#include "nn/sparse.hpp"
#include "wsym/nn/residual_mlp.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const std::int32_t first[] = {0, 4, 4, 9};

template <Real T> std::vector<Mlp<T>> experts() {
  return detail::make_experts<T>(3, {5, 7, 2, 2}, nullptr, Key(1));
}
template <Real T> struct Layer {
  std::vector<Mlp<T>> experts;
  bool stacked = false;
  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    return stacked ? detail::stacked("test", experts, x, first)
                   : detail::one_by_one(experts, x, first, pass, 0, [](Index p) { return p; });
  }
  static void visit(auto& self, auto&& v) { v("experts", self.experts); }
};
}  // namespace

TEST_CASE_TEMPLATE("expert batches: each expert answers for its rows, and rows of none are 0", T, float, double) {
  const Tensor<T> x = random_tensor<T>({11, 5}, Key(2));
  const Layer<T> layer{experts<T>()};
  const Tensor<T> y = test::output_of(layer, x, Pass<T>::evaluate());
  for (std::size_t e = 0; e < 3; ++e)
    for (Index n = first[e]; n < first[e + 1]; ++n)
      CHECK(same_bits(test::row_of(y, n), predict(layer.experts[e], test::row_of(x, n), 2)));
  CHECK(y.mat().bottomRows(2).isZero(0));
}

TEST_CASE_TEMPLATE("expert batches: stacked experts have the bits of experts called one by one, gradients included", T,
                   float, double) {
  const Tensor<T> x = random_tensor<T>({11, 5}, Key(2));
  const Layer<T> one_by_one{experts<T>()}, stacked{experts<T>(), true};
  const Pass<T> pass = Pass<T>::train(Key(3));
  CHECK(same_bits(test::output_of(stacked, x, pass), test::output_of(one_by_one, x, pass)));
  CHECK(test::parameter_gradients(stacked, x, pass) == test::parameter_gradients(one_by_one, x, pass));
}

TEST_CASE_TEMPLATE("expert batches: what an expert draws for a row follows from the row's number and the expert", T,
                   float, double) {
  const Tensor<T> x({9, 5}, T(1));
  const std::vector<FeedForward<T>> dropping(3, FeedForward<T>(5, 7, Key(1), 0.5));
  const auto output = [&](const std::vector<Index>& numbers, Index first_child = 0) {
    Tape<T> tape;
    const Pass<T> pass = Pass<T>::train(Key(3)).with_members(2);
    return test::copy_of<T>(detail::one_by_one(dropping, tape.constant(x), first, pass, first_child,
                                               [&](Index p) { return numbers[static_cast<std::size_t>(p)]; }));
  };
  const Tensor<T> y = output({10, 11, 12, 13, 10, 11, 12, 13, 14}), z = output({13, 10, 12, 11, 11, 14, 13, 10, 12});
  const Index there[] = {3, 0, 2, 1, 5, 8, 7, 4, 6};  // the row of y with the number of a row of z
  for (Index n = 0; n < 9; ++n) CHECK(z.mat().row(n) == y.mat().row(there[n]));
  CHECK_FALSE(same_bits(output({10, 11, 12, 13, 10, 11, 12, 13, 14}, 3), y));
  CHECK_FALSE(same_bits(test::rows_of(y, 0, 4), test::rows_of(y, 4, 4)));  // another expert, another stream
}

TEST_CASE("expert batches: what comes after a layer is told which") {
  Tape<double> tape;
  const Tensor<double> x = random_tensor<double>({11, 5}, Key(2));
  std::vector<std::size_t> seen;
  const auto all = experts<double>();
  detail::layer_by_layer("test", all, tape.constant(x), first, [&](Var<double> y, std::size_t l) {
    seen.push_back(l);
    return y;
  });
  CHECK(seen == std::vector<std::size_t>{0, 1, 2});
}
