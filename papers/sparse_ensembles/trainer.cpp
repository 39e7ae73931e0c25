// SPDX-License-Identifier: MIT
#include "sparse_ensembles/trainer.hpp"

#include <chrono>
#include <cmath>

#include "lab/progress.hpp"
#include "lab/text.hpp"
#include "sparse_ensembles/trained.hpp"
#include "wsym/metrics/calibration.hpp"
#include "wsym/metrics/diversity.hpp"
#include "wsym/metrics/few_shot.hpp"
#include "wsym/metrics/ood.hpp"

namespace wsym::sparse_ensembles {
namespace {

using Members = std::vector<Tensor<float>>;
using Numbers = std::vector<std::pair<std::string, double>>;

constexpr Index shot_counts[] = {1, 5, 10, 25};

/// How good the members are together and on their own, and how they differ.
void add_scores(const Members& members, const Dataset<float>& test, Numbers& numbers) {
  const std::span<const Tensor<float>> all(members);
  const std::span<const std::int32_t> labels(test.labels);
  const Tensor<float> mean = log_mean_probabilities(all);
  numbers.emplace_back("nll", nll_from_logits(mean, labels));
  numbers.emplace_back("error", error_rate(mean, labels));
  numbers.emplace_back("brier", brier_from_logits(mean, labels));
  numbers.emplace_back("ece", ece_from_logits(mean, labels));
  if (members.size() < 2) return;
  numbers.emplace_back("kl", mean_kl(all));
  numbers.emplace_back("kl_symmetric", mean_kl(all, KlKind::symmetric));
  numbers.emplace_back("cosine", cosine_similarity(all));
  numbers.emplace_back("disagreement", disagreement(all));
  numbers.emplace_back("normalised_disagreement", normalised_disagreement(all, labels));
  const auto of_members = [&](const std::string& name, auto metric) {
    double sum = 0;
    for (std::size_t m = 0; m < members.size(); ++m) {
      const double value = metric(members[m], labels);
      numbers.emplace_back(name + "_" + std::to_string(m + 1), value);
      sum += value;
    }
    numbers.emplace_back("member_" + name, sum / static_cast<double>(members.size()));
  };
  of_members("nll", [](const auto& scores, const auto& truth) { return nll_from_logits(scores, truth); });
  of_members("error", [](const auto& scores, const auto& truth) { return error_rate(scores, truth); });
  of_members("ece", [](const auto& scores, const auto& truth) { return ece_from_logits(scores, truth); });
}

/// Whether rows from elsewhere are told from test rows by the largest mean probability.
void add_detection(const std::string& name, const Members& inside, const Members& outside, Numbers& numbers) {
  const auto confidence = [](const Members& members) {
    return confidences(log_mean_probabilities(std::span<const Tensor<float>>(members)));
  };
  const Detection found = detection(confidence(inside), confidence(outside));
  numbers.emplace_back(name + "auroc", found.auroc);
  numbers.emplace_back(name + "aupr", found.aupr);
  numbers.emplace_back(name + "fpr95", found.fpr95);
}

/// The error of ridge classifiers on features of the held-out classes, over five draws of the shots; the penalty is the
/// one of 2^-10 .. 2^19 that ranks best over the draws.
double few_shot_error(const Trained& trained, const Parts& parts, FewShot kind, Index shots, const Key& key) {
  constexpr Index draws = 5, penalties = 30;
  const Members test = trained.features(parts.novel_test.x);
  const Index classes = parts.novel_test.task.outputs;
  Tensor<double> accuracies({draws, penalties});
  for (Index d = 0; d < draws; ++d) {
    const std::vector<Index> rows =
        draw_shots(std::span<const std::int32_t>(parts.novel_train.labels), classes, shots, key.child(d));
    const Dataset<float> some = take(parts.novel_train, std::span<const Index>(rows));
    const Members train = trained.features(some.x);
    for (Index p = 0; p < penalties; ++p) {
      const Tensor<double> scores = few_shot_scores<float>(train, some.labels, test, classes, std::exp2(p - 10), kind);
      accuracies(d, p) = accuracy(scores, std::span<const std::int32_t>(parts.novel_test.labels));
    }
  }
  return 1 - accuracies.mat().col(best_mean_rank(accuracies)).mean();
}

/// As few shots as the smallest held-out class allows.
void add_few_shot(const Trained& trained, const Parts& parts, const Key& key, Numbers& numbers) {
  std::vector<Index> rows(static_cast<std::size_t>(parts.novel_train.task.outputs));
  for (const std::int32_t label : parts.novel_train.labels) ++rows[static_cast<std::size_t>(label)];
  const Index least = *std::min_element(rows.begin(), rows.end());
  for (const auto& [name, kind] : {std::pair("joint", FewShot::joint), std::pair("disjoint", FewShot::disjoint)})
    for (const Index shots : shot_counts)
      if (shots <= least)
        numbers.emplace_back(message("few_shot_", name, "_", shots),
                             few_shot_error(trained, parts, kind, shots, key.child(shots)));
}

void add_routing(const std::vector<RoutingStats>& layers, Record& record) {
  double drop_rate = 0, entropy = 0, dead = 0;
  for (const RoutingStats& layer : layers) {
    drop_rate += layer.drop_rate / static_cast<double>(layers.size());
    entropy += layer.entropy / static_cast<double>(layers.size());
    dead += static_cast<double>(layer.dead_experts);
    record.load.emplace_back();
    for (const Index load : layer.load)
      record.load.back().push_back(lab::significant(static_cast<double>(load) / static_cast<double>(layer.rows), 4));
  }
  record.numbers.emplace_back("drop_rate", drop_rate);
  record.numbers.emplace_back("router_entropy", entropy);
  record.numbers.emplace_back("dead_experts", dead);
}

void add_reliability(const Members& members, const Dataset<float>& test, Record& record) {
  const Tensor<float> mean = log_mean_probabilities(std::span<const Tensor<float>>(members));
  for (const ReliabilityBin& bin : reliability(judge(mean, std::span<const std::int32_t>(test.labels))))
    record.reliability.push_back(
        {static_cast<double>(bin.rows), lab::significant(bin.confidence, 4), lab::significant(bin.accuracy, 4)});
}

}  // namespace

bool nest(const System& a, const System& b) {
  System like_b = a;
  like_b.members = b.members;
  return a.model == "deep_ensemble" && like_b == b;
}

void Trainer::check(const System& system) const {
  try {
    check_system(system, parts_of(data_, system.classes));
  } catch (const ConfigError& error) {
    throw ConfigError(message(describe(system, options_.common), ": ", error.what()));
  }
}

std::optional<Record> Trainer::train(const System& system, Index repeat, const std::atomic<bool>& stop) const {
  std::vector<Record> records = train(std::vector<System>{system}, repeat, stop);
  if (records.empty()) return std::nullopt;
  return std::move(records[0]);
}

std::vector<Record> Trainer::train(const std::vector<System>& nested, Index repeat,
                                   const std::atomic<bool>& stop) const {
  const System& largest = nested.back();
  const Key key = Key(options_.seed).child("efficient").child(repeat);
  const Parts parts = parts_of(data_, largest.classes);
  Fitting fit(options_, stop);
  std::vector<Index> sizes;
  for (const System& system : nested) sizes.push_back(system.members);
  lab::Stopwatch watch;
  const std::vector<Trained> trained = train_system(largest, sizes, parts, fit, key);
  if (fit.stopped()) return {};
  std::vector<Record> records;
  for (std::size_t i = 0; i < nested.size(); ++i) {
    records.push_back(measured(nested[i], repeat, i < trained.size() ? &trained[i] : nullptr, parts, key));
    if (records[i].diverged) records[i].numbers.emplace_back("epochs", static_cast<double>(fit.epochs()));
    records[i].seconds = watch.seconds();
    watch = {};
  }
  return records;
}

Record Trainer::measured(const System& system, Index repeat, const Trained* trained, const Parts& parts,
                         const Key& key) const {
  Record record{.system = system, .repeat = repeat, .diverged = trained == nullptr};
  if (!trained) return record;
  Numbers& numbers = record.numbers;
  const Members inside = trained->logits(parts.test.x);
  add_scores(inside, parts.test, numbers);
  numbers.emplace_back(
      "valid_nll", nll_from_logits(log_mean_probabilities<float>(trained->logits(parts.valid.x)), parts.valid.labels));
  add_reliability(inside, parts.test, record);
  if (parts.novel_test.rows() > 0) {
    add_detection("", inside, trained->logits(parts.novel_test.x), numbers);
    if (trained->features) add_few_shot(*trained, parts, key.child("shots"), numbers);
  }
  if (other_.size() > 0) add_detection("other_", inside, trained->logits(other_), numbers);
  if (trained->routing) add_routing(trained->routing(parts.test.x), record);
  numbers.emplace_back("parameters", static_cast<double>(trained->parameters));
  numbers.emplace_back("train_flops", trained->train_flops);
  numbers.emplace_back("forward_flops", trained->forward_flops);
  numbers.emplace_back("tape_bytes", trained->bytes);
  numbers.emplace_back("epochs", static_cast<double>(trained->epochs));
  return record;
}

}  // namespace wsym::sparse_ensembles
