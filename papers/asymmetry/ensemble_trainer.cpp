// SPDX-License-Identifier: MIT
#include "asymmetry/ensemble_trainer.hpp"

#include "wsym/ensemble/sub_ensembles.hpp"
#include "wsym/metrics/averaging.hpp"
#include "wsym/metrics/diversity.hpp"

namespace wsym::asymmetry {
namespace {

using Outputs = std::span<const Tensor<float>>;

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
      (is_frozen[static_cast<std::size_t>(entry)] ? frozen : free) += kernels::portable::square(d);
    }
  }
  return {frozen, free};
}

}  // namespace

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
  const Key init = training_.key("init", cell, member);
  const std::optional<WAsymmetry> asymmetry = training_.asymmetry(cell, member);
  const MlpSize size = training_.size(cell);
  return asymmetry ? Mlp<float>(size, *asymmetry, init) : Mlp<float>(size, init);
}

std::optional<MemberRecord> EnsembleTrainer::train(const Cell& cell, Index member, const std::string& weights,
                                                   const std::atomic<bool>& stop) const {
  return training_.train(network(cell, member), cell, member, weights, stop,
                         [](const Mlp<float>&, const EpochReport&) {});
}

SizeRecord EnsembleTrainer::size_record(Index size, const std::vector<Mlp<float>>& networks,
                                        const std::vector<Tensor<float>>& outputs) const {
  const auto k = static_cast<std::size_t>(size);
  const Outputs first = Outputs(outputs).first(k);
  SizeRecord record;
  record.size = size;
  const Dataset<float>& test = training_.data().test;
  record.views = all_views(size, outputs, test);
  record.averaged_weights = score_of(training_.outputs(mean(std::span(networks).first(k)), test, Key(0)), test);
  if (test.task.kind == TaskKind::classification) {
    record.diversity = logit_averaging<float>(first, test.labels).diversity;
    record.disagreement = disagreement(first);
  } else {
    record.diversity = ambiguity(first, test.y).diversity;
  }
  return record;
}

CellRecord EnsembleTrainer::evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const {
  const Stopwatch watch;
  std::vector<Mlp<float>> networks;
  std::vector<Tensor<float>> outputs;
  for (const std::string& file : weights) {
    networks.push_back(network(cell, 0));
    load(networks.back(), file);
    outputs.push_back(training_.outputs(networks.back(), training_.data().test, Key(0)));
  }
  CellRecord record;
  record.cell = cell;
  record.members = members;
  record.healthy = static_cast<Index>(weights.size());
  for (Index size = 2; size <= record.healthy; size *= 2) record.sizes.push_back(size_record(size, networks, outputs));
  record.distance = mean_distance(networks);
  record.keeps_frozen = networks.empty() || same_frozen(std::span<const Mlp<float>>(networks));
  record.seconds = watch.seconds();
  return record;
}

Trainer::Cost EnsembleTrainer::cost(const Cell& cell) const {
  return training_.cost(count(network(cell, 0)));
}

double EnsembleTrainer::time_epoch(const Cell& cell) const {
  return training_.time_epoch(network(cell, 0), cell);
}

}  // namespace wsym::asymmetry
