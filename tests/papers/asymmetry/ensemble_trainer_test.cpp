// SPDX-License-Identifier: MIT
#include "asymmetry/ensemble_trainer.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/noise.hpp"
#include "papers/asymmetry/records.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/nn/module.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

Options options() {
  Options o;
  o.epochs = 3;
  o.batch_size = 32;
  return o;
}

Cell variant(const std::string& text, Index repeat = 0, Index hidden = 16) {
  Cell cell = sample::cell("wmlp", hidden, repeat);
  cell.variant = text;
  return cell;
}

const std::atomic<bool> go_on = false;

struct Trained {
  MemberRecord record;
  Mlp<float> network;
};

/// Trains the members of a cell and evaluates it.
CellRecord whole_cell(const EnsembleTrainer& trainer, const Cell& cell, Index members, std::vector<Trained>& trained) {
  const ScratchFolder folder;
  std::vector<std::string> files;
  for (Index member = 0; member < members; ++member) {
    files.push_back(folder.path + "/" + std::to_string(member));
    trained.push_back({*trainer.train(cell, member, files.back(), go_on), trainer.network(cell, member)});
    load(trained.back().network, files.back());
  }
  return trainer.evaluate(cell, members, files);
}

Index frozen_rows_that_differ(const Mlp<float>& a, const Mlp<float>& b) {
  return a.layers[1].weight.frozen() == b.layers[1].weight.frozen() ? 0 : 1;
}

}  // namespace

TEST_CASE("ensemble_trainer: a network depends on its own place alone, and its weights are those that were scored") {
  for (const TaskKind kind : {TaskKind::regression, TaskKind::classification}) {
    const Prepared<float> data = noise::prepared(kind);
    const EnsembleTrainer trainer(data, options());
    const ScratchFolder folder;
    const Cell cell = sample::cell("wmlp", 16, 2);
    const MemberRecord first = *trainer.train(cell, 1, folder.path + "/a", go_on);
    trainer.train(cell, 0, folder.path + "/b", go_on);
    MemberRecord again = *trainer.train(cell, 1, folder.path + "/c", go_on);
    again.seconds = first.seconds;
    CHECK(to_json(sample::accuracy, again) == to_json(sample::accuracy, first));
    CHECK(read_file(folder.path + "/a") == read_file(folder.path + "/c"));
    CHECK(read_file(folder.path + "/a") != read_file(folder.path + "/b"));
    Mlp<float> network = trainer.network(cell, 1);
    load(network, folder.path + "/a");
    CHECK(score_of(predict(network, data.test.x, data.test.task.outputs), data.test).metric == first.test.metric);
    CHECK(first.epochs_run == 3);
    CHECK(first.parameters == count(network).parameters);
    CHECK(first.frozen == count(network).frozen);
  }
}

TEST_CASE("ensemble_trainer: the preset decides between best and last weights") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const ScratchFolder folder;
  Options o = options();
  o.lr = 0.05;  // so large that the last epoch is not the best
  o.epochs = 40;
  o.patience = 8;
  const MemberRecord best = *EnsembleTrainer(data, o).train(sample::cell(), 0, folder.path + "/a", go_on);
  Cell cell = sample::cell();
  cell.variant = "weights=last";
  const MemberRecord asked = *EnsembleTrainer(data, o).train(cell, 0, folder.path + "/c", go_on);
  o.preset = "code";
  const MemberRecord last = *EnsembleTrainer(data, o).train(sample::cell(), 0, folder.path + "/b", go_on);
  CHECK(asked.test.loss == last.test.loss);
  CHECK(best.epochs_run == last.epochs_run);
  REQUIRE(best.best_epoch < best.epochs_run);
  CHECK(best.validation.loss < last.validation.loss);
}

TEST_CASE("ensemble_trainer: masks are shared by all, by a repetition, or belong to a member") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const EnsembleTrainer trainer(data, options());
  const std::pair<const char*, std::pair<Index, Index>> scopes[] = {
      {"", {0, 0}}, {"mask_scope=repetition", {0, 1}}, {"mask_scope=member", {1, 1}}};
  for (const auto& [scope, differ] : scopes) {
    const Mlp<float> first = trainer.network(variant(scope), 0), other = trainer.network(variant(scope, 1), 0);
    CHECK(frozen_rows_that_differ(first, trainer.network(variant(scope), 1)) == differ.first);
    CHECK(frozen_rows_that_differ(first, other) == differ.second);
    CHECK_FALSE(same_bits(first.layers[0].bias.value(), other.layers[0].bias.value()));
  }
  CHECK(frozen_rows_that_differ(trainer.network(variant(""), 0), trainer.network(variant("mask_seed=1"), 0)) == 1);
  Options code = options();
  code.preset = "code";
  CHECK(frozen_rows_that_differ(EnsembleTrainer(data, code).network(variant(""), 0),
                                trainer.network(variant("mask_scope=member"), 0)) == 0);
}

TEST_CASE("ensemble_trainer: no frozen entries train to the bits of an mlp") {
  const Prepared<float> data = noise::prepared(TaskKind::classification);
  const EnsembleTrainer trainer(data, options());
  const ScratchFolder folder;
  const MemberRecord plain = *trainer.train(sample::cell("mlp"), 1, folder.path + "/a", go_on),
                     none = *trainer.train(variant("n_fix=0"), 1, folder.path + "/b", go_on);
  CHECK(none.test.loss == plain.test.loss);
  CHECK(none.frozen == 0);
  Mlp<float> a = trainer.network(sample::cell("mlp"), 1), b = a;
  load(a, folder.path + "/a");
  load(b, folder.path + "/b");
  CHECK(distance(a, b) == 0);
}

TEST_CASE("ensemble_trainer: variants freeze other entries, other values, or none") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const EnsembleTrainer trainer(data, options());
  const auto first = [&](const std::string& text) {
    return trainer.network(variant(text), 0).layers[0].weight;
  };
  const Parameter<float> plain = first(""), small = first("kappa=0.25"), free = first("kappa=free");
  CHECK(small.frozen().index == plain.frozen().index);
  CHECK(small.frozen().value[0] == doctest::Approx(0.25 * plain.frozen().value[0]));
  CHECK(free.frozen().value[0] == doctest::Approx(plain.frozen().value[0] / std::sqrt(3.0 * noise::features)));
  CHECK(first("n_fix=4").frozen().size() == 2 * plain.frozen().size());
  CHECK(first("frozen=trainable").frozen().size() == 0);
  CHECK(same_bits(first("frozen=trainable").value(), plain.value()));
  const Frozen<float> rows = first("frozen=same_rows").frozen(), whole = first("frozen=whole_rows").frozen();
  CHECK(rows.index[0] + noise::features == rows.index[2]);
  CHECK(rows.value[0] == rows.value[2]);
  CHECK(whole.index[1] == whole.index[0] + 1);
  CHECK(whole.size() == plain.frozen().size());
  for (const char* const text : {"frozen=all", "kappa=x"})
    CHECK_THROWS_WITH_AS(first(text), doctest::Contains("is no pair of a known key and a value of its own"),
                         FormatError);
}

TEST_CASE("ensemble_trainer: an ensemble's score is the library's prediction of those members") {
  for (const TaskKind kind : {TaskKind::regression, TaskKind::classification}) {
    const Prepared<float> data = noise::prepared(kind);
    std::vector<Trained> trained;
    const CellRecord cell = whole_cell(EnsembleTrainer(data, options()), sample::cell("wmlp"), 5, trained);
    CHECK(cell.members == 5);
    CHECK(cell.healthy == 5);
    CHECK(cell.keeps_frozen);
    REQUIRE(cell.sizes.size() == 2);
    for (const View& view : cell.sizes[1].views) {
      DeepEnsemble<Mlp<float>> ensemble{
          {}, data.test.task, view.average == "probabilities" ? Average::probabilities : Average::logits};
      for (std::size_t i = 0; i < 4; ++i) ensemble.members.push_back(trained[i].network);
      const Score score = score_of(predict(ensemble, data.test.x), data.test);
      CHECK(view.score.metric == doctest::Approx(score.metric).epsilon(1e-5));
      if (view.average != "probabilities") CHECK(view.score.loss == doctest::Approx(score.loss).epsilon(1e-5));
    }
    CHECK(cell.sizes[1].views.size() == (kind == TaskKind::regression ? 2 : 4));
  }
}

TEST_CASE("ensemble_trainer: disjoint groups average the metric of each group") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  std::vector<Trained> trained;
  const CellRecord cell = whole_cell(EnsembleTrainer(data, options()), sample::cell(), 4, trained);
  const auto pair_metric = [&](std::size_t first) {
    DeepEnsemble<Mlp<float>> pair{{trained[first].network, trained[first + 1].network}, data.test.task};
    return score_of(predict(pair, data.test.x), data.test).metric;
  };
  CHECK(cell.sizes[0].views[0].score.metric == doctest::Approx(pair_metric(0)));
  CHECK(cell.sizes[0].views[1].score.metric == doctest::Approx((pair_metric(0) + pair_metric(2)) / 2));
  CHECK(cell.sizes[1].views[0].score.metric == cell.sizes[1].views[1].score.metric);
}

TEST_CASE("ensemble_trainer: averaged weights and the ambiguity identity hold for the first k") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  std::vector<Trained> trained;
  const CellRecord cell = whole_cell(EnsembleTrainer(data, options()), sample::cell("wmlp"), 2, trained);
  const Mlp<float> middle = lerp(trained[0].network, trained[1].network, 0.5);
  CHECK(cell.sizes[0].averaged_weights.metric ==
        doctest::Approx(score_of(predict(middle, data.test.x, 1), data.test).metric));
  const double mean_loss = (trained[0].record.test.loss + trained[1].record.test.loss) / 2;
  CHECK(cell.sizes[0].views[0].score.loss == doctest::Approx(mean_loss - cell.sizes[0].diversity));
  CHECK(cell.distance.all == doctest::Approx(distance(trained[0].network, trained[1].network)));
  CHECK(cell.distance.frozen == 0);
}

TEST_CASE("ensemble_trainer: members with masks of their own are far apart in their frozen entries") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  std::vector<Trained> trained;
  const CellRecord cell = whole_cell(EnsembleTrainer(data, options()), variant("mask_scope=member"), 2, trained);
  CHECK_FALSE(cell.keeps_frozen);
  CHECK(cell.distance.frozen > cell.distance.free);
  CHECK(cell.distance.all * cell.distance.all ==
        doctest::Approx(cell.distance.frozen * cell.distance.frozen + cell.distance.free * cell.distance.free));
}

TEST_CASE("ensemble_trainer: distances at the start have the closed form of the spec, 8-64-64-64-1") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const std::pair<Cell, double> cases[] = {{sample::cell("mlp", 64), 11.6337},
                                           {variant("", 0, 64), 10.9839},
                                           {variant("mask_scope=member", 0, 64), 33.9212}};
  const EnsembleTrainer trainer(data, options());
  for (const auto& [cell, expected] : cases) {
    std::vector<Mlp<float>> networks;
    for (Index member = 0; member < 8; ++member) networks.push_back(trainer.network(cell, member));
    CHECK(mean_distance(networks).all == doctest::Approx(expected).epsilon(0.02));
  }
}

TEST_CASE("ensemble_trainer: a diverged network is reported and has no weights") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  Options o = options();
  o.lr = 1e30;
  const ScratchFolder folder;
  const auto record = EnsembleTrainer(data, o).train(sample::cell(), 0, folder.path + "/a", go_on);
  CHECK(record->diverged);
  CHECK(std::isnan(record->test.metric));
  CHECK_FALSE(std::filesystem::exists(folder.path + "/a"));
}

TEST_CASE("ensemble_trainer: weights are known again by their network, their run and a checksum") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const EnsembleTrainer trainer(data, options());
  const ScratchFolder folder;
  const std::string file = folder.path + "/a", damaged = folder.path + "/b";
  const Cell cell = sample::cell("wmlp", 16, 2);
  trainer.train(cell, 1, file, go_on);
  CHECK(trainer.fault(cell, 1, file).empty());
  CHECK(trainer.fault(cell, 0, file) == file + ": it holds the weights of 'wmlp, hidden 16, repetition 2, member 1'");
  CHECK(trainer.fault(variant("kappa=2", 2), 1, file) ==
        file + ": it holds the weights of 'wmlp, hidden 16, repetition 2, member 1'");
  Options other = options();
  other.lr = 0.5;
  CHECK(EnsembleTrainer(data, other).fault(cell, 1, file) == file + ": it was written by a run of other settings");

  const std::string bytes = read_file(file);
  const auto fault_of = [&](const std::string& changed) {
    write_file_atomically(damaged, changed);
    return trainer.fault(cell, 1, damaged);
  };
  const std::string was_changed = damaged + ": its checksum does not fit: it was changed";
  CHECK(fault_of(bytes).empty());
  CHECK(fault_of(bytes.substr(0, bytes.size() - 400) + std::string(400, '\0')) == was_changed);
  std::string flipped = bytes;
  flipped[flipped.size() - 50] = static_cast<char>(flipped[flipped.size() - 50] ^ 1);
  CHECK(fault_of(flipped) == was_changed);
  const float nan = NAN;
  std::string not_finite = bytes;
  not_finite.replace(not_finite.size() - 4, 4, reinterpret_cast<const char*>(&nan), 4);
  CHECK_FALSE(fault_of(not_finite).empty());
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, bytes.size() / 2, bytes.size() - 1})
    CHECK(fault_of(bytes.substr(0, size)).rfind(damaged + ": ", 0) == 0);
  const Mlp<float> network = trainer.network(cell, 1);
  CHECK(fault_of(to_bytes(network, {{"network", "of an earlier version"}})) ==
        damaged + ": its metadata have no 'line'");
  CHECK(trainer.fault(cell, 1, folder.path + "/none").find("cannot open '") == 0);
}

TEST_CASE("ensemble_trainer: a stop leaves neither record nor weights") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const std::atomic<bool> stop = true;
  const ScratchFolder folder;
  CHECK_FALSE(EnsembleTrainer(data, options()).train(sample::cell(), 0, folder.path + "/a", stop).has_value());
  CHECK_FALSE(std::filesystem::exists(folder.path + "/a"));
}

TEST_CASE("ensemble_trainer: a width that cannot hold its frozen entries is refused before any training") {
  const Prepared<float> data = noise::prepared(TaskKind::regression);
  const EnsembleTrainer trainer(data, options());
  CHECK(trainer.cost(sample::cell("mlp", 1)).weight_bytes > 0);
  CHECK_THROWS_WITH_AS(trainer.cost(sample::cell("wmlp", 1)), doctest::Contains("n_fix is 1 but the fan-in is 1"),
                       ConfigError);
}
