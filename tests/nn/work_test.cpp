// SPDX-License-Identifier: MIT
#include "wsym/nn/work.hpp"

#include "nn/members.hpp"
#include "wsym/nn/experts/sparse_moe.hpp"

using namespace wsym;

TEST_CASE_TEMPLATE("work_of: an MLP's products by the formula, forward and in training", T, float, double) {
  const Mlp<T> model({4, 16, 3, 2}, Key(1));
  const Index rows = 10, first = 2 * rows * 4 * 16, middle = 2 * rows * 16 * 16, last = 2 * rows * 16 * 3;
  const Tensor<T> x = test::random_tensor<T>({rows, 4}, Key(2));
  const Work forward = work_of(model, x, WorkMode::forward), train = work_of(model, x, WorkMode::train);
  CHECK(forward.parameters == 4 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3);
  CHECK(forward.flops == first + middle + last);
  CHECK(train.flops == 2 * first + 3 * (middle + last));  // no gradient of the input
  CHECK(train.parameters == forward.parameters);
}

TEST_CASE_TEMPLATE("work_of: FLOPs and bytes grow with the rows", T, float, double) {
  const Mlp<T> model({4, 16, 3, 2}, Key(1));
  const Work few = work_of(model, test::random_tensor<T>({100, 4}, Key(2)), WorkMode::train),
             many = work_of(model, test::random_tensor<T>({200, 4}, Key(2)), WorkMode::train);
  CHECK(many.flops == 2 * few.flops);
  CHECK(many.bytes > few.bytes);
  const std::size_t values = 100 * (16 + 16 + 3) * sizeof(T);
  CHECK(few.bytes >= 3 * values - 100 * 3 * sizeof(T));  // values, slopes of hidden layers, gradients
}

TEST_CASE_TEMPLATE("work_of: a batch ensemble costs its members' rows from the first special block on", T, float,
                   double) {
  const auto flops = [](Index members) {
    const ResidualMlpSize size{.in = 3, .out = 2, .width = 8, .hidden = 12, .members = members};
    const ResidualMlp<T, BatchEnsembleFeedForward<T>> model(size, Key(1), [&](const Key& key) {
      return BatchEnsembleFeedForward<T>(8, 12, members, ScaleInit::sign, key);
    });
    return work_of(model, test::random_tensor<T>({5, 3}, Key(2)), WorkMode::forward).flops;
  };
  const Index block = 2 * 5 * 2 * 8 * 12, head = 2 * 5 * 8 * 2;
  CHECK(flops(4) - flops(1) == 3 * (3 * block + head));
}

TEST_CASE_TEMPLATE("work_of: a sparse layer counts the rows that it sent, or all slots of its buffers", T, float,
                   double) {
  const Index rows = 24, experts = 4, expert = 2 * (8 * 12 + 12 * 8), router = 2 * 8 * experts;
  const auto of = [&](double ratio, WorkMode mode, WorkCounting counting) {
    const SparseMoe<T> moe(experts, {8, 12, 8, 1}, {.choices = 2}, {.train = {ratio}, .evaluate = {ratio}}, Key(1));
    return work_of(moe, test::random_tensor<T>({rows, 8}, Key(2)), mode, Key(3), counting).flops;
  };
  CHECK(of(dropless, WorkMode::forward, WorkCounting::actual) == rows * (router + 2 * expert));
  CHECK(of(dropless, WorkMode::forward, WorkCounting::buffers) == rows * (router + 2 * expert));
  const Index slots = 18;  // 24 rows x 2 choices x 1.5 / 4 experts
  CHECK(of(1.5, WorkMode::forward, WorkCounting::buffers) == rows * router + experts * slots * expert);
  const Index forward = of(1.5, WorkMode::forward, WorkCounting::actual), kept = (forward - rows * router) / expert;
  CHECK(kept < experts * slots);
  CHECK(of(1.5, WorkMode::train, WorkCounting::buffers) - of(1.5, WorkMode::train, WorkCounting::actual) ==
        3 * expert * (experts * slots - kept));
}
