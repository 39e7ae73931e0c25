// SPDX-License-Identifier: MIT
// A row draws the same in whatever block of rows it is predicted.
#include "nn/drawing.hpp"
#include "wsym/nn/predict_members.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// The answers of all members, one after the other, with everything drawn, from blocks of at most so many rows.
template <Real T, class M>
std::vector<Tensor<T>> in_blocks(const M& model, const Tensor<T>& x, Index block, bool draws = true) {
  std::vector<Tensor<T>> members;
  for (Index first = 0; first < x.rows(); first += block) {
    const Index rows = std::min(block, x.rows() - first);
    const Pass<T> pass = Pass<T>::evaluate(Key(7), first, rows).with_dropout(draws).with_router_noise(draws);
    const Tensor<T> y = test::output_of(model, test::rows_of(x, first, rows), pass);
    members.resize(static_cast<std::size_t>(y.rows() / rows), Tensor<T>({x.rows(), y.cols()}));
    const std::vector<Tensor<T>> own = test::split(y, y.rows() / rows);
    for (std::size_t m = 0; m < own.size(); ++m) members[m].mat().middleRows(first, rows) = own[m].mat();
  }
  return members;
}
template <Real T> bool equal_answers(const std::vector<Tensor<T>>& a, const std::vector<Tensor<T>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Tensor<T>& x, const Tensor<T>& y) { return same_bits(x, y); });
}
}  // namespace

TEST_CASE_TEMPLATE(
    "blocks: with all that draws, blocks of 1, 7, 256 and all rows have the same bits, for every network", T, float,
    double) {
  const Tensor<T> x = random_tensor<T>({300, 5}, Key(2));
  test::for_each_drawing<T>([&](const char* name, const auto& model) {
    CAPTURE(name);
    const std::vector<Tensor<T>> whole = in_blocks(model, x, 300);
    for (const Index block : {1, 7, 256}) CHECK(equal_answers(in_blocks(model, x, block), whole));
    const bool gate = std::string(name).starts_with("mixture");  // draws at evaluation, whatever the switches say
    if (!gate) CHECK_FALSE(equal_answers(in_blocks(model, x, 300, false), whole));
    for (std::size_t m = 1; m < whole.size(); ++m) CHECK_FALSE(same_bits(whole[m], whole[0]));
  });
}

TEST_CASE_TEMPLATE("blocks: predict_members has the draws of one pass over all rows", T, float, double) {
  const Tensor<T> x = random_tensor<T>({300, 5}, Key(2));
  test::for_each_drawing<T>([&](const char* name, const auto& model) {
    CAPTURE(name);
    const auto drawing = [&](Var<T> rows, const Pass<T>& pass) {
      return model(rows, pass.with_dropout(true).with_router_noise(true));
    };
    CHECK(equal_answers(predict_members(drawing, x, Key(7)), in_blocks(model, x, 300)));
  });
}
