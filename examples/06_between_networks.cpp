// SPDX-License-Identifier: MIT
// What lies on the straight line between two trained networks: a wall, since hidden units may trade places; a lower one
// where the second network's units are put next to those of the first that they resemble. And a soup: the mean of
// networks that left one start is a network too, at the cost of one.
#include <cmath>
#include <cstdio>
#include <wsym/wsym.hpp>

using namespace wsym;

/// y = sin(2 a) cos(b) on [-2, 2]^2, with normal noise of that standard deviation.
Dataset<float> waves(Index rows, double noise, const Key& key) {
  Dataset<float> data{Tensor<float>({rows, 2}), Tensor<float>({rows, 1})};
  for (Index i = 0; i < rows; ++i) {
    const double a = 4 * key.uniform(2 * i) - 2, b = 4 * key.uniform(2 * i + 1) - 2;
    data.x(i, 0) = static_cast<float>(a), data.x(i, 1) = static_cast<float>(b);
    data.y[i] = static_cast<float>(std::sin(2 * a) * std::cos(b) + noise * key.child("noise").normal(i));
  }
  return data;
}

int main() {
  const Key key(1);
  const auto train = waves(1000, 0.3, key.child("train")), test = waves(1000, 0, key.child("test"));
  const MlpSize size{.in = 2, .hidden = 64, .out = 1};
  const auto trained = [&](Mlp<float> model, const char* stream) {
    fit(model, AdamW<float>(), train, {}, {.epochs = 30, .batch_size = 64}, key.child(stream));
    return model;
  };
  Workspace<float> workspace;  // memory that predictions use again
  const auto loss = [&](const Mlp<float>& model) {
    return evaluate(model, test, workspace);
  };
  const auto draw = [&](const char* name, const Mlp<float>& a, const Mlp<float>& b) {
    const LossBarrier line = loss_barrier(a, b, loss, 11);
    std::printf("%-26s barrier %.4f\n", name, line.barrier);
    for (std::size_t i = 0; i < line.loss.size(); ++i)
      std::printf("  %.1f %7.4f %s\n", line.lambda[i], line.loss[i],
                  std::string(static_cast<std::size_t>(std::min(60.0, std::round(100 * line.loss[i]))), '#').c_str());
  };
  const Mlp<float> a = trained(Mlp<float>(size, key.child("a")), "fit a"),
                   b = trained(Mlp<float>(size, key.child("b")), "fit b");
  draw("as trained:", a, b);
  draw("units matched:", a, apply_permutation(b, weight_matching(a, b, key.child("match"))));

  std::vector<Mlp<float>> near;
  for (const char* stream : {"fit 1", "fit 2", "fit 3", "fit 4"}) near.push_back(trained(a, stream));
  const Soup<Mlp<float>> soup = greedy_soup(std::span<const Mlp<float>>(near), loss);
  double alone = 0;
  for (const Mlp<float>& model : near) alone += loss(model) / 4;
  const double best = greedy_soup(std::span<const Mlp<float>>(near), loss).loss;
  std::printf("four that went on from the first: %.4f on average; their mean %.4f, the best soup %.4f\n", alone,
              loss(uniform_soup(std::span<const Mlp<float>>(near))), best);
}
