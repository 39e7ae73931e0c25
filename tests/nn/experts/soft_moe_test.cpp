// SPDX-License-Identifier: MIT
#include "wsym/nn/experts/soft_moe.hpp"

#include "nn/sparse.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
template <Real T> Tensor<T> evaluated(const auto& moe, const Tensor<T>& x) {
  return test::output_of(moe, x, Pass<T>::evaluate());
}
template <Real T> SoftMoe<T> make(Index experts, Index slots, Index group) {
  SoftMoe<T> moe(experts, {6, 9, 4, 1}, slots, group, Key(1));
  moe.scale = Parameter<T>(Tensor<T>({1}, T(3)));
  return moe;
}
/// One group by plain loops.
template <Real T> reference::Matrix plain(const SoftMoe<T>& moe, const Tensor<T>& x) {
  const auto unit = [](reference::Matrix m) {
    for (Index n = 0; n < m.rows; ++n) {
      double square = 0;
      for (Index i = 0; i < m.cols; ++i) square += m(n, i) * m(n, i);
      for (Index i = 0; i < m.cols; ++i) m(n, i) /= std::sqrt(square);
    }
    return m;
  };
  const reference::Matrix tokens = reference::matrix(x), slots = reference::matrix(moe.slots.value());
  reference::Matrix logits = reference::linear(unit(tokens), unit(slots), reference::Vector(std::size_t(slots.rows)));
  for (double& l : logits.values) l *= static_cast<double>(moe.scale.value()[0]);
  const reference::Matrix combine = reference::softmax(logits);
  reference::Matrix y(x.rows(), 4);
  const Index each = slots.rows / static_cast<Index>(moe.experts.size());
  for (Index j = 0; j < slots.rows; ++j) {
    reference::Vector column;
    for (Index n = 0; n < x.rows(); ++n) column.push_back(logits(n, j));
    column = reference::softmax(column);
    Tensor<T> input({1, x.cols()});
    for (Index n = 0; n < x.rows(); ++n)
      for (Index i = 0; i < x.cols(); ++i) input[i] += static_cast<T>(column[static_cast<std::size_t>(n)]) * x(n, i);
    const Tensor<T> output = evaluated(moe.experts[static_cast<std::size_t>(j / each)], input);
    for (Index n = 0; n < x.rows(); ++n)
      for (Index c = 0; c < 4; ++c) y(n, c) += combine(n, j) * static_cast<double>(output[c]);
  }
  return y;
}
}  // namespace

TEST_CASE_TEMPLATE("soft moe: agrees with plain loops, group by group", T, float, double) {
  for (const Index experts : {1, 3})
    for (const Index slots : {1, 2})
      for (const Index group : {0, 1, 5}) {
        const auto moe = make<T>(experts, slots, group);
        const Tensor<T> x = random_tensor<T>({15, 6}, Key(2)), y = evaluated(moe, x);
        REQUIRE(y.shape() == Shape{15, 4});
        const Index size = group == 0 ? 15 : group;
        for (Index first = 0; first < 15; first += size)
          CHECK(test::worst_error(test::rows_of(y, first, size), plain(moe, test::rows_of(x, first, size)).values) <
                test::tolerance<T>);
      }
}

TEST_CASE_TEMPLATE("soft moe: a token alone, or one expert with one slot, is that expert on the mean", T, float,
                   double) {
  const auto moe = make<T>(1, 1, 1);
  const Tensor<T> x = random_tensor<T>({5, 6}, Key(2));
  CHECK(test::worst_error(evaluated(moe, x), evaluated(moe.experts[0], x)) < test::tolerance<T>);
  auto even = make<T>(1, 1, 0);
  even.scale = Parameter<T>(Tensor<T>({1}));
  Tensor<T> mean({1, 6});
  mean.mat() = x.mat().colwise().mean();
  const Tensor<T> expected = evaluated(even.experts[0], mean), y = evaluated(even, x);
  for (Index n = 0; n < 5; ++n) CHECK(test::worst_error(test::row_of(y, n), expected) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("soft moe: over any module it has the bits of stacked experts", T, float, double) {
  const auto moe = make<T>(3, 2, 5);
  SoftMoe<T, test::Hidden<T>> own;
  own.slots = moe.slots, own.scale = moe.scale, own.group = moe.group;
  for (const Mlp<T>& expert : moe.experts) own.experts.push_back({expert});
  const Tensor<T> x = random_tensor<T>({15, 6}, Key(2));
  CHECK(same_bits(evaluated(moe, x), evaluated(own, x)));
  CHECK(test::parameter_gradients(moe, x, Pass<T>::evaluate()) ==
        test::parameter_gradients(own, x, Pass<T>::evaluate()));
}

TEST_CASE("soft moe: gradcheck in everything") {
  for (const Index group : {0, 3}) {
    test::WithInput<SoftMoe<double>> probe{make<double>(2, 2, group),
                                           Parameter<double>(random_tensor<double>({6, 6}, Key(2)))};
    const auto f = [](Tape<double>& tape, const auto& p) {
      Pass<double> pass = Pass<double>::train(Key(3));
      return p.model(tape.use(p.x), pass);
    };
    CHECK(gradcheck_model(probe, f, Key(4)).message == "");
  }
}

TEST_CASE_TEMPLATE("soft moe: the same bits on one, two and four threads", T, float, double) {
  const SoftMoe<T> moe(2, {64, 512, 64, 1}, 512, 0, Key(1));
  CHECK(test::same_on_threads(moe, random_tensor<T>({256, 64}, Key(2)), Pass<T>::train(Key(3))));
}

TEST_CASE_TEMPLATE("soft moe: unusable sizes and input are refused with their numbers", T, float, double) {
  CHECK_THROWS_WITH_AS((SoftMoe<T>(2, {6, 9, 4, 1}, 0, 0, Key(1))),
                       "SoftMoe: 2 experts, 6 inputs, 0 slots each and groups of 0; at least 1 each, and no negative "
                       "group",
                       ConfigError);
  const auto moe = make<T>(2, 1, 4);
  CHECK_THROWS_WITH_AS(evaluated(moe, Tensor<T>({0, 6})), "SoftMoe: x is (0, 6); it needs a row", ShapeError);
  CHECK_THROWS_AS(evaluated(moe, Tensor<T>({6, 6})), ShapeError);
  CHECK_THROWS_AS(evaluated(moe, Tensor<T>({8, 5})), ShapeError);
  Tensor<T> bad = random_tensor<T>({8, 6}, Key(2));
  bad(2, 1) = std::numeric_limits<T>::quiet_NaN();
  CHECK_THROWS_WITH_AS(evaluated(moe, bad), "SoftMoe: row 2 has the logit nan in column 0; logits must be finite",
                       Diverged);
}
