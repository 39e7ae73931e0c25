// SPDX-License-Identifier: MIT
#include "asymmetry/controls.hpp"

#include <algorithm>

#include "asymmetry/cells.hpp"
#include "asymmetry/names.hpp"
#include "lab/text.hpp"
#include "wsym/metrics/statistics.hpp"

namespace wsym::asymmetry {
namespace {

using ByRepeat = std::map<Index, double>;

/// A measure before it is summarised.
struct Values {
  Index size;
  std::string metric;
  ByRepeat by_repeat;
};

std::vector<double> list_of(const ByRepeat& values) {
  std::vector<double> list;
  for (const auto& [repeat, value] : values) list.push_back(value);
  return list;
}

std::vector<Values> mixture_values(const Setting& setting, const Group& group) {
  std::vector<Values> all;
  for (const Index experts : group.sizes()) {
    Values values{experts, setting.metric, {}};
    const Group mixtures = group.with_experts(experts);
    for (std::size_t i = 0; i < mixtures.cells.size(); ++i)
      if (!mixtures.singles[i].empty())
        values.by_repeat[mixtures.cells[i]->cell.repeat] = mixtures.singles[i][0]->test.metric;
    all.push_back(std::move(values));
  }
  return all;
}

/// Of single networks, and of ensembles of this size: metric and improvement of each repetition.
std::vector<Values> ensemble_values(const Setting& setting, const Group& group, Index size, const ViewChoice& view) {
  Values single{1, setting.metric, {}}, ensemble{size, setting.metric, {}}, gain{size, "improvement_pct", {}};
  for (std::size_t i = 0; i < group.cells.size(); ++i) {
    const Index repeat = group.cells[i]->cell.repeat;
    std::vector<double> members;
    for (const MemberRecord* member : group.singles[i]) members.push_back(member->test.metric);
    const double alone = moments(members).mean, together = score_of_view(*group.cells[i], size, view).metric;
    if (std::isfinite(alone)) single.by_repeat[repeat] = alone;
    if (!std::isfinite(together)) continue;
    ensemble.by_repeat[repeat] = together;
    gain.by_repeat[repeat] = improvement_pct(setting, alone, together);
  }
  if (size == 1) return {single};
  return {single, ensemble, gain};
}

Comparison compared(const std::string& name, const ByRepeat& values, const ByRepeat& reference) {
  std::vector<double> differences;
  for (const auto& [repeat, value] : values)
    if (const auto other = reference.find(repeat); other != reference.end())
      differences.push_back(value - other->second);
  Comparison result;
  result.reference = name;
  result.difference = moments(differences);
  if (differences.size() >= 2) {
    const Interval interval = mean_interval(differences);
    result.low = interval.low;
    result.high = interval.high;
  }
  if (!differences.empty() && differences.size() <= 20) result.p_value = sign_flip_p_value(differences);
  return result;
}

/// Whether two cells differ in nothing but the method and what a group holds together.
bool same_but_for_method(const Cell& a, const Cell& b) {
  return a.experiment == b.experiment && a.model == b.model && a.hidden == b.hidden && a.gate == b.gate;
}

struct Reference {
  std::string name;
  std::vector<Values> values;
};

/// Each measure of a control, against the references that have it.
std::vector<Measure> measured(const std::vector<Values>& all, const std::vector<Reference>& references) {
  std::vector<Measure> measures;
  for (const Values& values : all) {
    Measure measure{values.size, values.metric, moments(list_of(values.by_repeat)), {}};
    for (const Reference& reference : references)
      for (const Values& other : reference.values)
        if (other.size == values.size && other.metric == values.metric)
          measure.comparisons.push_back(compared(reference.name, values.by_repeat, other.by_repeat));
    measures.push_back(std::move(measure));
  }
  return measures;
}

class Controls {
 public:
  Controls(const Setting& setting, const std::vector<Group>& groups, const Options& options)
      : setting_(setting), groups_(groups), options_(options), view_{options.groups, options.average} {}

  ControlResult of(const Group& group) const {
    return {group.cell, shared_by(group.cell), measured(values_of(group), references_of(group))};
  }

  /// All disjoint groups of k networks against the first k, where these are not one group.
  ControlResult disjoint(const Group& group) const {
    ControlResult result{group.cell, shared_by(group.cell), {}};
    result.cell.variant += std::string(result.cell.variant.empty() ? "" : ";") + "groups=disjoint";
    for (const Index size : group.sizes()) {
      if (size == 1 || 2 * size > group.members) continue;
      const auto view = [&](const char* groups) {
        return ensemble_values(setting_, group, size, {groups, options_.average});
      };
      std::vector<Values> values = view("disjoint");
      values.erase(values.begin());
      for (Measure& measure : measured(values, {{group.cell.model, view("first")}}))
        result.measures.push_back(std::move(measure));
    }
    return result;
  }

  bool plain(const Cell& cell) const { return cell.variant == plain_variant(options_, cell); }

 private:
  std::vector<Values> values_of(const Group& group) const {
    return group.cell.mixture() ? mixture_values(setting_, group)
                                : ensemble_values(setting_, group, group.sizes().back(), view_);
  }

  /// What repetitions share is no source of their spread.
  std::string shared_by(const Cell& cell) const {
    return asymmetric(cell.model) && method_of(options_, cell).mask_scope == "shared" ? "split and mask" : "split";
  }

  /// The plain method of the same model; and the model without asymmetry, in all else the same.
  std::vector<Reference> references_of(const Group& group) const {
    std::vector<Reference> references;
    for (const Group& other : groups_)
      if (&other != &group && same_but_for_method(group.cell, other.cell) && plain(other.cell))
        references.push_back({other.cell.model, values_of(other)});
    if (!asymmetric(group.cell.model)) return references;
    Cell symmetric = group.cell;
    symmetric.model.erase(symmetric.model.find('w'), 1);  // wmlp: mlp, iwmlp: imlp
    for (const Group& other : groups_)
      if (same_but_for_method(symmetric, other.cell) && alike_without_asymmetry(options_, symmetric, other.cell))
        references.push_back({other.cell.model, values_of(other)});
    return references;
  }

  const Setting& setting_;
  const std::vector<Group>& groups_;
  const Options& options_;
  ViewChoice view_;
};

std::string csv_row(const Setting& setting, const ControlResult& result, const Measure& measure, const Comparison& c) {
  const Cell& cell = result.cell;
  const Moments& value = measure.value;
  return join({setting.dataset, setting.preset, cell.variant, cell.model, cell.gate, std::to_string(cell.hidden),
               std::to_string(measure.size), measure.metric, shortest(value.mean), shortest(value.sd),
               std::to_string(value.n), c.reference, shortest(c.difference.mean), shortest(c.difference.sd),
               shortest(c.low), shortest(c.high), shortest(c.p_value), std::to_string(c.difference.n), result.shared},
              ",") +
         "\n";
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

/// "  ensemble of 32: accuracy       0.9843 ± 0.0016".
std::string measure_text(const Cell& cell, const Measure& measure) {
  const std::string what = cell.mixture()      ? message(measure.size, " experts")
                           : measure.size == 1 ? std::string("single")
                                               : message("ensemble of ", measure.size);
  const bool percent = measure.metric == "improvement_pct";
  return message("  ", padded(what + (percent ? ", gain in %" : ""), 28),
                 mean_and_sd(measure.value.mean, measure.value.sd, percent ? 2 : 4));
}

std::string comparison_text(const Measure& measure, const Comparison& comparison) {
  const int decimals = measure.metric == "improvement_pct" ? 2 : 4;
  const auto number = [&](double value) {
    return rounded(value, decimals);
  };
  return message("; difference ", number(comparison.difference.mean), " [", number(comparison.low), ", ",
                 number(comparison.high), "], p ", rounded(comparison.p_value, 4));
}

}  // namespace

std::vector<ControlResult> compare_controls(const Setting& setting, const std::vector<Group>& groups,
                                            const Options& options) {
  const Controls controls(setting, groups, options);
  std::vector<ControlResult> results;
  for (const Group& group : groups) {
    results.push_back(controls.of(group));
    if (group.cell.mixture() || !controls.plain(group.cell)) continue;
    ControlResult disjoint = controls.disjoint(group);
    if (!disjoint.measures.empty()) results.push_back(std::move(disjoint));
  }
  return results;
}

std::string controls_csv(const Setting& setting, const std::vector<ControlResult>& results) {
  std::string text =
      "dataset,preset,variant,model,gate,hidden,size,metric,mean,sd,n,reference,difference,difference_sd,low,high,"
      "p_value,pairs,shared\n";
  for (const ControlResult& result : results)
    for (const Measure& measure : result.measures) {
      if (measure.comparisons.empty()) text += csv_row(setting, result, measure, {});
      for (const Comparison& comparison : measure.comparisons) text += csv_row(setting, result, measure, comparison);
    }
  return text;
}

std::string printed_controls(const Setting& setting, const std::vector<ControlResult>& results) {
  std::string text =
      setting.dataset + ", preset " + setting.preset + ": " + setting.metric +
      " on the test part, mean ± sd over repetitions; then the mean difference\nfrom the plain method of "
      "the same model, its 95 % t interval and the p-value of the exact sign-flip test\n";
  for (const ControlResult& result : results) {
    text += message("\n", describe_network(result.cell), "\n");
    for (const Measure& measure : result.measures) {
      text += measure_text(result.cell, measure);
      for (const Comparison& comparison : measure.comparisons)
        if (comparison.reference == result.cell.model) text += comparison_text(measure, comparison);
      text += "\n";
    }
  }
  return text +
         "\nAll repetitions share one split, and one mask where masks are shared: what stands here is conditional on "
         "them.\nn repetitions cannot bring a p-value below 2^(1-n). controls.csv has the comparisons with models "
         "without asymmetry too.\n";
}

}  // namespace wsym::asymmetry
