// SPDX-License-Identifier: MIT
#include "asymmetry/names.hpp"
#include "asymmetry/tables.hpp"

#include <cmath>

#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

std::string with_sd(const Moments& value) {
  return mean_and_sd(value.mean, value.sd, 4);
}

/// A column's head and its width; the first column is set flush left.
struct Column {
  std::string head;
  std::size_t width;
};

std::vector<Column> columns_of(const Setting& setting, bool mixtures) {
  std::vector<Column> columns = {{"model", 5}, {"hidden", 7}, {"size", 5}, {setting.metric, 17}, {"improvement", 12}};
  if (mixtures) columns[2] = {"experts", 7};
  if (mixtures) columns.insert(columns.begin() + 1, {"gate", 7});
  columns.push_back(mixtures ? Column{"gate entropy", 17} : Column{"averaged weights", 17});
  if (setting.classifies()) columns.push_back({"nll", 9});
  return columns;
}

std::string table_row(const std::vector<Column>& columns, const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i ? "  " : "") + padded(fields[i], columns[i].width, i == 0);
  while (text.back() == ' ') text.pop_back();
  return text + "\n";
}

std::string head_row(const std::vector<Column>& columns) {
  std::vector<std::string> heads;
  for (const Column& column : columns) heads.push_back(column.head);
  return table_row(columns, heads);
}

Moments gate_entropy(const Group& group, Index experts) {
  return group.with_experts(experts).single([](const MemberRecord& m) { return m.gate.reported.entropy; });
}

std::string group_rows(const Setting& setting, const Group& group, const ViewChoice& view) {
  const bool mixtures = group.cell.mixture();
  std::string text;
  for (const Index size : group.sizes()) {
    const SizeSummary s = summarise(setting, group, size, view);
    const bool single = size == 1 && !mixtures;
    std::vector<std::string> fields = {group.cell.model, std::to_string(group.cell.hidden), std::to_string(size),
                                       with_sd(s.metric), single ? "" : rounded(s.improvement, 2) + " %"};
    if (mixtures) fields.insert(fields.begin() + 1, group.cell.gate);
    const Moments last = mixtures ? gate_entropy(group, size) : s.averaged_metric;
    fields.push_back(single ? "" : with_sd(last));
    if (setting.classifies()) fields.push_back(rounded(s.loss.mean, 4));
    text += table_row(columns_of(setting, mixtures), fields);
  }
  return text;
}

std::string remarks(const Group& group) {
  const std::string name = describe_network(group.cell) + ": ";
  std::string text;
  std::vector<double> distances;
  bool keeps_frozen = true;
  for (const CellRecord* cell : group.cells) {
    distances.push_back(cell->distance.all);
    keeps_frozen = keeps_frozen && cell->keeps_frozen;
  }
  const double distance = moments(distances).mean;
  if (std::isfinite(distance)) text += name + "mean distance between two members " + rounded(distance, 2) + "\n";
  if (!keeps_frozen)
    text += name +
            "members have masks of their own, so their averaged weights are a plain network without frozen "
            "entries\n";
  for (const MemberRecord* member : group.diverged)
    text += name + "repetition " + std::to_string(member->cell.repeat) + ", " +
            (group.cell.mixture() ? std::to_string(member->cell.experts) + " experts"
                                  : "member " + std::to_string(member->member)) +
            " diverged and is in no average\n";
  return text;
}

/// What the rows under a head are.
std::string explained(const Setting& setting, const ViewChoice& view, bool mixtures) {
  if (mixtures) return "(mixtures of experts; improvement over two experts; entropy of a row's gate in nats)\n";
  return "(size 1: the mean single network; ensembles of " +
         std::string(view.groups == "first" ? "the first k members" : "all disjoint groups") + " by the mean of " +
         (setting.classifies() ? view.average : "outputs") + ")\n";
}

}  // namespace

std::string printed_table(const Setting& setting, const std::string& unit, const std::vector<Group>& groups,
                          const ViewChoice& view) {
  std::string text = setting.dataset + ", preset " + setting.preset + ": " + setting.metric + " on the test part" +
                     (unit.empty() ? "" : " in " + unit) + ", mean ± sd over repetitions\n";
  const Cell* before = nullptr;
  for (const Group& group : groups) {
    const Cell& cell = group.cell;
    const bool other_kind = before == nullptr || before->mixture() != cell.mixture();
    if (other_kind) text += message(before ? "\n" : "", explained(setting, view, cell.mixture()));
    text += "\n";
    if (other_kind || before->variant != cell.variant)
      text += (cell.variant.empty() ? "" : cell.variant + "\n") + head_row(columns_of(setting, cell.mixture()));
    text += group_rows(setting, group, view);
    before = &cell;
  }
  text += "\n";
  for (const Group& group : groups) text += remarks(group);
  return text;
}

}  // namespace wsym::asymmetry
