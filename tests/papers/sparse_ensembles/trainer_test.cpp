// SPDX-License-Identifier: MIT
#include "sparse_ensembles/trainer.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "lab/journal_lines.hpp"
#include "sparse_ensembles/maker.hpp"
#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
const std::atomic<bool> go = false;

/// Blobs: class c lies around its own point.
Dataset<float> blobs(Index rows, Index classes, const Key& key) {
  Dataset<float> data{Tensor<float>({rows, 6}), Tensor<float>(), {}, {TaskKind::classification, classes}};
  for (Index i = 0; i < rows; ++i) {
    const auto label = static_cast<std::int32_t>(i % classes);
    data.labels.push_back(label);
    for (Index j = 0; j < 6; ++j)
      data.x(i, j) = static_cast<float>(2 * Key(9).child(label).normal(j) + key.normal(6 * i + j));
  }
  return data;
}
datasets::Prepared<float> prepared(Index classes = 6) {
  datasets::Prepared<float> data;
  data.name = "blobs";
  data.train = blobs(240, classes, Key(1)), data.valid = blobs(60, classes, Key(2)),
  data.test = blobs(90, classes, Key(3));
  return data;
}
Options options_of(const std::string& recipe = "adamw") {
  Options options;
  options.recipe = recipe;
  options.epochs = 4, options.patience = 16, options.batch_size = 64;
  options.lr = recipe == "sgd" ? 0.03 : 3e-3;
  return options;
}
System small() {
  System system;
  system.width = 8, system.hidden = 12, system.experts = 4;
  return system;
}
Json line(const Record& record) {
  return lab::without_session(to_json(record));
}
}  // namespace

TEST_CASE("trainer: every model learns something, is measured whole and gives the same record again") {
  const datasets::Prepared<float> data = prepared();
  const Trainer trainer(data, options_of());
  const Maker make(small());
  for (const std::string& model : model_names()) {
    CAPTURE(model);
    const System system = make(model.c_str(), model == "multi_pred" ? 2 : 1, 2,
                               [](System& s) { s.shared = s.model == "overlap" ? 2 : 0; });
    trainer.check(system);
    const auto record = trainer.train(system, 0, go);
    REQUIRE(record);
    CHECK_FALSE(record->diverged);
    CHECK(record->number("nll") < std::log(6.0));
    CHECK(record->number("error") < 0.8);
    const bool members = model != "mlp" && model != "moe" && model != "partitioning";
    CHECK(std::isfinite(record->number("kl")) == members);
    CHECK(std::isfinite(record->number("nll_2")) == members);
    CHECK(std::isfinite(record->number("nll_3")) == false);
    if (members)
      for (const std::string name : {"nll", "error", "ece"})
        CHECK(record->number("member_" + name) ==
              doctest::Approx((record->number(name + "_1") + record->number(name + "_2")) / 2));
    CHECK((record->load.size() == 2) ==
          (sparse(system) && model != "multi_pred" && model != "mimo" && model != "deep_ensemble"));
    CHECK(record->number("train_flops") > record->number("forward_flops"));
    CHECK(record->reliability.size() == 15);
    CHECK(line(*trainer.train(system, 0, go)) == line(*record));
    CHECK(line(*trainer.train(system, 1, go)) != line(*record));
  }
}

TEST_CASE("trainer: a network on its own is the first member of the deep ensemble") {
  const datasets::Prepared<float> data = prepared();
  const Trainer trainer(data, options_of());
  const Maker make(small());
  const auto one = trainer.train(make("moe"), 0, go), two = trainer.train(make("deep_ensemble", 1, 2), 0, go);
  CHECK(two->number("nll_1") == doctest::Approx(one->number("nll")).epsilon(1e-6));
  CHECK(two->number("nll_2") != one->number("nll"));
  CHECK(two->number("parameters") == 2 * one->number("parameters"));
  CHECK(two->number("train_flops") > 1.9 * one->number("train_flops"));
  CHECK(two->number("nll") < (one->number("nll") + two->number("nll_2")) / 2);
}

TEST_CASE("trainer: nested deep ensembles have the records that each has alone") {
  const datasets::Prepared<float> data = prepared();
  const Trainer trainer(data, options_of());
  const Maker make(small());
  for (const char* start : {"scratch", "upstream"}) {
    std::vector<System> nested;
    for (const Index members : {1, 2, 4})
      nested.push_back(make("deep_ensemble", 1, members, [=](System& s) { s.start = start; }));
    CHECK(nest(nested[0], nested[2]));
    const std::vector<Record> records = trainer.train(nested, 0, go);
    REQUIRE(records.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(line(records[i]) == line(*trainer.train(nested[i], 0, go)));
  }
  CHECK_FALSE(nest(make("deep_ensemble", 1, 2), make("deep_ensemble", 2, 4)));
  CHECK_FALSE(nest(make("e3", 1, 2), make("e3", 1, 4)));
}

TEST_CASE("trainer: Monte Carlo dropout samples the network that a moe predicts with") {
  const datasets::Prepared<float> data = prepared();
  const Trainer trainer(data, options_of());
  const Maker make(small());
  const auto one = trainer.train(make("moe"), 0, go), samples = trainer.train(make("mc_dropout", 1, 2), 0, go);
  CHECK(samples->number("epochs") == one->number("epochs"));
  CHECK(samples->number("train_flops") == one->number("train_flops"));
  CHECK(samples->number("nll") != one->number("nll"));
  CHECK(samples->number("nll") == doctest::Approx(one->number("nll")).epsilon(0.3));
  CHECK_THROWS_AS(trainer.check(make("mc_dropout", 1, 2, [](System& s) { s.dropout = 0; })), ConfigError);
}

TEST_CASE("trainer: without noise the members of tiling alone are one, with it they differ") {
  const datasets::Prepared<float> data = prepared();
  const Trainer trainer(data, options_of());
  const Maker make(small());
  const auto kl = [&](double noise) {
    return trainer.train(make("tiling", 1, 2, [=](System& s) { s.noise = noise; }), 0, go)->number("kl");
  };
  CHECK(kl(0) == 0);
  CHECK(kl(1) > 0);
}

TEST_CASE("trainer: upstream networks are fine-tuned, permuted or not, and down-ensembles share one") {
  const Maker make(small());
  for (const Index classes : {6, 2}) {  // half of the classes, or features behind a mask
    const datasets::Prepared<float> data = prepared(classes);
    const Trainer trainer(data, options_of());
    for (const System& system : {make.from_upstream("e3", 1, 2, 2), make.from_upstream("e3", 1, 2, 2, 3),
                                 make.from_upstream("deep_ensemble", 1, 2, 1)}) {
      CAPTURE(to_text(system));
      const auto record = trainer.train(system, 0, go);
      REQUIRE(record);
      CHECK(record->number("nll") < std::log(static_cast<double>(classes)));
    }
  }
  const datasets::Prepared<float> data = prepared();
  CHECK_THROWS_AS(Trainer(data, options_of()).train(make.from_upstream("tabm", 1, 2, 1), 0, go), ConfigError);
}

TEST_CASE("trainer: with classes held out it tells their rows apart and learns them from few shots") {
  const datasets::Prepared<float> data = prepared(9);
  const Trainer trainer(data, options_of());
  const auto record = trainer.train(Maker(small())("e3", 1, 2, [](System& s) { s.classes = "seen"; }), 0, go);
  for (const char* name : {"auroc", "aupr", "fpr95", "few_shot_joint_1", "few_shot_disjoint_25"}) {
    CAPTURE(name);
    CHECK(record->number(name) >= 0);
    CHECK(record->number(name) <= 1);
  }
  CHECK(record->number("few_shot_joint_25") < 0.5);  // of three classes
  CHECK(std::isnan(trainer.train(Maker(small())("e3", 1, 2), 0, go)->number("auroc")));
}

TEST_CASE("trainer: rows of another data set are told apart too") {
  const datasets::Prepared<float> data = prepared();
  Tensor<float> far({50, 6}, 100.0f);
  const auto record = Trainer(data, options_of(), far).train(Maker(small())("mlp"), 0, go);
  CHECK(std::isfinite(record->number("other_auroc")));
}

TEST_CASE("trainer: the recipe of momentum and cosine learns too") {
  const datasets::Prepared<float> data = prepared();
  const auto record = Trainer(data, options_of("sgd")).train(Maker(small())("moe"), 0, go);
  CHECK(record->number("nll") < std::log(6.0));
  CHECK(record->number("epochs") == 4);
}

TEST_CASE("trainer: stops where it is told, and says what diverged") {
  const datasets::Prepared<float> data = prepared();
  const std::atomic<bool> stop = true;
  CHECK_FALSE(Trainer(data, options_of()).train(small(), 0, stop));
  Options wild = options_of("sgd");
  wild.lr = 1e30;
  const auto record = Trainer(data, wild).train(small(), 0, go);
  REQUIRE(record);
  CHECK(record->diverged);
  CHECK(std::isnan(record->number("nll")));
}

TEST_CASE("trainer: refuses what cannot be built, with the numbers") {
  const datasets::Prepared<float> data = prepared(), two = prepared(2);
  const Trainer trainer(data, options_of());
  const Maker make(small());
  CHECK_THROWS_WITH_AS(
      trainer.check(make("e3", 1, 3)),
      "e3 (K=1, M=3), experts=4, width=8, hidden=12: Router: 4 experts, 0 of them shared, do not divide "
      "among 3 members",
      ConfigError);
  CHECK_THROWS_AS(trainer.check(make("moe", 5)), ConfigError);                                          // K > E
  CHECK_THROWS_AS(trainer.check(make("e3", 1, 3)), ConfigError);                                        // E / M
  CHECK_THROWS_AS(trainer.check(make("e3", 3, 2)), ConfigError);                                        // K > E / M
  CHECK_THROWS_AS(trainer.check(make("overlap", 1, 2, [](System& s) { s.shared = 3; })), ConfigError);  // (E - s) / M
  CHECK_THROWS_AS(trainer.check(make("moe", 1, 1, [](System& s) { s.capacity = 0; })), ConfigError);
  CHECK_THROWS_AS(trainer.check(make("moe", 1, 1, [](System& s) { s.eval_capacity = -1; })), ConfigError);
  for (const char* model : {"batch_ensemble", "mimo", "multi_pred", "tabm"})
    CHECK_THROWS_WITH_AS(trainer.check(make.from_upstream(model, 1, 2, 1)), doctest::Contains("start=upstream is for"),
                         ConfigError);
  CHECK_THROWS_AS(Trainer(two, options_of()).check(make("moe", 1, 1, [](System& s) { s.classes = "seen"; })),
                  ConfigError);
}
