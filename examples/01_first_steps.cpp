// SPDX-License-Identifier: MIT
// A deep ensemble of W-asymmetric MLPs on Friedman's function of five inputs: the example of the README.
#include <cmath>
#include <cstdio>
#include <numbers>
#include <wsym/wsym.hpp>

/// y = 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e + standard normal noise. Source: Friedman 1991, section 4.3.
wsym::Dataset<float> friedman(wsym::Index rows, const wsym::Key& key) {
  wsym::Dataset<float> data{wsym::Tensor<float>({rows, 5}), wsym::Tensor<float>({rows, 1})};
  for (wsym::Index i = 0; i < rows; ++i) {
    const wsym::Key row = key.child(i);
    double x[5];
    for (wsym::Index j = 0; j < 5; ++j) x[j] = row.uniform(j);
    for (wsym::Index j = 0; j < 5; ++j) data.x(i, j) = static_cast<float>(x[j]);
    data.y[i] = static_cast<float>(10 * std::sin(std::numbers::pi * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5) +
                                   10 * x[3] + 5 * x[4] + key.child("noise").normal(i));
  }
  return data;
}

int main() {
  const wsym::Key key(1);
  const auto train = friedman(400, key.child("train")), valid = friedman(200, key.child("valid")),
             test = friedman(1000, key.child("test"));

  const wsym::MlpSize size{.in = 5, .hidden = 32, .out = 1};
  auto members = wsym::train_members(8, {.threads = wsym::available_threads()}, [&](wsym::Index i) {
    const wsym::Key own = key.child("member").child(i);
    wsym::Mlp<float> model(size, wsym::WAsymmetry{.mask = key.child("mask")}, own.child("init"));
    const auto report =
        wsym::fit(model, wsym::AdamW<float>(), train, valid, {.epochs = 300, .batch_size = 32}, own.child("fit"));
    return wsym::TrainedMember<wsym::Mlp<float>>{std::move(model), report};
  });
  const auto ensemble = wsym::make_ensemble(std::move(members), train.task);
  const auto prediction = wsym::predict(ensemble, test.x);

  double single = 0;
  for (const auto& member : ensemble.members) single += wsym::rmse(wsym::predict(member, test.x, 1), test.y);
  const auto count = ensemble.members.size();
  std::printf("RMSE %.3f for one network on average, %.3f for the ensemble of %zu; the noise alone has 1\n",
              single / static_cast<double>(count), wsym::rmse(prediction, test.y), count);
}
