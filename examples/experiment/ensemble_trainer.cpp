// SPDX-License-Identifier: MIT
#include "experiment/ensemble_trainer.hpp"

#include <algorithm>
#include <chrono>

#include "wsym/ensemble/interpolate.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/metrics/classification.hpp"
#include "wsym/metrics/diversity.hpp"
#include "wsym/metrics/regression.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/fit.hpp"

namespace wsym::experiment {
namespace {

using Clock = std::chrono::steady_clock;
using Outputs = std::span<const Tensor<float>>;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Key member_key(const Options& options, const char* purpose, const Cell& cell, Index member) {
  return Key(options.seed)
      .child(purpose)
      .child(static_cast<std::uint64_t>(cell.repeat))
      .child(static_cast<std::uint64_t>(member));
}

Key mask_key(const Options& options, const Cell& cell, Index member) {
  Key key = Key(options.mask_seed).child("mask");
  if (options.mask_scope != "shared") key = key.child(static_cast<std::uint64_t>(cell.repeat));
  if (options.mask_scope == "member") key = key.child(static_cast<std::uint64_t>(member));
  return key;
}

FitOptions fit_options(const Options& options) {
  FitOptions fit;
  fit.epochs = options.epochs;
  fit.patience = options.patience;
  fit.batch_size = options.batch_size;
  fit.restore_best = preset_weights(options.preset) == "best";
  return fit;
}

AdamW<float> optimiser(const Options& options) {
  return AdamW<float>({.rate = options.lr, .decay = options.weight_decay});
}

/// The mean of f over the groups' members, which lie next to each other.
template <class F> Score mean_score(const std::vector<Index>& starts, Index size, const Outputs& outputs, F f) {
  Score sum{0, 0};
  for (const Index start : starts) {
    const Score one = f(outputs.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(size)));
    sum.metric += one.metric;
    sum.loss += one.loss;
  }
  const auto n = static_cast<double>(starts.size());
  return {sum.metric / n, sum.loss / n};
}

/// Every way of forming and averaging ensembles of a size.
std::vector<View> all_views(Index size, const Outputs& outputs, const Dataset<float>& part) {
  const bool classifies = part.task.kind == TaskKind::classification;
  std::vector<View> views;
  for (const Groups groups : {Groups::first, Groups::disjoint}) {
    const std::vector<Index> starts = group_starts(static_cast<Index>(outputs.size()), size, groups);
    const std::string name = groups == Groups::first ? "first" : "disjoint";
    const auto outputs_score = [&](Outputs group) {
      return score_of(mean_outputs(group), part);
    };
    const auto probabilities_score = [&](Outputs group) {
      return score_of(log_mean_probabilities(group), part);
    };
    views.push_back({name, classifies ? "logits" : "outputs", mean_score(starts, size, outputs, outputs_score)});
    if (classifies) views.push_back({name, "probabilities", mean_score(starts, size, outputs, probabilities_score)});
  }
  return views;
}

std::vector<const Parameter<float>*> parameters_of(const Mlp<float>& network) {
  std::vector<const Parameter<float>*> list;
  for_each_parameter(network, [&](const Parameter<float>& parameter) { list.push_back(&parameter); });
  return list;
}

/// Sums of squared differences over the entries frozen in either network, and over the others.
std::pair<double, double> squared_distances(const Mlp<float>& a, const Mlp<float>& b) {
  const auto of_a = parameters_of(a), of_b = parameters_of(b);
  double frozen = 0, free = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    std::vector<char> is_frozen(static_cast<std::size_t>(of_a[i]->size()), 0);
    for (const Parameter<float>* parameter : {of_a[i], of_b[i]})
      for (const Index entry : parameter->frozen().index) is_frozen[static_cast<std::size_t>(entry)] = 1;
    for (Index entry = 0; entry < of_a[i]->size(); ++entry) {
      const double d = static_cast<double>(of_a[i]->value()[entry]) - static_cast<double>(of_b[i]->value()[entry]);
      (is_frozen[static_cast<std::size_t>(entry)] ? frozen : free) += d * d;
    }
  }
  return {frozen, free};
}

}  // namespace

Score score_of(const Tensor<float>& outputs, const Dataset<float>& part) {
  if (part.task.kind == TaskKind::classification)
    return {accuracy<float>(outputs, part.labels), nll_from_logits<float>(outputs, part.labels)};
  return {rmse(outputs, part.y), mse(outputs, part.y)};
}

Distance mean_distance(const std::vector<Mlp<float>>& networks) {
  if (networks.size() < 2) return {};
  Distance sum{0, 0, 0};
  for (std::size_t i = 0; i < networks.size(); ++i)
    for (std::size_t j = i + 1; j < networks.size(); ++j) {
      const auto [frozen, free] = squared_distances(networks[i], networks[j]);
      sum.all += std::sqrt(frozen + free);
      sum.free += std::sqrt(free);
      sum.frozen += std::sqrt(frozen);
    }
  const double pairs = static_cast<double>(networks.size() * (networks.size() - 1)) / 2;
  return {sum.all / pairs, sum.free / pairs, sum.frozen / pairs};
}

Mlp<float> EnsembleTrainer::network(const Cell& cell, Index member) const {
  const MlpSize size{data_.train.features(), cell.hidden, data_.train.task.outputs};
  const Key init = member_key(options_, "init", cell, member);
  if (cell.model == "mlp") return Mlp<float>(size, init);
  return Mlp<float>(size, WAsymmetry{mask_key(options_, cell, member), {}, {}}, init);
}

Score EnsembleTrainer::score(const Mlp<float>& network, const Dataset<float>& part) const {
  return score_of(predict(network, part.x, part.task.outputs), part);
}

std::optional<MemberRecord> EnsembleTrainer::train(const Cell& cell, Index member, const std::string& weights,
                                                   const std::atomic<bool>& stop) const {
  const Clock::time_point start = Clock::now();
  Mlp<float> model = network(cell, member);
  const FitReport report = fit(model, optimiser(options_), data_.train, data_.valid, fit_options(options_),
                               member_key(options_, "fit", cell, member), [&](const EpochReport&) { return !stop; });
  if (report.stop == Stop::observer) return std::nullopt;
  MemberRecord record;
  record.cell = cell;
  record.member = member;
  record.seed = options_.seed;
  record.epochs_run = report.epochs_run;
  record.best_epoch = report.best_epoch;
  record.diverged = report.diverged() || !first_not_finite(model).empty();
  const ParameterCount counts = count(model);
  record.parameters = counts.parameters;
  record.weights = counts.weights;
  record.frozen = counts.frozen;
  if (!record.diverged) {
    record.train = score(model, data_.train);
    record.validation = score(model, data_.valid);
    record.test = score(model, data_.test);
    save(model, weights, {{"network", describe(cell) + ", member " + std::to_string(member)}});
  }
  record.seconds = seconds_since(start);
  return record;
}

SizeRecord EnsembleTrainer::size_record(Index size, const std::vector<Mlp<float>>& networks,
                                        const std::vector<Tensor<float>>& outputs) const {
  const auto k = static_cast<std::size_t>(size);
  const Outputs first = Outputs(outputs).first(k);
  SizeRecord record;
  record.size = size;
  record.views = all_views(size, outputs, data_.test);
  record.averaged_weights = score(mean(std::span(networks).first(k)), data_.test);
  if (data_.test.task.kind == TaskKind::classification) {
    record.diversity = logit_averaging<float>(first, data_.test.labels).diversity;
    record.disagreement = disagreement(first);
  } else {
    record.diversity = ambiguity(first, data_.test.y).diversity;
  }
  return record;
}

CellRecord EnsembleTrainer::evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const {
  const Clock::time_point start = Clock::now();
  std::vector<Mlp<float>> networks;
  std::vector<Tensor<float>> outputs;
  for (const std::string& file : weights) {
    networks.push_back(network(cell, 0));
    load(networks.back(), file);
    outputs.push_back(predict(networks.back(), data_.test.x, data_.test.task.outputs));
  }
  CellRecord record;
  record.cell = cell;
  record.members = members;
  record.healthy = static_cast<Index>(weights.size());
  for (Index size = 2; size <= record.healthy; size *= 2) record.sizes.push_back(size_record(size, networks, outputs));
  record.distance = mean_distance(networks);
  record.keeps_frozen = networks.empty() || same_frozen(std::span<const Mlp<float>>(networks));
  record.seconds = seconds_since(start);
  return record;
}

Trainer::Cost EnsembleTrainer::cost(const Cell& cell) const {
  const ParameterCount counts = count(network(cell, 0));
  Cost cost;
  cost.weight_bytes = static_cast<double>(counts.parameters) * sizeof(float) +
                      static_cast<double>(counts.frozen) * sizeof(Index) + 2000;  // and the header
  // forward, gradients of weights and of inputs: two FLOPs a weight and row each; validation: forward alone
  cost.epoch_flops =
      static_cast<double>(counts.weights) * static_cast<double>(6 * data_.train.rows() + 2 * data_.valid.rows());
  cost.epochs = options_.epochs;
  return cost;
}

double EnsembleTrainer::time_epoch(const Cell& cell) const {
  Mlp<float> model = network(cell, 0);
  FitOptions one = fit_options(options_);
  one.epochs = 1;
  const Clock::time_point start = Clock::now();
  fit(model, optimiser(options_), data_.train, data_.valid, one, member_key(options_, "fit", cell, 0));
  return seconds_since(start);
}

}  // namespace wsym::experiment
