// SPDX-License-Identifier: MIT
#include "wsym/nn/predict.hpp"

#include <doctest/doctest.h>

#include "nn/members.hpp"
#include "wsym/core/parallel.hpp"
#include "wsym/nn/experts/multi_pred.hpp"
#include "wsym/nn/experts/soft_moe.hpp"
#include "wsym/nn/experts/sparse_moe.hpp"
#include "wsym/nn/members/mimo.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/nn/symmetry/sigma_asymmetry.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// Answers each row with its place in the block that the model was given, and the size of the block.
template <Real T> struct Places {
  Index group = 0;

  Var<T> operator()(Var<T> x, const Pass<T>&) const {
    const Var<T> y = x.tape().result(Shape{x.rows(), 2}, x);
    for (Index i = 0; i < x.rows(); ++i) y.out()(i, 0) = static_cast<T>(i), y.out()(i, 1) = static_cast<T>(x.rows());
    return y;
  }
  Index rows_together() const { return group; }
  static void visit(auto&, auto&&) {}
};

/// Modules in which groups hide.
template <Real T> struct Nest {
  std::vector<Places<T>> list;
  std::optional<Places<T>> maybe;
  Linear<T> plain{1, 1, Key(1)};

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return list[0](x, pass); }
  static void visit(auto& self, auto&& v) {
    v("list", self.list);
    v("maybe", self.maybe);
    v("plain", self.plain);
  }
};

/// The same, and says that its groups are of 3 rows whatever those inside are.
template <Real T> struct Stated : Nest<T> {
  Index rows_together() const { return 3; }
};
}  // namespace

TEST_CASE("predict: the groups of a model are the least common multiple of those in it, or what it states itself") {
  CHECK(rows_together(Linear<float>(1, 1, Key(1))) == 1);
  CHECK(rows_together(Places<float>{0}) == 1);
  CHECK(rows_together(Places<float>{6}) == 6);
  CHECK(rows_together(Nest<float>{{{4}, {0}}, Places<float>{6}}) == 12);
  CHECK(rows_together(Nest<float>{{{4}, {1}}, std::nullopt}) == 4);
  CHECK(rows_together(Stated<float>{{{{4}, {1}}, std::nullopt}}) == 3);
  CHECK(rows_together(std::vector<Places<float>>{{4}, {10}}) == 20);
  CHECK(rows_together([](Var<float> x, const Pass<float>&) { return x; }) == 1);
}

TEST_CASE_TEMPLATE("predict: blocks are of whole groups, 256 rows or the most below, and at least one group", T, float,
                   double) {
  const Index groups[] = {0, 1, 7, 128, 256, 300, 512}, blocks[] = {256, 256, 252, 256, 256, 300, 512};
  for (std::size_t i = 0; i < std::size(groups); ++i) {
    const Index rows = 3 * std::max<Index>(1, groups[i]) * 4, block = blocks[i];
    const Tensor<T> y = predict(Places<T>{groups[i]}, Tensor<T>({rows, 1}), 2);
    for (Index n = 0; n < rows; ++n) {
      REQUIRE(y(n, 0) == static_cast<T>(n % block));
      REQUIRE(y(n, 1) == static_cast<T>(std::min(block, rows - n / block * block)));
    }
  }
}

TEST_CASE_TEMPLATE("predict: rows that do not divide into the model's groups are refused with both numbers", T, float,
                   double) {
  const Tensor<T> x = random_tensor<T>({12, 4}, Key(1));
  const SoftMoe<T> soft(2, {.in = 4, .hidden = 5, .out = 3}, 2, 5, Key(1));
  CHECK_THROWS_WITH_AS(predict(soft, x, 3),
                       "predict: x has 12 rows, but the model takes groups of 5 rows; x needs a multiple of it",
                       ShapeError);
  CHECK_THROWS_WITH_AS(predict_members(soft, x),
                       "predict_members: x has 12 rows, but the model takes groups of 5 rows; x needs a multiple of it",
                       ShapeError);
  using Sparse = ResidualMlp<T, SparseMoe<T>>;
  const Sparse sparse({.in = 4, .out = 3, .width = 6, .hidden = 7}, Key(1), [](const Key& key) {
    return SparseMoe<T>(4, {.in = 6, .hidden = 7, .out = 6}, {}, {.group = 8}, key);
  });
  CHECK(rows_together(sparse) == 8);
  CHECK_THROWS_AS(predict(sparse, x, 3), ShapeError);
  CHECK(predict(sparse, random_tensor<T>({16, 4}, Key(1)), 3).rows() == 16);
}

TEST_CASE_TEMPLATE("predict: groups that do not divide 256 are taken whole: each has the bits that it has alone", T,
                   float, double) {
  const Index group = 20, rows = 600;
  const SoftMoe<T> soft(2, {.in = 4, .hidden = 5, .out = 3}, 2, group, Key(1));
  const Tensor<T> x = random_tensor<T>({rows, 4}, Key(2)), all = predict(soft, x, 3);
  for (Index first = 0; first < rows; first += group) {
    Tensor<T> part({group, 4});
    std::copy_n(x.data() + 4 * first, part.size(), part.data());
    CHECK((predict(soft, part, 3).mat().array() == all.mat().middleRows(first, group).array()).all());
  }
}

TEST_CASE_TEMPLATE("predict: a network of several members is not answered for by one", T, float, double) {
  const TabM<T> model({.mlp = {.in = 3, .hidden = 8, .out = 2}, .members = 5}, Key(1));
  CHECK_THROWS_WITH_AS(predict(model, Tensor<T>({4, 3}), 2),
                       "predict: the model has 5 members; take predict_members, or predict of a DeepEnsemble, which "
                       "gives their mean",
                       ShapeError);
  CHECK_THROWS_AS(predict(Mimo<T>(Mlp<T>({6, 8, 4}, Key(1)), {.members = 2}), Tensor<T>({4, 3}), 2), ShapeError);
  CHECK(
      predict(TabM<T>({.mlp = {.in = 3, .hidden = 8, .out = 2}, .members = 1}, Key(1)), Tensor<T>({4, 3}), 2).rows() ==
      4);
}

TEST_CASE_TEMPLATE("predict: a row with a NaN gives NaN in that row alone, for every network whose rows are apart", T,
                   float, double) {
  const MlpSize size{.in = 4, .hidden = 9, .out = 3};
  const Tensor<T> clean = random_tensor<T>({37, 4}, Key(1));
  const auto check = [&](const char* what, const auto& model) {
    CAPTURE(what);
    for (const Index bad : {0, 17, 36}) {
      Tensor<T> x = clean;
      x(bad, 2) = std::numeric_limits<T>::quiet_NaN();
      const std::vector<Tensor<T>> expected = predict_members(model, clean), found = predict_members(model, x);
      REQUIRE(found.size() == expected.size());
      for (std::size_t m = 0; m < found.size(); ++m)
        for (Index n = 0; n < clean.rows(); ++n)
          CHECK((n == bad ? found[m].mat().row(n).array().isNaN().all()
                          : (found[m].mat().row(n).array() == expected[m].mat().row(n).array()).all()));
    }
  };
  check("linear", Linear<T>(4, 3, Key(1)));
  check("mlp", Mlp<T>(size, Key(1)));
  check("w-asymmetric mlp", test::w_asymmetric<T>(size));
  check("one output", Mlp<T>({.in = 4, .hidden = 9, .out = 1}, Key(1)));
  for (const GateKind kind : {GateKind::softmax, GateKind::gumbel}) {
    check("mixture", MixtureOfExperts<T>(3, size, {.kind = kind}, Key(1)));
    check("interpolated mixture", MixtureOfInterpolatedExperts<T>(3, size, {.kind = kind}, Key(1)));
  }
  check("residual mlp", ResidualMlp<T>({.in = 4, .out = 3, .width = 8, .hidden = 12}, Key(1)));
  check("batch ensemble", ResidualMlp<T, BatchEnsembleFeedForward<T>>(
                              {.in = 4, .out = 3, .width = 8, .hidden = 12, .members = 3}, Key(1), [](const Key& key) {
                                return BatchEnsembleFeedForward<T>(8, 12, 3, ScaleInit::sign, key);
                              }));
  check("tabm", TabM<T>({.mlp = size, .members = 4}, Key(1)));
  check("tabm mini", TabMMini<T>({.mlp = size, .members = 4}, Key(1)));
  check("mimo", Mimo<T>(Mlp<T>({.in = 8, .hidden = 9, .out = 6}, Key(1)), {.members = 2}));
}

TEST_CASE("predict: a default network of any type is an error and not a crash") {
  const Tensor<float> x = random_tensor<float>({4, 3}, Key(1));
  const auto refused = [&](const char* what, const auto& model) {
    CAPTURE(what);
    CHECK_THROWS_AS(predict_members(model, x), Error);
  };
  refused("linear", Linear<float>());
  refused("mlp", Mlp<float>());
  refused("mixture", MixtureOfExperts<float>());
  refused("interpolated mixture", MixtureOfInterpolatedExperts<float>());
  refused("residual mlp", ResidualMlp<float>());
  refused("batch ensemble", BatchEnsembleFeedForward<float>());
  refused("tabm", TabM<float>());
  refused("tabm mini", TabMMini<float>());
  refused("mimo", Mimo<float>());
  refused("sparse mixture", SparseMoe<float>());
  refused("soft mixture", SoftMoe<float>());
  refused("multi-pred", MultiPred<float>());
}

TEST_CASE_TEMPLATE("predict: a router has no choice for a row with a NaN, and says which row it is", T, float, double) {
  const SparseMoe<T> model(4, {.in = 4, .hidden = 5, .out = 3}, {}, {}, Key(1));
  Tensor<T> x = random_tensor<T>({10, 4}, Key(1));
  x(7, 1) = std::numeric_limits<T>::quiet_NaN();
  CHECK_THROWS_WITH_AS(predict(model, x, 3), doctest::Contains("Router: row 7 has the logit "), Diverged);
}

TEST_CASE_TEMPLATE("predict: a view of a tensor that may change is read like one that may not", T, float, double) {
  const Mlp<T> model({3, 5, 2}, Key(1));
  Tensor<T> x = random_tensor<T>({4, 3}, Key(1)), y({4, 2});
  Workspace<T> workspace;
  predict(model, x.mat(), y.mat(), workspace);
  CHECK(same_bits(y, predict(model, x, 2)));
}

TEST_CASE_TEMPLATE("predict: a row alone has the bits that it has in any batch", T, float, double) {
  const Mlp<T> model = test::w_asymmetric<T>({13, 40, 3});
  const Tensor<T> x = random_tensor<T>({600, 13}, Key(1)), all = predict(model, x, 3);  // three blocks, the last short
  Workspace<T> workspace;
  for (const Index rows : {1, 2, 3, 7, 8, 16, 17, 63, 65, 256, 257}) {
    CAPTURE(rows);
    Tensor<T> y({rows, 3});
    for (const Index first : {Index{0}, Index{5}, 600 - rows}) {
      predict(model, ConstMatMap<T>(x.data() + first * 13, rows, 13), y.mat(), workspace);
      CHECK((y.mat().array() == all.mat().middleRows(first, rows).array()).all());
    }
  }
}

TEST_CASE_TEMPLATE("predict: no rows give no rows", T, float, double) {
  CHECK(predict(Mlp<T>({3, 5, 2}, Key(1)), Tensor<T>({0, 3}), 2).shape() == Shape{0, 2});
}

TEST_CASE_TEMPLATE("predict: after the first call nothing is allocated", T, float, double) {
  const Mlp<T> model({13, 40, 3}, Key(1));
  const Tensor<T> x = random_tensor<T>({300, 13}, Key(1));
  Tensor<T> y({300, 3});
  Workspace<T> workspace;
  predict(model, x.mat(), y.mat(), workspace);
  const Index before = test::allocations();
  predict(model, x.mat(), y.mat(), workspace);
  predict(model, ConstMatMap<T>(x.data(), 17, 13), MatMap<T>(y.data(), 17, 3), workspace);
  CHECK(test::allocations() == before);
}

TEST_CASE_TEMPLATE("predict: threads share a model, each with a workspace of its own", T, float, double) {
  const Mlp<T> model = test::w_asymmetric<T>({8, 32, 2});
  const Tensor<T> x = random_tensor<T>({100, 8}, Key(1)), alone = predict(model, x, 2);
  std::vector<Tensor<T>> results(8);
  parallel_for(8, {4, Executor::std_threads},
               [&](Index i) { results[static_cast<std::size_t>(i)] = predict(model, x, 2); });
  for (const Tensor<T>& y : results) CHECK(same_bits(y, alone));
}

TEST_CASE_TEMPLATE("predict: sizes that do not fit are refused", T, float, double) {
  const Mlp<T> model({3, 5, 2}, Key(1));
  const Tensor<T> x({4, 3});
  CHECK_THROWS_WITH_AS(predict(model, x, 3), "predict: the model has 2 outputs but y has 3 columns", ShapeError);
  Tensor<T> y({5, 2});
  Workspace<T> workspace;
  CHECK_THROWS_WITH_AS(predict(model, x.mat(), y.mat(), workspace), "predict: x has 4 rows but y has 5", ShapeError);
}
