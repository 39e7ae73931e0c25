// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "data/small_table.hpp"
#include "support.hpp"
#include "wsym/ensemble/model_file.hpp"
#include "wsym/nn/experts/sparse_moe.hpp"
#include "wsym/nn/members/mimo.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/optim/sgd.hpp"

#ifndef WSYM_TESTS_FOLDER
#define WSYM_TESTS_FOLDER "tests"
#endif

/// Files that version 0.1 (b4bdb2d) wrote: without settings, of format 1.
using namespace wsym;

namespace {

std::string golden(const char* name) {
  return std::string(WSYM_TESTS_FOLDER "/ensemble/golden_0_1/") + name + ".safetensors";
}

/// What the files' predictions were made from.
Tensor<float> inputs(Index rows, Index cols) {
  Tensor<float> x({rows, cols});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 7 % 11) - 5) / 4;
  return x;
}

/// Loads the file into a model, whose settings 0.1 left to the caller, and compares what it predicts with what it
/// predicted when the file was written.
template <class M> void check_predictions(M model, const char* name) {
  CAPTURE(name);
  const auto metadata = load(model, golden(name));
  REQUIRE(metadata.size() == 1);
  const Json expected = Json::parse(metadata[0].second);
  const std::vector<Tensor<float>> members = predict_members(model, inputs(6, 3), Key(5));
  std::vector<double> found, wanted;
  for (const Tensor<float>& y : members) found.insert(found.end(), y.data(), y.data() + y.size());
  for (const Json& number : expected.items()) wanted.push_back(number.number());
  CHECK(test::worst_error(found, wanted) < 1e-6);
}

constexpr MlpSize size{.in = 3, .hidden = 4, .out = 2, .hidden_layers = 1};

}  // namespace

TEST_CASE("golden: models of 0.1 predict what they predicted, with the caller's settings") {
  check_predictions(Mlp<float>(size, Key(90)), "mlp");
  check_predictions(Mlp<float>(size, Key(90)), "w_asymmetric_mlp");
  check_predictions(SparseMoe<float>(3, size, {.choices = 2, .noise = 0.5}, {.evaluate = {1.0}}, Key(90)),
                    "sparse_moe");
  check_predictions(
      MixtureOfExperts<float>(2, size, {.kind = GateKind::gumbel, .temperature = 0.5, .samples = 3}, Key(90)),
      "gumbel_moe");
  check_predictions(TabM<float>({.mlp = size, .members = 3, .dropout_rate = 0.25}, Key(90)), "tabm");
  check_predictions(Mimo<float>(Mlp<float>({9, 4, 6, 1}, Key(90)), {.members = 3}), "mimo");
}

TEST_CASE("golden: what 0.1 froze stays frozen") {
  Mlp<float> mlp(size, Key(90));
  load(mlp, golden("w_asymmetric_mlp"));
  const Mlp<float> made(size, {.mask = Key(9), .n_fix = {1, 1}}, Key(2));
  for (std::size_t l = 0; l < 2; ++l)
    CHECK(mlp.layers[l].weight.frozen().index == made.layers[l].weight.frozen().index);
}

TEST_CASE("golden: a model of 0.1 loads as a type alone; it names none") {
  const auto mlp = load<Mlp<float>>(golden("mlp"));
  CHECK(mlp.layers[1].weight.shape() == Shape{2, 4});
  CHECK_THROWS_WITH_AS((load_any<Mlp<float>, TabM<float>>(golden("mlp"))),
                       doctest::Contains(": names no model type; load it as a type that you know"), FormatError);
}

TEST_CASE("golden: a served ensemble of 0.1 predicts what it predicted") {
  const std::vector<Index> rows{0, 1, 2, 3};
  const auto served = load_model<Mlp<float>>(golden("served_mlp"));
  CHECK(served.ensemble.average == Average::probabilities);
  CHECK(served.ensemble.members.size() == 2);
  CHECK(served.temperature == 1);
  CHECK(served.provenance == Provenance{.version = "0.1.0"});
  const std::vector<double> wanted{0.4620576500892639,  0.5379424095153809, 0.40731585025787354, 0.5926841497421265,
                                   0.49164390563964844, 0.5083560943603516, 0.5096317529678345,  0.4903682470321655};
  CHECK(test::worst_error(predict<float>(served, test::labelled_table(), rows), wanted) < 1e-6);
}

TEST_CASE("golden: a run that 0.1 stopped goes on to where 0.1 would have come") {
  const Dataset<float> data{inputs(12, 3), inputs(12, 2), {}, {TaskKind::regression, 2}};
  const FitOptions options{.epochs = 40, .batch_size = 5};
  RunState state(Mlp<float>(size, Key(90)), AdamW<float>({.rate = 1e-2}));
  const auto metadata = load(state, golden("run_state"));
  REQUIRE(metadata.size() == 2);
  const Json progress = Json::parse(metadata[0].second);
  CHECK(state.epoch == 7);
  CHECK(state.best_epoch == 7);
  CHECK(state.best_loss == progress[2].number());
  CHECK(state.train_loss == progress[3].number());
  CHECK(state.valid_loss == progress[4].number());
  CHECK(state.optimizer.steps() == 21);
  const FitReport report = fit(state, data, data, options, Key(8));
  CHECK(report.epochs_run == 40);
  CHECK(report.best_loss == doctest::Approx(0.4432976245880127).epsilon(1e-5));

  RunState sgd(Mlp<float>(size, Key(90)), Sgd<float>({.rate = 1e-2}));
  load(sgd, golden("run_state_sgd"));
  CHECK(sgd.epoch == 7);
}
