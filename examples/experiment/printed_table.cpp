// SPDX-License-Identifier: MIT
#include "experiment/tables.hpp"

#include <cmath>

#include "experiment/text.hpp"

namespace wsym::experiment {
namespace {

std::string padded(const std::string& text, std::size_t width, bool left = false) {
  std::size_t characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // UTF-8
  const std::string space(characters < width ? width - characters : 0, ' ');
  return left ? text + space : space + text;
}

std::string with_sd(const Moments& value, int decimals) {
  const std::string mean = rounded(value.mean, decimals);
  return std::isfinite(value.sd) ? mean + " ± " + rounded(value.sd, decimals) : mean;
}

std::string table_row(const std::vector<std::string>& fields) {
  static constexpr std::size_t widths[] = {5, 7, 5, 17, 12, 17, 9};
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i ? "  " : "") + padded(fields[i], widths[i], i == 0);
  while (text.back() == ' ') text.pop_back();
  return text + "\n";
}

std::string group_rows(const Setting& setting, const Group& group, const ViewChoice& view) {
  std::string text;
  for (const Index size : group.sizes()) {
    const SizeSummary s = summarise(setting, group, size, view);
    std::vector<std::string> fields = {group.cell.model,
                                       std::to_string(group.cell.hidden),
                                       std::to_string(size),
                                       with_sd(s.metric, 4),
                                       size == 1 ? "" : rounded(s.improvement, 2) + " %",
                                       size == 1 ? "" : with_sd(s.averaged_metric, 4)};
    if (setting.classifies()) fields.push_back(rounded(s.loss.mean, 4));
    text += table_row(fields);
  }
  return text;
}

std::string remarks(const Group& group) {
  const std::string name = group.cell.model + ", hidden " + std::to_string(group.cell.hidden) + ": ";
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
    text += name + "repetition " + std::to_string(member->cell.repeat) + ", member " + std::to_string(member->member) +
            " diverged and is in no average\n";
  return text;
}

}  // namespace

std::string printed_table(const Setting& setting, const std::string& unit, const std::vector<Group>& groups,
                          const ViewChoice& view) {
  std::string text = setting.dataset + ", preset " + setting.preset + ": " + setting.metric + " on the test part" +
                     (unit.empty() ? "" : " in " + unit) + ", mean ± sd over repetitions\n(size 1: the mean single " +
                     "network; ensembles of " +
                     (view.groups == "first" ? "the first k members" : "all disjoint groups") + " by the mean of " +
                     (setting.classifies() ? view.average : "outputs") + ")\n\n";
  std::vector<std::string> head = {"model", "hidden", "size", setting.metric, "improvement", "averaged weights"};
  if (setting.classifies()) head.push_back("nll");
  std::string variant;
  for (const Group& group : groups) {
    if (&group == groups.data() || group.cell.variant != variant)
      text += (group.cell.variant.empty() ? "" : "\n" + group.cell.variant + "\n") + table_row(head);
    else
      text += "\n";
    variant = group.cell.variant;
    text += group_rows(setting, group, view);
  }
  text += "\n";
  for (const Group& group : groups) text += remarks(group);
  return text;
}

}  // namespace wsym::experiment
