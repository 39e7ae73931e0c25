// SPDX-License-Identifier: MIT
#include "wsym/nn/members/tabm.hpp"

#include "nn/members.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
constexpr TabMSize small{.mlp = {.in = 3, .hidden = 8, .out = 2, .hidden_layers = 2}, .members = 4};

/// The network that member m is.
template <Real T> Mlp<T> member(const TabM<T>& model, Index m) {
  Mlp<T> own;
  for (const BatchEnsembleLinear<T>& layer : model.layers) own.layers.push_back(test::member_layer(layer, m));
  own.layers.push_back(test::member_layer(model.heads, m));
  return own;
}
template <Real T> Mlp<T> member(const TabMMini<T>& model, Index m) {
  Mlp<T> own;
  own.layers = model.layers;
  Tensor<T> first = own.layers[0].weight.value();
  for (Index j = 0; j < first.rows(); ++j)
    for (Index i = 0; i < first.cols(); ++i) first(j, i) *= model.scale_in.value()(m, i);
  own.layers[0].weight = Parameter<T>(first);
  own.layers.push_back(test::member_layer(model.heads, m));
  return own;
}

template <class M, Real T> void check_members(const M& model, const Tensor<T>& x) {
  const Tensor<T> y = test::output_of(model, x, Pass<T>::evaluate());
  REQUIRE(y.shape() == Shape{4, x.rows(), 2});
  const std::vector<Tensor<T>> members = test::split(y, 4);
  for (Index m = 0; m < 4; ++m)
    CHECK(test::worst_error(members[static_cast<std::size_t>(m)],
                            test::output_of(member(model, m), x, Pass<T>::evaluate())) < 10 * test::tolerance<T>);
  CHECK_FALSE(same_bits(members[0], members[1]));
}
}  // namespace

TEST_CASE_TEMPLATE("TabM, TabMMini: every member is an MLP of its own", T, float, double) {
  const Tensor<T> x = random_tensor<T>({5, 3}, Key(2));
  check_members(TabM<T>(small, Key(1)), x);
  check_members(TabMMini<T>(small, Key(1)), x);
}

TEST_CASE_TEMPLATE("TabM: only the first layer's input scales and the heads start apart", T, float, double) {
  const TabM<T> model(small, Key(1));
  CHECK(model.layers[0].scale_in.value().array().abs().isApproxToConstant(T(1), T(0)));
  CHECK(model.layers[0].scale_in.value().array().minCoeff() == T(-1));
  CHECK(model.layers[0].scale_out.value().array().isApproxToConstant(T(1), T(0)));
  CHECK(model.layers[1].scale_in.value().array().isApproxToConstant(T(1), T(0)));
  CHECK(model.layers[1].scale_out.value().array().isApproxToConstant(T(1), T(0)));
  const Mlp<T> a = member(model, 0), b = member(model, 1);
  CHECK(same_bits(a.layers[1].weight.value(), b.layers[1].weight.value()));
  CHECK_FALSE(same_bits(a.layers[2].weight.value(), b.layers[2].weight.value()));
}

TEST_CASE_TEMPLATE("TabM, TabMMini: parameter counts by the formula", T, float, double) {
  const Index k = 4, in = 3, h = 8, out = 2, heads = k * (h * out + out);
  CHECK(count(TabM<T>(small, Key(1))).parameters == in * h + k * (in + 2 * h) + h * h + k * (h + 2 * h) + heads);
  CHECK(count(TabMMini<T>(small, Key(1))).parameters == k * in + (in * h + h) + (h * h + h) + heads);
}

TEST_CASE("TabM, TabMMini: gradcheck in every parameter, through dropout of a fixed key") {
  TabMSize size = small;
  size.members = 2, size.dropout_rate = 0.25;
  const Tensor<double> x = random_tensor<double>({3, 3}, Key(2));
  const auto f = [&](Tape<double>& tape, const auto& m) {
    Pass<double> pass = Pass<double>::train(Key(3));
    return m(tape.constant(x), pass);
  };
  TabM<double> tabm(size, Key(1));
  TabMMini<double> mini(size, Key(1));
  const GradcheckReport all = gradcheck_model(tabm, f, Key(4)), few = gradcheck_model(mini, f, Key(4));
  CHECK(all.message == "");
  CHECK(few.message == "");
  CHECK(all.entries == count(tabm).parameters);
  CHECK(few.entries == count(mini).parameters);
}

TEST_CASE_TEMPLATE("TabM, TabMMini: the same bits on one, two and four threads", T, float, double) {
  const TabMSize wide{
      .mlp = {.in = 64, .hidden = 256, .out = 128, .hidden_layers = 2}, .members = 2, .dropout_rate = 0.1};
  const Tensor<T> x = random_tensor<T>({512, 64}, Key(2));
  CHECK(test::same_on_threads(TabM<T>(wide, Key(1)), x, Pass<T>::train(Key(3))));
  CHECK(test::same_on_threads(TabMMini<T>(wide, Key(1)), x, Pass<T>::train(Key(3))));
}

TEST_CASE("TabM, TabMMini: float and double agree") {
  const auto run = []<class T>(T) {
    Tensor<T> both({2 * 4 * 20, 2});
    const Tensor<T> x = random_tensor<T>({20, 3}, Key(2));
    both.mat() << test::output_of(TabM<T>(small, Key(1)), x, Pass<T>::evaluate()).mat(),
        test::output_of(TabMMini<T>(small, Key(1)), x, Pass<T>::evaluate()).mat();
    return both;
  };
  CHECK(test::worst_error(run(float()), run(double())) < 1e-5);
}

TEST_CASE_TEMPLATE("TabM: needs a member, sizes and a row", T, float, double) {
  TabMSize size = small;
  size.members = 0;
  CHECK_THROWS_AS(TabM<T>(size, Key(1)), ConfigError);
  CHECK_THROWS_AS(TabMMini<T>(size, Key(1)), ConfigError);
  CHECK_THROWS_WITH_AS(MemberHeads<T>(2, 0, 3, Key(1)),
                       "MemberHeads: 2 members, 0 inputs, 3 outputs; each must be at least 1", ConfigError);
  const Tensor<T> none({0, small.mlp.in});
  CHECK_THROWS_WITH_AS(test::output_of(TabM<T>(small, Key(1)), none, Pass<T>::evaluate()),
                       message("TabM: x is ", none.shape(), "; it needs a row").c_str(), ShapeError);
  CHECK_THROWS_WITH_AS(test::output_of(TabMMini<T>(small, Key(1)), none, Pass<T>::evaluate()),
                       message("TabMMini: x is ", none.shape(), "; it needs a row").c_str(), ShapeError);
}
