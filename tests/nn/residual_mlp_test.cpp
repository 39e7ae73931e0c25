// SPDX-License-Identifier: MIT
#include "wsym/nn/residual_mlp.hpp"

#include "nn/members.hpp"
#include "wsym/nn/experts/sparse_moe.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
constexpr ResidualMlpSize small{.in = 3, .out = 2, .width = 8, .hidden = 12};

template <Real T> using BatchEnsembleNet = ResidualMlp<T, BatchEnsembleFeedForward<T>>;

template <Real T> BatchEnsembleNet<T> batch_ensemble_net(Index members, double dropout_rate = 0) {
  ResidualMlpSize size = small;
  size.members = members;
  const auto make = [&](const Key& key) {
    return BatchEnsembleFeedForward<T>(size.width, size.hidden, members, ScaleInit::gaussian, key, dropout_rate);
  };
  return BatchEnsembleNet<T>(size, Key(1), make, dropout_rate);
}

/// y = down(gelu(up(x))), from the layers' values.
template <Real T> Tensor<T> feed_forward(const FeedForward<T>& f, const Tensor<T>& x) {
  const auto op = [](auto& v) {
    return linear(gelu(linear(v[0], v[1], v[2])), v[3], v[4]);
  };
  return test::value_of<T>(op, {x, f.up.weight.value(), f.up.bias.value(), f.down.weight.value(), f.down.bias.value()});
}

template <class M> std::vector<std::string> names_of(const M& model) {
  std::vector<std::string> names;
  for_each_named_parameter(model, [&](const std::string& name, const auto&) { names.push_back(name); });
  return names;
}
}  // namespace

TEST_CASE_TEMPLATE("FeedForward: two layers with a GELU between them", T, float, double) {
  const FeedForward<T> f(5, 9, Key(1));
  const Tensor<T> x = random_tensor<T>({7, 5}, Key(2));
  CHECK(same_bits(test::output_of(f, x, Pass<T>::evaluate()), feed_forward(f, x)));
  CHECK(same_bits(test::output_of(f, x, Pass<T>::train(Key(1))), feed_forward(f, x)));  // no dropout unless asked for
}

TEST_CASE_TEMPLATE("FeedForward: dropout acts in training, twice and independently, and not at evaluation", T, float,
                   double) {
  FeedForward<T> f(16, 16, Key(1), 0.5);
  const Tensor<T> x = random_tensor<T>({20, 16}, Key(2));
  CHECK(same_bits(test::output_of(f, x, Pass<T>::evaluate()), feed_forward(f, x)));
  f.down.bias = Parameter<T>(Tensor<T>({16}, T(1)));
  const Tensor<T> y = test::output_of(f, x, Pass<T>::train(Key(3)));
  const double zeros = (y.array() == T(0)).template cast<double>().mean();
  CHECK(std::abs(zeros - 0.5) < 5 * 0.5 / std::sqrt(320.0));  // after the last layer
  FeedForward<T> last = f;                                    // without a first layer only the second mask is left
  last.up.weight = Parameter<T>(Tensor<T>({16, 16}));
  last.up.bias = Parameter<T>(Tensor<T>({16}));
  const Tensor<T> constant = test::output_of(last, x, Pass<T>::train(Key(3)));
  CHECK(((constant.array() == T(0)) == (y.array() == T(0))).all());
  CHECK((constant.array() == T(0) || constant.array() == T(2)).all());
  CHECK_FALSE(same_bits(y, constant));
}

TEST_CASE_TEMPLATE("ResidualBlock: adds what its inner module makes of the normed rows", T, float, double) {
  const ResidualBlock<T> block{LayerNorm<T>(5), FeedForward<T>(5, 9, Key(1))};
  const Tensor<T> x = random_tensor<T>({7, 5}, Key(2), 3);
  const Tensor<T> inner = feed_forward(block.inner, test::output_of(block.norm, x, Pass<T>::evaluate()));
  Tensor<T> expected(x.shape());
  expected.mat() = x.mat() + inner.mat();
  CHECK(same_bits(test::output_of(block, x, Pass<T>::evaluate()), expected));
}

TEST_CASE_TEMPLATE("ResidualMlp: the last of every second block are the special ones", T, float, double) {
  const auto special = [](Index blocks, Index count) {
    ResidualMlpSize size = small;
    size.blocks = blocks, size.special = count;
    std::string kinds;
    for (const auto& block : ResidualMlp<T>(size, Key(1)).blocks) {
      CHECK(block.special.has_value() != block.dense.has_value());
      kinds += block.special ? 's' : 'd';
    }
    return kinds;
  };
  CHECK(special(4, 2) == "dsds");
  CHECK(special(8, 2) == "dddddsds");
  CHECK(special(4, 0) == "dddd");
  CHECK(special(5, 3) == "sdsds");
  CHECK(special(1, 1) == "s");
}

TEST_CASE_TEMPLATE("ResidualMlp: names, and a parameter count by the formula", T, float, double) {
  const ResidualMlp<T> model(small, Key(1));
  const Index d = 8, f = 12;
  CHECK(count(model).parameters == (3 * d + d) + 4 * (2 * d * f + f + d + 2 * d) + 2 * d + (d * 2 + 2));
  const std::vector<std::string> names = names_of(model);
  CHECK(names.front() == "embed.weight");
  CHECK(names[2] == "blocks.0.dense.norm.scale");
  CHECK(names[8] == "blocks.1.special.norm.scale");
  CHECK(names[10] == "blocks.1.special.inner.up.weight");
  CHECK(names.back() == "head.bias");
}

TEST_CASE_TEMPLATE("ResidualMlp: evaluation does not depend on the key, nor a row on the others", T, float, double) {
  const ResidualMlp<T> model(small, Key(1), 0.1);
  const Tensor<T> x = random_tensor<T>({9, 3}, Key(2)), y = test::output_of(model, x, Pass<T>::evaluate(Key(1)));
  CHECK(y.shape() == Shape{9, 2});
  CHECK(same_bits(test::output_of(model, x, Pass<T>::evaluate(Key(2))), y));
  CHECK_FALSE(same_bits(test::output_of(model, x, Pass<T>::train(Key(2))), y));
  for (Index n = 0; n < 9; ++n)
    CHECK(same_bits(test::output_of(model, test::row_of(x, n), Pass<T>::evaluate()), test::row_of(y, n)));
}

TEST_CASE_TEMPLATE("ResidualMlp: a batch ensemble of members is as many networks of their own", T, float, double) {
  const BatchEnsembleNet<T> model = batch_ensemble_net<T>(3);
  const Tensor<T> x = random_tensor<T>({5, 3}, Key(2)), y = test::output_of(model, x, Pass<T>::evaluate());
  REQUIRE(y.shape() == Shape{3, 5, 2});
  const std::vector<Tensor<T>> members = test::split(y, 3);
  for (Index m = 0; m < 3; ++m) {
    ResidualMlp<T> own(small, Key(1));  // the shared parts are those of the same key
    for (const std::size_t b : {std::size_t{1}, std::size_t{3}}) {
      own.blocks[b].special->inner.up = test::member_layer(model.blocks[b].special->inner.up, m);
      own.blocks[b].special->inner.down = test::member_layer(model.blocks[b].special->inner.down, m);
    }
    CHECK(test::worst_error(members[static_cast<std::size_t>(m)], test::output_of(own, x, Pass<T>::evaluate())) <
          50 * test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("ResidualMlp: members without a special block are tiled before the head", T, float, double) {
  ResidualMlpSize size = small;
  size.special = 0;
  const Tensor<T> x = random_tensor<T>({5, 3}, Key(2));
  const Tensor<T> one = test::output_of(ResidualMlp<T>(size, Key(1)), x, Pass<T>::evaluate());
  size.members = 2;
  CHECK(same_bits(test::output_of(ResidualMlp<T>(size, Key(1)), x, Pass<T>::evaluate()), test::tiled(one, 2)));
}

TEST_CASE("ResidualMlp: gradcheck in every parameter, dense and as a batch ensemble with dropout") {
  const Tensor<double> x = random_tensor<double>({3, 3}, Key(2));
  const auto f = [&](Tape<double>& tape, const auto& m) {
    Pass<double> pass = Pass<double>::train(Key(3));
    return m(tape.constant(x), pass);
  };
  ResidualMlp<double> dense(small, Key(1));
  CHECK(gradcheck_model(dense, f, Key(4)).message == "");
  BatchEnsembleNet<double> ensemble = batch_ensemble_net<double>(2, 0.2);
  const GradcheckReport report = gradcheck_model(ensemble, f, Key(4));
  CHECK(report.message == "");
  CHECK(report.entries == count(ensemble).parameters);
}

TEST_CASE("ResidualMlp: float and double agree") {
  const auto run = []<class T>(T) {
    return test::output_of(ResidualMlp<T>(small, Key(1)), random_tensor<T>({20, 3}, Key(2)), Pass<T>::evaluate());
  };
  CHECK(test::worst_error(run(float()), run(double())) < 1e-5);
}

TEST_CASE_TEMPLATE("ResidualMlp: a step of a shape that has run before allocates nothing", T, float, double) {
  const BatchEnsembleNet<T> model = batch_ensemble_net<T>(2, 0.1);
  CHECK(test::allocations_after_first_step(model, random_tensor<T>({16, 3}, Key(2)), 2) == 0);
}

TEST_CASE_TEMPLATE("ResidualMlp: refuses sizes that it cannot have, and no rows", T, float, double) {
  const auto make = [](Index blocks, Index special) {
    ResidualMlpSize size = small;
    size.blocks = blocks, size.special = special;
    return ResidualMlp<T>(size, Key(1));
  };
  CHECK_THROWS_WITH_AS(
      make(4, 3),
      "ResidualMlp: 4 blocks, 3 of them special; there is at least one block, and every second one may "
      "be special",
      ConfigError);
  CHECK_THROWS_AS(make(0, 0), ConfigError);
  CHECK_THROWS_AS(make(4, -1), ConfigError);
  CHECK_THROWS_WITH_AS(test::output_of(make(4, 1), Tensor<T>({0, 3}), Pass<T>::evaluate()),
                       "ResidualMlp: x is (0, 3); it needs a row", ShapeError);
}

TEST_CASE_TEMPLATE("ResidualMlp: the stream gets its axis of members at the first special block, or after the last", T,
                   float, double) {
  const auto shape = [](Index special, Index count) {
    ResidualMlpSize size = small;
    size.members = 2, size.special = special;
    const ResidualMlp<T> model(size, Key(1));
    Tape<T> tape;
    const Tensor<T> x({5, 3});
    return model.stream(tape.constant(x), Pass<T>::evaluate(), count).shape();
  };
  CHECK(shape(1, 3) == Shape{5, 8});
  CHECK(shape(1, 4) == Shape{2, 5, 8});
  CHECK(shape(2, 2) == Shape{2, 5, 8});
  CHECK(shape(0, 3) == Shape{5, 8});
  CHECK(shape(0, 4) == Shape{2, 5, 8});
}

TEST_CASE_TEMPLATE("ResidualMlp: members draw apart", T, float, double) {
  ResidualMlpSize size = small;
  size.members = 3;
  const auto make = [&](const Key& key) {
    SparseMoeOptions options{.train = {dropless}, .evaluate = {dropless}};
    options.dropout = 0.5;
    return SparseMoe<T>(4, {8, 12, 8, 1}, {.choices = 1, .noise = 8}, options, key);
  };
  const ResidualMlp<T, SparseMoe<T>> model(size, Key(1), make, 0.5);
  const Tensor<T> x = random_tensor<T>({12, 3}, Key(2));
  for (const auto& [noise, drops] : {std::pair(true, false), std::pair(false, true)}) {
    const Pass<T> pass = Pass<T>::evaluate(Key(3)).with_router_noise(noise).with_dropout(drops);
    const std::vector<Tensor<T>> members = test::split(test::output_of(model, x, pass), 3);
    for (std::size_t m = 1; m < 3; ++m) {
      Index same = 0;
      for (Index n = 0; n < 12; ++n) same += members[m].mat().row(n) == members[0].mat().row(n);
      CHECK(same < 12);
    }
  }
}
