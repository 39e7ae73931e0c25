// SPDX-License-Identifier: MIT
#include "asymmetry/moe_trainer.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "papers/asymmetry/noise.hpp"
#include "papers/asymmetry/records.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

Options options(const std::string& preset = "text") {
  Options o;
  o.preset = preset;
  o.epochs = 3;
  o.batch_size = 32;
  return o;
}

Cell cell(const std::string& model, const std::string& gate = "softmax", Index experts = 3,
          const std::string& variant = "") {
  Cell result = sample::mixture(model, experts, 0, gate);
  result.variant = variant;
  return result;
}

const std::atomic<bool> go_on = false;

/// The record without what may differ between two runs.
Json line(MemberRecord record) {
  record.seconds = 0;
  Json json = to_json(sample::accuracy, record);
  json["session"] = Json();
  return json;
}

}  // namespace

TEST_CASE("moe_trainer: every model and gate trains to the same record and weights each time") {
  for (const TaskKind kind : {TaskKind::regression, TaskKind::classification}) {
    const Prepared<float> data = noise::prepared(kind);
    const MoeTrainer trainer(data, options());
    const ScratchFolder folder;
    for (const char* gate : {"softmax", "gumbel"})
      for (const char* model : {"mlp", "wmlp", "imlp", "iwmlp"}) {
        const MemberRecord first = *trainer.train(cell(model, gate), 0, folder.path + "/a", go_on);
        CHECK(line(*trainer.train(cell(model, gate), 0, folder.path + "/b", go_on)) == line(first));
        CHECK(read_file(folder.path + "/a") == read_file(folder.path + "/b"));
        CHECK(first.epochs_run == 3);
        CHECK(std::isfinite(first.test.metric));
        CHECK(first.gate.epochs.size() == 3);
        CHECK((first.frozen > 0) == asymmetric(model));
      }
  }
}

TEST_CASE("moe_trainer: the weights that are saved are those that were scored") {
  const Prepared<float> data = noise::prepared(TaskKind::classification);
  const MoeTrainer trainer(data, options());
  const ScratchFolder folder;
  const MemberRecord record = *trainer.train(cell("wmlp"), 0, folder.path + "/a", go_on);
  MixtureOfExperts<float> mixture = trainer.mixture(cell("wmlp"));
  load(mixture, folder.path + "/a");
  const Score score = score_of(predict(mixture, data.test.x, 2), data.test);
  CHECK(score.metric == record.test.metric);
  CHECK(score.loss == record.test.loss);
  CHECK(count(mixture).parameters == record.parameters);
  CHECK(count(mixture).frozen == record.frozen);
  CHECK(trainer.cost(cell("wmlp")).epoch_flops ==
        static_cast<double>(count(mixture).weights) * double(6 * data.train.rows() + 2 * data.valid.rows()));
  Workspace<float> workspace;
  const GateUse use = gate_use(mixture.gate, data.train.x, workspace);
  CHECK(record.gate.reported.entropy == significant(use.entropy, 4));
  CHECK(record.gate.reported.mean[2] == significant(use.mean[2], 4));
}

TEST_CASE("moe_trainer: the gate of each epoch is a mean of probability vectors, and the reported one is the best's") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  Options o = options();
  o.lr = 0.05;  // so large that the last epoch is not the best
  o.epochs = 40;
  o.patience = 8;
  const ScratchFolder folder;
  const MemberRecord record = *MoeTrainer(data, o).train(cell("mlp", "gumbel"), 0, folder.path + "/a", go_on);
  REQUIRE(record.best_epoch < record.epochs_run);
  for (const GateRecord& epoch : record.gate.epochs) {
    CHECK(std::accumulate(epoch.mean.begin(), epoch.mean.end(), 0.0) == doctest::Approx(1).epsilon(1e-3));
    CHECK(epoch.entropy > 0);
    CHECK(epoch.entropy <= std::log(3.0) + 1e-3);
    CHECK(epoch.least <= epoch.greatest);
  }
  CHECK(record.gate.reported.mean == record.gate.epochs[static_cast<std::size_t>(record.best_epoch - 1)].mean);
  o.preset = "code";
  const MemberRecord last = *MoeTrainer(data, o).train(cell("mlp", "gumbel"), 0, folder.path + "/b", go_on);
  CHECK(last.gate.reported.mean == last.gate.epochs.back().mean);
}

TEST_CASE("moe_trainer: of more than 16 experts the epochs keep no vectors") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const ScratchFolder folder;
  const MemberRecord record =
      *MoeTrainer(data, options()).train(cell("mlp", "softmax", 17), 0, folder.path + "/a", go_on);
  CHECK(record.gate.epochs[0].mean.empty());
  CHECK(record.gate.epochs[0].greatest > record.gate.epochs[0].least);
  CHECK(record.gate.reported.mean.size() == 17);
}

TEST_CASE("moe_trainer: the presets differ in depth, activation and n_fix of interpolated experts alone") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const MoeTrainer text(data, options()), code(data, options("code"));
  for (const MoeTrainer* trainer : {&text, &code}) {
    const auto expert = trainer->mixture(cell("wmlp")).experts[0];
    CHECK(expert.layers.size() == 4);
    CHECK(expert.layers[1].weight.frozen().size() == 16 * 2);
    CHECK(trainer->mixture(cell("wmlp", "gumbel")).gate.options.temperature == 2);
    CHECK(trainer->mixture(cell("wmlp", "gumbel")).gate.options.samples == 10);
    CHECK_FALSE(trainer->interpolated(cell("imlp")).options.average_outputs);
  }
  CHECK(text.interpolated(cell("iwmlp")).experts[0].layers.size() == 4);
  CHECK(code.interpolated(cell("iwmlp")).experts[0].layers.size() == 5);
  CHECK_FALSE(text.interpolated(cell("iwmlp")).options.relu);
  CHECK(code.interpolated(cell("iwmlp")).options.relu);
  Cell wide = cell("iwmlp");
  wide.hidden = 64;
  CHECK(text.interpolated(wide).experts[0].layers[1].weight.frozen().size() == 64 * 3);
  CHECK(code.interpolated(wide).experts[0].layers[1].weight.frozen().size() == 64 * 2);
}

TEST_CASE("moe_trainer: experts share one mask, own their free weights, and start alike in mixtures of any size") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const MoeTrainer trainer(data, options());
  const MixtureOfExperts<float> two = trainer.mixture(cell("wmlp", "softmax", 2)),
                                four = trainer.mixture(cell("wmlp", "gumbel", 4));
  CHECK(two.experts[0].layers[0].weight.frozen() == two.experts[1].layers[0].weight.frozen());
  CHECK(distance(two.experts[0], two.experts[1]) > 0);
  CHECK(distance(two.experts[1], four.experts[1]) == 0);
  const auto first_mask = [&](const std::string& variant, Index repeat) {
    Cell one = cell("wmlp", "softmax", 2, variant);
    one.repeat = repeat;
    return trainer.mixture(one).experts[0].layers[0].weight.frozen();
  };
  CHECK(first_mask("", 0) == first_mask("", 1));
  CHECK_FALSE(first_mask("mask_scope=repetition", 0) == first_mask("mask_scope=repetition", 1));
}

TEST_CASE("moe_trainer: variants set the gate's options and the weight decay") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const MoeTrainer trainer(data, options());
  const GateOptions gate =
      trainer.mixture(cell("mlp", "gumbel", 2, "temperature=0.5;gate_samples=3;expert_dropout=0.25;balance=0.01"))
          .gate.options;
  CHECK(gate.kind == GateKind::gumbel);
  CHECK(gate.temperature == 0.5);
  CHECK(gate.samples == 3);
  CHECK(gate.dropout == 0.25);
  CHECK(gate.balance == 0.01);
  CHECK(trainer.interpolated(cell("imlp", "gumbel", 2, "moie_average=outputs")).options.average_outputs);
  const ScratchFolder folder;
  const auto loss = [&](const char* variant) {
    return trainer.train(cell("mlp", "softmax", 2, variant), 0, folder.path + "/a", go_on)->test.loss;
  };
  for (const char* variant : {"weight_decay=0.3", "expert_dropout=0.3", "balance=0.1"})
    CHECK(loss(variant) != loss(""));
  CHECK(loss("weight_decay=0.03") == loss(""));
}

TEST_CASE("moe_trainer: a stop leaves neither record nor weights; a diverged mixture is a cell without healthy ones") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const std::atomic<bool> stop = true;
  const ScratchFolder folder;
  CHECK_FALSE(MoeTrainer(data, options()).train(cell("mlp"), 0, folder.path + "/a", stop).has_value());
  Options o = options();
  o.lr = 1e30;
  const MoeTrainer trainer(data, o);
  const MemberRecord record = *trainer.train(cell("mlp"), 0, folder.path + "/a", go_on);
  CHECK(record.diverged);
  CHECK(line(member_from_json(sample::accuracy, to_json(sample::accuracy, record))) == line(record));
  CHECK_FALSE(std::filesystem::exists(folder.path + "/a"));
  const CellRecord evaluated = trainer.evaluate(cell("mlp"), 1, {});
  CHECK(evaluated.members == 1);
  CHECK(evaluated.healthy == 0);
}

TEST_CASE("moe_trainer: what cannot be built is refused before any training") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  Cell narrow = cell("wmlp");
  narrow.hidden = 1;
  CHECK_THROWS_WITH_AS(MoeTrainer(data, options()).cost(narrow), doctest::Contains("n_fix is 1 but the fan-in is 1"),
                       ConfigError);
}
