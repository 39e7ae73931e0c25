// SPDX-License-Identifier: MIT
#include "sparse_ensembles/any_network.hpp"

#include <doctest/doctest.h>

#include "data/small_table.hpp"
#include "io/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
template <class M> void check_described(const M& network, const std::string& type) {
  const ScratchFolder folder;
  save(network, folder / "network");
  const std::string text = describe(folder / "network");
  CHECK(text.find("network: " + type + "\nparameters: " + std::to_string(count(network).parameters) + ", ") !=
        text.npos);
}
}  // namespace

TEST_CASE("describe: every type of network that the programs train is known") {
  const MlpSize size{.in = 3, .hidden = 4, .out = 2, .hidden_layers = 1};
  check_described(Mlp<float>(size, Key(1)), "mlp<float>");
  check_described(MixtureOfExperts<float>(2, size, {}, Key(1)), "mixture_of_experts<float, mlp<float>>");
  check_described(MixtureOfInterpolatedExperts<float>(2, size, {}, Key(1)), "mixture_of_interpolated_experts<float>");
  const System system{.members = 2, .experts = 4, .top_k = 2, .width = 8, .hidden = 8};
  check_described(dense_network(system, 3, 2, Key(1)), "residual_mlp<float, feed_forward<float>>");
  check_described(sparse_network(system, 3, 2, Key(1)), "residual_mlp<float, sparse_moe<float, mlp<float>>>");
  check_described(batch_ensemble(system, 3, 2, Key(1)), "residual_mlp<float, batch_ensemble_feed_forward<float>>");
  check_described(tabm(system, 3, 2, Key(1)), "tabm<float>");
  check_described(mimo(system, 3, 2, Key(1)), "mimo<float, residual_mlp<float, sparse_moe<float, mlp<float>>>>");
  check_described(MultiPred<float>{sparse_network(system, 3, 2, Key(1))}, "multi_pred<float, mlp<float>>");
}

TEST_CASE("describe: a served model's columns, classes, calibration and provenance") {
  const ScratchFolder folder;
  const Table table = test::labelled_table();
  ServedModel<Mlp<float>> served{{{}, {TaskKind::classification, 2}, Average::logits},
                                 Preprocessor::fit(table, test::train)};
  served.ensemble.members = {Mlp<float>({served.preprocessor.features(), 5, 2, 1}, Key(1))};
  served.temperature = 1.5;
  served.provenance = {.version = "0.1.0", .command = "train", .data_hash = {}, .commit = "abc"};
  save_model(served, folder / "model");
  const std::string text = describe(folder / "model"), parts = text.substr(text.find('\n') + 1);
  const std::string expected =
      "a served model: classification of 'y', networks: 1\n"
      "columns: x (number) colour (category); without a schema\n"
      "classes: no yes\ntemperature: 1.5\nmade by: wsym 0.1.0\ncommand: train\ncommit: abc\n"
      "parameters: 37, 0 of them frozen\n  members.0.layers.0.weight (5, 4)\n";
  CHECK(parts.substr(0, expected.size()) == expected);
}

TEST_CASE("describe: a file of another type, or of no model, is refused") {
  const ScratchFolder folder;
  save(Linear<float>(2, 3, Key(1)), folder / "layer");
  CHECK_THROWS_AS(describe(folder / "layer"), FormatError);
  write_file_atomically(folder / "text", "no model");
  CHECK_THROWS_AS(describe(folder / "text"), FormatError);
}
