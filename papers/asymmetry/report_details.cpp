// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <set>

#include "asymmetry/names.hpp"
#include "asymmetry/report_tables.hpp"
#include "lab/html.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

std::string cell_text(const Moments& value, int decimals) {
  return mean_and_sd(value.mean, value.sd, decimals);
}

std::string loss_name(const Setting& setting) {
  return setting.classifies() ? "NLL" : "MSE";
}

double share_frozen(const MemberRecord& m) {
  return 100 * static_cast<double>(m.frozen) / static_cast<double>(m.weights);
}

double epochs(const MemberRecord& m) {
  return static_cast<double>(m.epochs_run);
}

double best_epoch(const MemberRecord& m) {
  return static_cast<double>(m.best_epoch);
}

double parameters(const MemberRecord& m) {
  return static_cast<double>(m.parameters);
}

double test_loss(const MemberRecord& m) {
  return m.test.loss;
}

double seconds(const MemberRecord& m) {
  return m.seconds;
}

Moments distance(const Group& group, double Distance::*part) {
  std::vector<double> values;
  for (const CellRecord* cell : group.cells) values.push_back(cell->distance.*part);
  return moments(values);
}

/// The groups of ensembles, or of mixtures, in the order of the figures.
std::vector<const Group*> ordered_groups(Figure figure, const Study& study) {
  std::vector<const Group*> groups;
  for (const PanelKey& key : panel_keys(figure, {&study}))
    for (const Group* group : groups_in(figure, key, study)) groups.push_back(group);
  return groups;
}

std::string count_of(Index count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// "42 cells: rms z 1.02, |z| > 3 in 0."
std::string agreement_text(const std::string& what, const std::vector<Compared>& list) {
  const Agreement all = agreement(list);
  return all.cells == 0 ? ""
                        : what + ": " + count_of(all.cells, "number", "numbers") + ", rms z " + rounded(all.rms, 2) +
                              ", |z| > 3 in " + std::to_string(all.beyond) + ". ";
}

template <class Keep> std::vector<Compared> only(const std::vector<Compared>& list, Keep keep) {
  std::vector<Compared> kept;
  for (const Compared& one : list)
    if (keep(one)) kept.push_back(one);
  return kept;
}

std::string z_kind(double z) {
  return std::abs(z) > 3 ? "beyond" : std::abs(z) > 2 ? "high" : "";
}

/// z by series and size; where it is not defined, the differences themselves.
std::string z_table(const std::vector<Compared>& list) {
  const bool same = list.front().same_method;
  std::set<Index> sizes;
  for (const Compared& one : list) sizes.insert(one.size);
  std::vector<std::string> head = {"panel", "series"};
  for (const Index size : sizes) head.push_back(size == 1 ? "single" : std::to_string(size));
  HtmlTable table(head, 2);
  for (std::size_t i = 0; i < list.size();) {
    const Cell& cell = list[i].cell;
    const bool new_panel = i == 0 || panel_of(list[i - 1].cell) != panel_of(cell);
    std::vector<std::string> cells = {new_panel ? panel_of(cell).title() : "", series_name(cell)}, kinds = {"", ""};
    if (new_panel && i > 0) table.rule();
    for (const Index size : sizes) {
      const bool here = i < list.size() && list[i].cell.model == cell.model &&
                        panel_of(list[i].cell) == panel_of(cell) && list[i].size == size;
      cells.push_back(!here ? "" : same ? with_sign(list[i].z(), 1) : with_sign(list[i].difference(), 5));
      kinds.push_back(here ? z_kind(list[i].z()) : "");
      i += here;
    }
    table.row(cells, "", kinds);
  }
  return table.html(same ? "z of the difference, ours − published" : "Difference, ours − published");
}

std::string numbers_table(const Study& study, const std::vector<Compared>& list) {
  std::vector<std::string> head = {"panel", "series", "size", "ours", "n", "published", "n", "difference"};
  if (list.front().same_method) head.push_back("z");
  HtmlTable table(head, 2);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Compared& one = list[i];
    const bool new_series =
        i == 0 || list[i - 1].cell.model != one.cell.model || panel_of(list[i - 1].cell) != panel_of(one.cell);
    if (new_series && i > 0) table.rule();
    std::vector<std::string> cells = {new_series ? panel_of(one.cell).title() : "",
                                      new_series ? series_name(one.cell) : "",
                                      one.size == 1 ? "single" : std::to_string(one.size),
                                      cell_text(one.ours, 5),
                                      std::to_string(one.ours.n),
                                      mean_and_sd(one.published.mean, one.published.sd, 5),
                                      std::to_string(one.published.repeats),
                                      with_sign(one.difference(), 5)};
    std::vector<std::string> kinds(head.size());
    if (one.same_method) cells.push_back(with_sign(one.z(), 2)), kinds.back() = z_kind(one.z());
    table.row(cells, "", kinds);
  }
  return "<details><summary>All " + std::to_string(list.size()) + " numbers</summary>\n" +
         table.html(std::string(study.setting.classifies() ? "Accuracy" : "RMSE") + ", mean ± sd") + "</details>\n";
}

/// Two rows for each pair of models, ours and the authors', by size.
std::string gaps_table(const std::vector<GainGap>& gaps, bool same_method) {
  if (gaps.empty()) return "";
  std::set<Index> sizes;
  Index same = 0;
  for (const GainGap& gap : gaps) sizes.insert(gap.size), same += gap.same_sign();
  std::vector<std::string> head = {"panel", "series"};
  for (const Index size : sizes) head.push_back(std::to_string(size));
  HtmlTable table(head, 2);
  for (auto first = gaps.begin(); first != gaps.end();) {
    const auto next = std::find_if(first, gaps.end(), [&](const GainGap& gap) {
      return gap.panel != first->panel || gap.interpolated != first->interpolated;
    });
    std::vector<std::string> ours = {first->panel.title(), first->interpolated ? "IWMLP − IMLP" : "WMLP − MLP"},
                             published = {"", "published"}, kinds = {"", ""};
    for (const Index size : sizes) {
      const auto gap = std::find_if(first, next, [&](const GainGap& one) { return one.size == size; });
      ours.push_back(gap == next ? "" : with_sign(gap->ours, 2));
      published.push_back(gap == next ? "" : with_sign(gap->published, 2));
      kinds.push_back(gap == next || gap->same_sign() || !same_method ? "" : "high");
    }
    table.row(ours, "", kinds);
    table.row(published, "published");
    first = next;
  }
  return table.html("Improvement of W-asymmetric minus that of plain networks, percentage points: the sign agrees in " +
                    std::to_string(same) + " of " + std::to_string(gaps.size()));
}

/// The members of ensembles, one by one.
std::string training_table(const Study& study) {
  HtmlTable table({"width", "series", "networks", "diverged", "parameters", "frozen %", "epochs", "best epoch",
                   "seconds", loss_name(study.setting)},
                  2);
  for (const Group* group : ordered_groups(Figure::ensemble_metric, study)) {
    Index networks = std::ssize(group->diverged);
    for (const auto& singles : group->singles) networks += std::ssize(singles);
    table.row({panel_of(group->cell).title(), series_name(group->cell), std::to_string(networks),
               std::to_string(group->diverged.size()), rounded(group->single(parameters).mean, 0),
               rounded(group->single(share_frozen).mean, 2), rounded(group->single(epochs).mean, 0),
               rounded(group->single(best_epoch).mean, 0), rounded(group->single(seconds).mean, 1),
               cell_text(group->single(test_loss), 4)});
  }
  return table.empty() ? "" : table.html("The networks of the ensembles, means");
}

/// All members of a repetition together.
std::string members_table(const Study& study, const ViewChoice& view) {
  const bool classes = study.setting.classifies();
  std::vector<std::string> head = {"width",           "series",   "k",         loss_name(study.setting) + " of k",
                                   "diversity",       "distance", "free part", "frozen part",
                                   "averaged weights"};
  if (classes) head.insert(head.begin() + 5, "disagreement");
  HtmlTable table(head, 2);
  for (const Group* group : ordered_groups(Figure::ensemble_metric, study)) {
    const SizeSummary all = summarise(study.setting, *group, group->sizes().back(), view);
    std::vector<std::string> cells = {panel_of(group->cell).title(),
                                      series_name(group->cell),
                                      std::to_string(all.size),
                                      cell_text(all.loss, 4),
                                      cell_text(all.diversity, 4),
                                      rounded(distance(*group, &Distance::all).mean, 2),
                                      rounded(distance(*group, &Distance::free).mean, 2),
                                      rounded(distance(*group, &Distance::frozen).mean, 2),
                                      cell_text(all.averaged_metric, 4)};
    if (classes) cells.insert(cells.begin() + 5, cell_text(all.disagreement, 4));
    table.row(cells);
  }
  return table.empty()
             ? ""
             : table.html("All k members together; averaged weights: one network of the means of their weights");
}

}  // namespace

std::string networks_table(const Study& study, const ViewChoice& view) {
  return training_table(study) + members_table(study, view);
}

std::string mixtures_table(const Study& study) {
  HtmlTable table({"gate", "series", "experts", "n", "diverged", "parameters", "epochs", "seconds",
                   loss_name(study.setting), "gate entropy", "least", "greatest"},
                  2);
  for (const Group* group : ordered_groups(Figure::moe_metric, study)) {
    if (!table.empty()) table.rule();
    for (const Index experts : group->sizes()) {
      const Group part = group->with_experts(experts);
      const bool first = experts == group->sizes().front();
      const auto gate = [&](auto f) {
        return rounded(part.single(f).mean, 3);
      };
      const Moments loss = part.single(test_loss);
      table.row({first ? panel_of(group->cell).title() : "", first ? series_name(group->cell) : "",
                 std::to_string(experts), std::to_string(loss.n), std::to_string(part.diverged.size()),
                 rounded(part.single(parameters).mean, 0), rounded(part.single(epochs).mean, 0),
                 rounded(part.single(seconds).mean, 1), cell_text(loss, 4),
                 gate([](const MemberRecord& m) { return m.gate.reported.entropy; }),
                 gate([](const MemberRecord& m) { return m.gate.reported.least; }),
                 gate([](const MemberRecord& m) { return m.gate.reported.greatest; })});
    }
  }
  return table.empty() ? ""
                       : table.html(
                             "The mixtures; of their gates over the training rows: entropy in nats, least and greatest "
                             "mean weight");
}

std::string comparison_tables(const Study& study, const ViewChoice& view, const Published& published) {
  const std::vector<Compared> list = compare(study, view, published);
  if (list.empty()) return "";
  const auto single = only(list, [](const Compared& one) { return one.size == 1; });
  const auto large = only(list, [](const Compared& one) { return one.size >= 8 && !one.cell.mixture(); });
  const auto mixtures = only(list, [](const Compared& one) { return one.cell.mixture(); });
  const std::string summary =
      is_published_method(study)
          ? agreement_text("All", list) + agreement_text("Single networks", single) +
                agreement_text("Ensembles of 8 and more", large) + agreement_text("Mixtures", mixtures)
          : "The published numbers are of another method, that of preset code: another split, the last epoch's weights "
            "and other masks, so a difference says what these choices are worth together and has no z.";
  return "<p class=\"summary\">" + html_text(summary) + "</p>\n" + z_table(list) +
         gaps_table(gain_gaps(list), is_published_method(study)) + numbers_table(study, list);
}

std::string variants_table(const Study& study, const ViewChoice& view) {
  const Setting& setting = study.setting;
  HtmlTable table({"panel", "series", "size", "n", "baseline", setting.classifies() ? "accuracy" : "RMSE",
                   "improvement, %", loss_name(setting)},
                  2);
  for (const Group& group : study.groups) {
    if (group.cell.variant.empty()) continue;
    const Index largest = group.sizes().back();
    const SizeSummary base = summarise(setting, group, baseline_size(group.cell), view),
                      s = summarise(setting, group, largest, view);
    table.row({panel_of(group.cell).title(), series_name(group.cell), std::to_string(largest),
               std::to_string(s.metric.n), cell_text(base.metric, 4), cell_text(s.metric, 4), rounded(s.improvement, 2),
               cell_text(s.loss, 4)});
  }
  return table.empty() ? "" : table.html("Variants of the method at their largest size");
}

}  // namespace wsym::asymmetry
