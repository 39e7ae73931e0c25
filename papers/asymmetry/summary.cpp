// SPDX-License-Identifier: MIT
#include "asymmetry/summary.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "wsym/metrics/statistics.hpp"

namespace wsym::asymmetry {
namespace {

const SizeRecord* find_size(const CellRecord& cell, Index size) {
  for (const SizeRecord& record : cell.sizes)
    if (record.size == size) return &record;
  return nullptr;
}

/// Regression knows one average, that of outputs.
Score find_view(const SizeRecord& record, const ViewChoice& choice) {
  for (const View& view : record.views)
    if (view.groups == choice.groups && (view.average == choice.average || view.average == "outputs"))
      return view.score;
  return {};
}

using GroupKey = std::tuple<std::string, std::string, Index, std::string, std::string>;

GroupKey key_of(const Cell& cell) {
  return {cell.experiment, cell.variant, cell.hidden, cell.model, cell.gate};
}

/// The number of members that most of a group's repetitions have.
std::map<GroupKey, Index> members_of_groups(const Records& records) {
  std::map<GroupKey, std::map<Index, Index>> repeats;
  for (const auto& [place, cell] : records.cells) ++repeats[key_of(cell.cell)][cell.members];
  std::map<GroupKey, Index> chosen;
  for (const auto& [group, counts] : repeats) {
    Index most = 0;
    for (const auto& [members, count] : counts)
      if (count >= most) most = count, chosen[group] = members;
  }
  return chosen;
}

void add_singles(const Records& records, const CellRecord& cell, Group& group) {
  group.singles.emplace_back();
  for (Index member = 0; member < cell.members; ++member) {
    const auto place = records.members.find({cell.cell, member});
    expect<FormatError>(place != records.members.end(), "journal: ", describe(cell.cell), " is finished with ",
                        cell.members, " members, but the line of member ", member, " is missing");
    (place->second.diverged ? group.diverged : group.singles.back()).push_back(&place->second);
  }
}

double test_metric(const MemberRecord& record) {
  return record.test.metric;
}
double test_loss(const MemberRecord& record) {
  return record.test.loss;
}

SizeSummary summarise_mixtures(const Setting& setting, const Group& group, Index experts) {
  const Group mixtures = group.with_experts(experts), pairs = group.with_experts(2);
  SizeSummary result;
  result.size = experts;
  result.metric = mixtures.single(test_metric);
  result.loss = mixtures.single(test_loss);
  std::vector<double> base, value;
  for (std::size_t i = 0; i < mixtures.cells.size(); ++i)
    for (std::size_t j = 0; j < pairs.cells.size(); ++j) {
      const bool same = mixtures.cells[i]->cell.repeat == pairs.cells[j]->cell.repeat;
      if (!same || mixtures.singles[i].empty() || pairs.singles[j].empty()) continue;
      value.push_back(test_metric(*mixtures.singles[i][0]));
      base.push_back(test_metric(*pairs.singles[j][0]));
    }
  result.improvement = improvement_pct(setting, moments(base).mean, moments(value).mean);
  return result;
}

}  // namespace

double improvement_pct(const Setting& setting, double single, double ensemble) {
  return improvement_percent(ensemble, single, setting.classifies() ? Better::higher : Better::lower);
}

std::vector<Index> Group::sizes() const {
  std::set<Index> sizes;
  for (const CellRecord* record : cells) sizes.insert(record->cell.mixture() ? record->cell.experts : 1);
  for (const CellRecord* record : cells)
    for (const SizeRecord& size : record->sizes) sizes.insert(size.size);
  return {sizes.begin(), sizes.end()};
}

Group Group::with_experts(Index experts) const {
  Group part;
  part.cell = cell;
  part.members = members;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i]->cell.experts != experts) continue;
    part.cells.push_back(cells[i]);
    part.singles.push_back(singles[i]);
  }
  for (const MemberRecord* member : diverged)
    if (member->cell.experts == experts) part.diverged.push_back(member);
  return part;
}

std::vector<Group> groups_of(const Records& records) {
  std::map<GroupKey, Group> groups;
  const std::map<GroupKey, Index> members = members_of_groups(records);
  for (const auto& [place, record] : records.cells) {
    const GroupKey key = key_of(record.cell);
    if (record.members != members.at(key)) continue;
    Group& group = groups[key];
    if (group.cells.empty()) group.cell = record.cell;
    group.members = record.members;
    group.cells.push_back(&record);
    add_singles(records, record, group);
  }
  std::vector<Group> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

Score score_of_view(const CellRecord& cell, Index size, const ViewChoice& view) {
  const SizeRecord* const record = find_size(cell, size);
  return record == nullptr ? Score{} : find_view(*record, view);
}

SizeSummary summarise(const Setting& setting, const Group& group, Index size, const ViewChoice& view) {
  if (group.cell.mixture()) return summarise_mixtures(setting, group, size);
  SizeSummary result;
  result.size = size;
  if (size == 1) {
    result.metric = group.single(test_metric);
    result.loss = group.single(test_loss);
    result.improvement = result.metric.n > 0 ? 0 : undefined;
    return result;
  }
  std::vector<double> single, metric, loss, averaged_metric, averaged_loss, diversity, disagreement;
  for (std::size_t repeat = 0; repeat < group.cells.size(); ++repeat) {
    const SizeRecord* record = find_size(*group.cells[repeat], size);
    if (record == nullptr) continue;  // too many of its members diverged
    std::vector<double> networks;
    for (const MemberRecord* network : group.singles[repeat]) networks.push_back(network->test.metric);
    const Score score = find_view(*record, view);
    single.push_back(moments(networks).mean);
    metric.push_back(score.metric);
    loss.push_back(score.loss);
    averaged_metric.push_back(record->averaged_weights.metric);
    averaged_loss.push_back(record->averaged_weights.loss);
    diversity.push_back(record->diversity);
    disagreement.push_back(record->disagreement);
  }
  result.metric = moments(metric);
  result.loss = moments(loss);
  result.averaged_metric = moments(averaged_metric);
  result.averaged_loss = moments(averaged_loss);
  result.diversity = moments(diversity);
  result.disagreement = moments(disagreement);
  result.improvement = improvement_pct(setting, moments(single).mean, result.metric.mean);
  return result;
}

}  // namespace wsym::asymmetry
