// SPDX-License-Identifier: MIT
#include "asymmetry/comparison.hpp"

#include <cmath>

#include "asymmetry/names.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

void compare_group(const Study& study, const Group& group, const ViewChoice& view, const Published& published,
                   std::vector<Compared>& list) {
  for (const Index size : group.sizes()) {
    const PublishedValue* const value = published.find(study.setting.dataset, group.cell, size);
    if (value == nullptr) continue;
    const SizeSummary s = summarise(study.setting, group, size, view);
    if (s.metric.n > 0)
      list.push_back({group.cell, size, s.metric, *value, s.improvement,
                      published_gain(published, study.setting, group.cell, size), is_published_method(study)});
  }
}

void add_rows(const Study& study, const Compared& one, std::string& text) {
  const Cell& cell = one.cell;
  const auto row = [&](const std::string& metric, const std::vector<double>& numbers) {
    std::vector<std::string> fields = {study.setting.dataset,
                                       study.setting.preset,
                                       cell.experiment,
                                       cell.mixture() ? cell.gate : std::to_string(cell.hidden),
                                       cell.model,
                                       std::to_string(one.size),
                                       metric};
    for (const double number : numbers) fields.push_back(shortest(number));
    text += join(fields, ",") + "\n";
  };
  const auto n = static_cast<double>(one.ours.n), published_n = static_cast<double>(one.published.repeats);
  row(study.setting.metric,
      {one.ours.mean, one.ours.sd, n, one.published.mean, one.published.sd, published_n, one.difference(), one.z()});
  row("improvement_pct",
      {one.gain, undefined, n, one.published_gain, undefined, published_n, one.gain - one.published_gain, undefined});
}

}  // namespace

bool is_published_method(const Study& study) {
  return study.setting.preset == "code";
}

double Compared::z() const {
  if (!same_method) return undefined;
  const double share = 1 / static_cast<double>(ours.n) + 1 / static_cast<double>(published.repeats);
  return difference() / (published.sd * std::sqrt(share));
}

std::vector<Compared> compare(const Study& study, const ViewChoice& view, const Published& published) {
  std::vector<Compared> list;
  for (const Figure figure : {Figure::ensemble_metric, Figure::moe_metric})
    for (const PanelKey& key : panel_keys(figure, {&study}))
      for (const Group* group : groups_in(figure, key, study))
        if (group->cell.variant.empty()) compare_group(study, *group, view, published, list);
  return list;
}

Agreement agreement(const std::vector<Compared>& list) {
  Agreement result;
  double squares = 0;
  for (const Compared& one : list) {
    const double z = one.z();
    if (!std::isfinite(z)) continue;
    ++result.cells;
    result.beyond += std::abs(z) > 3;
    squares += z * z;
  }
  if (result.cells > 0) result.rms = std::sqrt(squares / static_cast<double>(result.cells));
  return result;
}

std::vector<GainGap> gain_gaps(const std::vector<Compared>& list) {
  std::vector<GainGap> gaps;
  for (const Compared& plain : list)
    for (const Compared& other : list) {
      const bool pair = (plain.cell.model == "mlp" && other.cell.model == "wmlp") ||
                        (plain.cell.model == "imlp" && other.cell.model == "iwmlp");
      if (!pair || panel_of(plain.cell) != panel_of(other.cell) || plain.size != other.size) continue;
      const GainGap gap{panel_of(plain.cell), plain.cell.model == "imlp", plain.size, other.gain - plain.gain,
                        other.published_gain - plain.published_gain};
      const bool baseline = plain.size == baseline_size(plain.cell);
      if (!baseline && std::isfinite(gap.ours) && std::isfinite(gap.published)) gaps.push_back(gap);
    }
  return gaps;
}

std::string comparison_csv(const std::vector<Study>& studies, const ViewChoice& view, const Published& published) {
  std::string text =
      "dataset,preset,experiment,panel,series,size,metric,mean,sd,n,published_mean,published_sd,published_n,difference,"
      "z\n";
  for (const Study& study : studies)
    for (const Compared& one : compare(study, view, published)) add_rows(study, one, text);
  return text;
}

}  // namespace wsym::asymmetry
