// SPDX-License-Identifier: MIT
#include "asymmetry/tables.hpp"

#include "asymmetry/names.hpp"
#include "asymmetry/words.hpp"
#include "lab/text.hpp"
#include "wsym/metrics/statistics.hpp"

namespace wsym::asymmetry {
namespace {

class MetricsTable {
 public:
  explicit MetricsTable(const Setting& setting) : setting_(setting) {}

  void add(const Group& group) {
    group_ = &group;
    if (group.cell.mixture()) {
      for (const Index experts : group.sizes()) add_mixtures(experts);
      return;
    }
    add_singles(1, group);
    add_spread();
    add_cells();
    for (const Index size : group.sizes())
      if (size > 1) add_ensembles(size);
  }

  std::string text = "experiment,dataset,preset,variant,size,split,metric,mean,sd,se,n\n";

 private:
  void row(Index size, const std::string& split, const std::string& metric, const Moments& value) {
    const Cell& cell = group_->cell;
    const std::string variant = "model=" + cell.model + ";hidden=" + std::to_string(cell.hidden) +
                                (cell.mixture() ? ";gate=" + cell.gate : "") +
                                (cell.variant.empty() ? "" : ";" + cell.variant);
    text += join({cell.variant.empty() ? cell.experiment : "controls", setting_.dataset, setting_.preset, variant,
                  std::to_string(size), split, metric, shortest(value.mean), shortest(value.sd), shortest(value.se()),
                  std::to_string(value.n)},
                 ",") +
            "\n";
  }

  /// What single networks, or mixtures of so many experts, do.
  void add_singles(Index size, const Group& networks) {
    const auto scores = [&](const char* split, Score MemberRecord::*part) {
      row(size, split, setting_.metric, networks.single([&](const MemberRecord& m) { return (m.*part).metric; }));
      row(size, split, setting_.loss(), networks.single([&](const MemberRecord& m) { return (m.*part).loss; }));
    };
    const auto counts = [&](const char* split, const char* name, Index MemberRecord::*part) {
      row(size, split, name, networks.single([&](const MemberRecord& m) { return static_cast<double>(m.*part); }));
    };
    scores("train", &MemberRecord::train);
    scores("validation", &MemberRecord::validation);
    scores("test", &MemberRecord::test);
    counts("train", "epochs", &MemberRecord::epochs_run);
    counts("validation", "best_epoch", &MemberRecord::best_epoch);
    counts("train", "parameters", &MemberRecord::parameters);
    add_diverged(size, networks);
  }

  void add_diverged(Index size, const Group& networks) {
    std::vector<double> diverged;
    for (const CellRecord* cell : networks.cells)
      diverged.push_back(static_cast<double>(cell->members - cell->healthy));
    row(size, "train", "diverged", moments(diverged));
  }

  /// The gates are those of the weights that are scored, over the training set.
  void add_mixtures(Index experts) {
    const Group mixtures = group_->with_experts(experts);
    add_singles(experts, mixtures);
    const SizeSummary s = summarise(setting_, *group_, experts, {});
    row(experts, "test", "improvement_pct", {s.improvement, undefined, s.metric.n});
    const auto gates = [&](const char* name, auto f) {
      row(experts, "train", name, mixtures.single(f));
    };
    gates("gate_entropy", [](const MemberRecord& m) { return m.gate.reported.entropy; });
    gates("gate_least", [](const MemberRecord& m) { return m.gate.reported.least; });
    gates("gate_greatest", [](const MemberRecord& m) { return m.gate.reported.greatest; });
  }

  /// How the members of a repetition differ: standard deviation (ddof 0), least and greatest of their metrics.
  void add_spread() {
    std::vector<double> sds, least, greatest;
    for (const auto& networks : group_->singles) {
      std::vector<double> values;
      for (const MemberRecord* network : networks) values.push_back(network->test.metric);
      if (values.empty()) continue;
      const Summary all = wsym::summarise(values);
      sds.push_back(all.population_sd);
      least.push_back(all.min);
      greatest.push_back(all.max);
    }
    row(1, "test", setting_.metric + "_member_sd", moments(sds));
    row(1, "test", setting_.metric + "_member_min", moments(least));
    row(1, "test", setting_.metric + "_member_max", moments(greatest));
  }

  void add_cells() {
    std::vector<double> all, free, frozen;
    for (const CellRecord* cell : group_->cells) {
      all.push_back(cell->distance.all);
      free.push_back(cell->distance.free);
      frozen.push_back(cell->distance.frozen);
    }
    row(group_->members, "train", "pairwise_distance", moments(all));
    row(group_->members, "train", "pairwise_distance_free", moments(free));
    row(group_->members, "train", "pairwise_distance_frozen", moments(frozen));
  }

  void add_ensembles(Index size) {
    for (const std::string& groups : group_words)
      for (const std::string& average : average_words) {
        if (average == "probabilities" && !setting_.classifies()) continue;
        const SizeSummary s = summarise(setting_, *group_, size, {groups, average});
        const std::string suffix = (groups == "first" ? "" : "_" + groups) + (average == "logits" ? "" : "_" + average);
        row(size, "test", setting_.metric + suffix, s.metric);
        row(size, "test", setting_.loss() + suffix, s.loss);
        row(size, "test", "improvement_pct" + suffix, {s.improvement, undefined, s.metric.n});
      }
    const SizeSummary s = summarise(setting_, *group_, size, {});
    row(size, "test", "averaged_weights_" + setting_.metric, s.averaged_metric);
    row(size, "test", "averaged_weights_" + setting_.loss(), s.averaged_loss);
    row(size, "test", "diversity", s.diversity);
    if (setting_.classifies()) row(size, "test", "disagreement", s.disagreement);
  }

  const Setting& setting_;
  const Group* group_ = nullptr;
};

}  // namespace

std::string summary_csv(const Setting& setting, const std::vector<Group>& groups, const ViewChoice& view) {
  std::string text =
      "dataset,preset,experiment,model,gate,hidden,size,metric,mean,sd,repeats,single_mean,single_sd,improvement_pct,"
      "averaged_weights_mean,nll_mean\n";
  for (const Group& group : groups) {
    if (!group.cell.variant.empty()) continue;
    const SizeSummary single = group.cell.mixture() ? SizeSummary{} : summarise(setting, group, 1, view);
    for (const Index size : group.sizes()) {
      const SizeSummary s = summarise(setting, group, size, view);
      text += join({setting.dataset, setting.preset, group.cell.experiment, group.cell.model, group.cell.gate,
                    std::to_string(group.cell.hidden), std::to_string(size), setting.metric, shortest(s.metric.mean),
                    shortest(s.metric.sd), std::to_string(s.metric.n), shortest(single.metric.mean),
                    shortest(single.metric.sd), shortest(s.improvement), shortest(s.averaged_metric.mean),
                    setting.classifies() ? shortest(s.loss.mean) : ""},
                   ",") +
              "\n";
    }
  }
  return text;
}

std::string metrics_csv(const Setting& setting, const std::vector<Group>& groups) {
  MetricsTable table(setting);
  for (const Group& group : groups) table.add(group);
  return std::move(table.text);
}

}  // namespace wsym::asymmetry
