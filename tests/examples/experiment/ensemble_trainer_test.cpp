// SPDX-License-Identifier: MIT
#include "experiment/ensemble_trainer.hpp"

#include <doctest/doctest.h>

#include "examples/experiment/records.hpp"
#include "examples/experiment/scratch_folder.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/nn/module.hpp"

using namespace wsym;
using namespace wsym::experiment;

namespace {

constexpr Index features = 8;

/// Rows of noise whose target is a simple function of them.
Dataset<float> noise(Index rows, Task task, const Key& key) {
  Dataset<float> data{Tensor<float>({rows, features}), Tensor<float>(), {}, task};
  if (task.kind == TaskKind::regression) data.y = Tensor<float>({rows, 1});
  for (Index i = 0; i < data.x.size(); ++i) data.x[i] = static_cast<float>(key.normal(static_cast<std::uint64_t>(i)));
  for (Index row = 0; row < rows; ++row) {
    const float sum = data.x(row, 0) + data.x(row, 1) * data.x(row, 2);
    if (task.kind == TaskKind::regression)
      data.y[row] = sum;
    else
      data.labels.push_back(sum > 0 ? 1 : 0);
  }
  return data;
}

Prepared<float> prepared(TaskKind kind) {
  const Task task{kind, kind == TaskKind::regression ? 1 : 2};
  Prepared<float> data;
  data.train = noise(200, task, Key(1));
  data.valid = noise(50, task, Key(2));
  data.test = noise(60, task, Key(3));
  return data;
}

Options options(const std::string& mask_scope = "shared") {
  Options o;
  o.epochs = 3;
  o.batch_size = 32;
  o.mask_scope = mask_scope;
  return o;
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
    const Prepared<float> data = prepared(kind);
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
  const Prepared<float> data = prepared(TaskKind::regression);
  const ScratchFolder folder;
  Options o = options();
  o.lr = 0.05;  // so large that the last epoch is not the best
  o.epochs = 40;
  o.patience = 8;
  const MemberRecord best = *EnsembleTrainer(data, o).train(sample::cell(), 0, folder.path + "/a", go_on);
  o.preset = "code";
  const MemberRecord last = *EnsembleTrainer(data, o).train(sample::cell(), 0, folder.path + "/b", go_on);
  CHECK(best.epochs_run == last.epochs_run);
  REQUIRE(best.best_epoch < best.epochs_run);
  CHECK(best.validation.loss < last.validation.loss);
}

TEST_CASE("ensemble_trainer: masks are shared by all, by a repetition, or belong to a member") {
  const Prepared<float> data = prepared(TaskKind::regression);
  const Cell one = sample::cell("wmlp", 16, 0), two = sample::cell("wmlp", 16, 1);
  const std::pair<const char*, std::pair<Index, Index>> scopes[] = {
      {"shared", {0, 0}}, {"repetition", {0, 1}}, {"member", {1, 1}}};
  for (const auto& [scope, differ] : scopes) {
    const EnsembleTrainer trainer(data, options(scope));
    CHECK(frozen_rows_that_differ(trainer.network(one, 0), trainer.network(one, 1)) == differ.first);
    CHECK(frozen_rows_that_differ(trainer.network(one, 0), trainer.network(two, 0)) == differ.second);
    CHECK_FALSE(
        same_bits(trainer.network(one, 0).layers[0].bias.value(), trainer.network(two, 0).layers[0].bias.value()));
  }
  Options other = options();
  other.mask_seed = 1;
  CHECK(frozen_rows_that_differ(EnsembleTrainer(data, options()).network(one, 0),
                                EnsembleTrainer(data, other).network(one, 0)) == 1);
}

TEST_CASE("ensemble_trainer: an ensemble's score is the library's prediction of those members") {
  for (const TaskKind kind : {TaskKind::regression, TaskKind::classification}) {
    const Prepared<float> data = prepared(kind);
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
  const Prepared<float> data = prepared(TaskKind::regression);
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
  const Prepared<float> data = prepared(TaskKind::regression);
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
  const Prepared<float> data = prepared(TaskKind::regression);
  std::vector<Trained> trained;
  const CellRecord cell = whole_cell(EnsembleTrainer(data, options("member")), sample::cell("wmlp"), 2, trained);
  CHECK_FALSE(cell.keeps_frozen);
  CHECK(cell.distance.frozen > cell.distance.free);
  CHECK(cell.distance.all * cell.distance.all ==
        doctest::Approx(cell.distance.frozen * cell.distance.frozen + cell.distance.free * cell.distance.free));
}

TEST_CASE("ensemble_trainer: distances at the start have the closed form of the spec, 8-64-64-64-1") {
  const Prepared<float> data = prepared(TaskKind::regression);
  const std::tuple<const char*, const char*, double> cases[] = {
      {"mlp", "shared", 11.6337}, {"wmlp", "shared", 10.9839}, {"wmlp", "member", 33.9212}};
  for (const auto& [model, scope, expected] : cases) {
    const EnsembleTrainer trainer(data, options(scope));
    std::vector<Mlp<float>> networks;
    for (Index member = 0; member < 8; ++member) networks.push_back(trainer.network(sample::cell(model, 64), member));
    CHECK(mean_distance(networks).all == doctest::Approx(expected).epsilon(0.02));
  }
}

TEST_CASE("ensemble_trainer: a diverged network is reported and has no weights") {
  const Prepared<float> data = prepared(TaskKind::regression);
  Options o = options();
  o.lr = 1e30;
  const ScratchFolder folder;
  const auto record = EnsembleTrainer(data, o).train(sample::cell(), 0, folder.path + "/a", go_on);
  CHECK(record->diverged);
  CHECK(std::isnan(record->test.metric));
  CHECK_FALSE(std::filesystem::exists(folder.path + "/a"));
}

TEST_CASE("ensemble_trainer: a stop leaves neither record nor weights") {
  const Prepared<float> data = prepared(TaskKind::regression);
  const std::atomic<bool> stop = true;
  const ScratchFolder folder;
  CHECK_FALSE(EnsembleTrainer(data, options()).train(sample::cell(), 0, folder.path + "/a", stop).has_value());
  CHECK_FALSE(std::filesystem::exists(folder.path + "/a"));
}

TEST_CASE("ensemble_trainer: a width that cannot hold its frozen entries is refused before any training") {
  const Prepared<float> data = prepared(TaskKind::regression);
  const EnsembleTrainer trainer(data, options());
  CHECK(trainer.cost(sample::cell("mlp", 1)).weight_bytes > 0);
  CHECK_THROWS_WITH_AS(trainer.cost(sample::cell("wmlp", 1)), doctest::Contains("n_fix is 1 but the fan-in is 1"),
                       ConfigError);
}
