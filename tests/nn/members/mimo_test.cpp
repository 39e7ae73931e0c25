// SPDX-License-Identifier: MIT
#include "wsym/nn/members/mimo.hpp"

#include "nn/members.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// A network that answers with what it read, and shows it.
template <Real T> struct Mirror {
  Tensor<T>* seen = nullptr;
  Var<T> operator()(Var<T> x, const Pass<T>&) const {
    if (seen) *seen = test::copy_of<T>(x);
    return x;
  }
  static void visit(auto&, auto&&) {}
};

/// The share of places at which all members of the last batch read the same row.
template <Real T> double together(const Tensor<T>& seen, Index members) {
  const Index in = seen.cols() / members;
  Index same = 0;
  for (Index p = 0; p < seen.rows(); ++p) {
    bool equal = true;
    for (Index m = 1; m < members; ++m)
      equal = equal && seen.mat().row(p).segment(m * in, in) == seen.mat().row(p).head(in);
    same += equal;
  }
  return static_cast<double>(same) / static_cast<double>(seen.rows());
}
}  // namespace

TEST_CASE_TEMPLATE("mimo: at evaluation every member reads the row, and answers in its own axis", T, float, double) {
  const Mimo<T> model(Mlp<T>({3 * 4, 16, 3 * 2, 1}, Key(1)), {.members = 3});
  const Tensor<T> x = random_tensor<T>({5, 4}, Key(2)), y = test::output_of(model, x, Pass<T>::evaluate());
  REQUIRE(y.shape() == Shape{3, 5, 2});
  Tensor<T> wide({5, 12});
  for (Index m = 0; m < 3; ++m) wide.mat().middleCols(4 * m, 4) = x.mat();
  const Tensor<T> whole = test::output_of(model.network, wide, Pass<T>::evaluate());
  const std::vector<Tensor<T>> members = test::split(y, 3);
  for (Index m = 0; m < 3; ++m) CHECK(members[static_cast<std::size_t>(m)].mat() == whole.mat().middleCols(2 * m, 2));
}

TEST_CASE_TEMPLATE("mimo: in training every member meets every row once for each repeat, and answers in order", T,
                   float, double) {
  for (const Index members : {1, 2, 3})
    for (const Index repeats : {1, 2}) {
      Tensor<T> seen;
      const Mimo<T, Mirror<T>> model({&seen}, {members, 0.25, repeats});
      const Tensor<T> x = random_tensor<T>({7, 4}, Key(2));
      const Tensor<T> y = test::output_of(model, x, Pass<T>::train(Key(3)));
      CHECK(seen.shape() == Shape{7 * repeats, members * 4});
      CHECK(same_bits(y, test::tiled(test::tiled(x, repeats), members)));
      CHECK_FALSE(same_bits(test::split(seen, repeats)[0], x));  // shuffled
    }
}

TEST_CASE_TEMPLATE("mimo: members share exactly the places that the replication leaves them", T, float, double) {
  const Index rows = 1000;
  const Tensor<T> x = random_tensor<T>({rows, 2}, Key(2));
  for (const double replication : {0.0, 0.5, 0.625, 1.0}) {
    Tensor<T> seen;
    const Mimo<T, Mirror<T>> model({&seen}, {2, replication, 1});
    test::output_of(model, x, Pass<T>::train(Key(3)));
    const double share = together(seen, 2);  // a shuffled pair still agrees about once a batch
    CHECK(share >= replication);
    CHECK(share <= replication + 0.01);
    Index together_at_the_end = 0;
    for (Index p = rows - static_cast<Index>(replication * rows); p < rows; ++p)
      together_at_the_end += seen.mat().row(p).head(2) == seen.mat().row(p).tail(2);
    CHECK(together_at_the_end == static_cast<Index>(replication * rows));
  }
}

TEST_CASE_TEMPLATE("mimo: the order of a batch follows from the key", T, float, double) {
  const Mimo<T> model(Mlp<T>({2 * 4, 16, 2 * 2, 1}, Key(1)), {});
  const Tensor<T> x = random_tensor<T>({9, 4}, Key(2)), y = test::output_of(model, x, Pass<T>::train(Key(3)));
  CHECK(same_bits(test::output_of(model, x, Pass<T>::train(Key(3))), y));
  CHECK_FALSE(same_bits(test::output_of(model, x, Pass<T>::train(Key(4))), y));
}

TEST_CASE_TEMPLATE("mimo: an import keeps the stream, makes equal members, and divides logits as the paper's rule does",
                   T, float, double) {
  const Mlp<T> single({4, 16, 3, 2}, Key(1));
  const Tensor<T> x = random_tensor<T>({5, 4}, Key(2)), z = test::output_of(single, x, Pass<T>::evaluate());
  const Tensor<T>& b = single.layers.back().bias.value();
  for (const Index m : {2, 3}) {
    const auto divided = import_mimo(single, {.members = m}),
               kept = import_mimo(single, {.members = m}, MimoHead::kept);
    Tensor<T> wide({5, m * 4}), expected(z.shape());
    for (Index i = 0; i < m; ++i) wide.mat().middleCols(4 * i, 4) = x.mat();
    for (Index n = 0; n < z.size(); ++n) expected[n] = (z[n] - b[n % 3]) / static_cast<T>(m) + b[n % 3];
    CHECK(test::worst_error(test::output_of(divided.network.layers[0], wide, Pass<T>::evaluate()),
                            test::output_of(single.layers[0], x, Pass<T>::evaluate())) < test::tolerance<T>);
    const std::vector<Tensor<T>> members = test::split(test::output_of(divided, x, Pass<T>::evaluate()), m);
    for (const Tensor<T>& member : members) {
      CHECK(same_bits(member, members[0]));
      CHECK(test::worst_error(member, expected) < test::tolerance<T>);
    }
    CHECK(test::worst_error(test::output_of(kept, x, Pass<T>::evaluate()), test::tiled(z, m)) < test::tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("mimo: the import knows a residual network too, and adds (M - 1)(D in + D out + out) parameters", T,
                   float, double) {
  const ResidualMlpSize size{.in = 4, .out = 3, .width = 8, .hidden = 12};
  const ResidualMlp<T> single(size, Key(1));
  const auto model = import_mimo(single, {.members = 2}, MimoHead::kept);
  const Tensor<T> x = random_tensor<T>({5, 4}, Key(2));
  CHECK(test::worst_error(test::output_of(model, x, Pass<T>::evaluate()),
                          test::tiled(test::output_of(single, x, Pass<T>::evaluate()), 2)) < 10 * test::tolerance<T>);
  CHECK(count(model).parameters == count(single).parameters + 8 * 4 + 8 * 3 + 3);
}

TEST_CASE("mimo: gradcheck in every parameter, in training with repeats") {
  Mimo<double> model(Mlp<double>({2 * 3, 5, 2 * 2, 1}, Key(1)), {2, 0.5, 2});
  const Tensor<double> x = random_tensor<double>({4, 3}, Key(2));
  const auto f = [&](Tape<double>& tape, const auto& m) {
    Pass<double> pass = Pass<double>::train(Key(3));
    return m(tape.constant(x), pass);
  };
  CHECK(gradcheck_model(model, f, Key(4)).message == "");
}

TEST_CASE_TEMPLATE("mimo: the same bits on one, two and four threads", T, float, double) {
  const Mimo<T> model(Mlp<T>({2 * 64, 256, 2 * 64, 1}, Key(1)), {2, 0.5, 2});
  CHECK(test::same_on_threads(model, random_tensor<T>({256, 64}, Key(2)), Pass<T>::train(Key(3))));
}

TEST_CASE_TEMPLATE("mimo: a step of a shape that has run before allocates nothing", T, float, double) {
  const Mimo<T> model(Mlp<T>({2 * 3, 5, 2 * 2, 1}, Key(1)), {2, 0.5, 2});
  CHECK(test::allocations_after_first_step(model, random_tensor<T>({16, 3}, Key(2)), 2) == 0);
}

TEST_CASE_TEMPLATE("mimo: refuses what it cannot be", T, float, double) {
  const auto make = [](const MimoOptions& options) {
    return Mimo<T, Mirror<T>>({}, options);
  };
  CHECK_THROWS_WITH_AS(make({0, 0.5, 1}),
                       "Mimo: 0 members, 1 repeats, replication 0.5; at least one of both, and a replication in [0, 1]",
                       ConfigError);
  CHECK_THROWS_AS(make({2, 0.5, 0}), ConfigError);
  CHECK_THROWS_AS(make({2, 1.5, 1}), ConfigError);
  CHECK_THROWS_AS(make({2, std::nan(""), 1}), ConfigError);
  CHECK_THROWS_AS(import_mimo(Mlp<T>({4, 16, 3, 2}, Key(1)), {.members = 0}), ConfigError);
  CHECK_THROWS_WITH_AS(test::output_of(make({}), Tensor<T>({0, 3}), Pass<T>::train(Key(1))),
                       "Mimo: x is (0, 3); it needs a row", ShapeError);
  const Mimo<T> odd(Mlp<T>({2 * 3, 5, 3, 1}, Key(1)), {});
  CHECK_THROWS_WITH_AS(
      test::output_of(odd, Tensor<T>({4, 3}), Pass<T>::evaluate()),
      "Mimo: the network answers 4 rows with (4, 3); it needs as many rows, and a multiple of 2 columns", ShapeError);
}
