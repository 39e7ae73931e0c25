// SPDX-License-Identifier: MIT
#include "sparse_ensembles/tables.hpp"

#include <algorithm>
#include <cmath>

#include "lab/text.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::csv_field;
using lab::join;
using lab::Moments;
using lab::rounded;
using lab::shortest;

bool starts(const std::string& text, const char* with) {
  return text.rfind(with, 0) == 0;
}
/// Shown as a percentage.
bool is_share(const std::string& metric) {
  return starts(metric, "error") || metric == "member_error" || starts(metric, "few_shot");
}
bool is_flops(const std::string& metric) {
  return metric.find("flops") != metric.npos;
}

/// The metrics that at least one row has.
std::vector<std::string> shown_metrics(const Study& study, const Records& records) {
  std::vector<std::string> shown;
  for (const std::string& metric : study.metrics)
    if (std::any_of(study.rows.begin(), study.rows.end(),
                    [&](const Study::Row& row) { return moments_of(records, row.system, metric).n > 0; }))
      shown.push_back(metric);
  return shown;
}

/// What some of the repetitions measured, in their order.
std::vector<std::string> metrics_of(const std::vector<const Record*>& repeats) {
  std::vector<std::string> names;
  for (const Record* record : repeats)
    for (const auto& [name, value] : record->numbers)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

/// The part of the data that a metric is of, and its name there.
std::pair<std::string, std::string> split_of(const std::string& metric) {
  if (metric == "valid_nll") return {"validation", "nll"};
  for (const char* of_training : {"epochs", "parameters", "train_flops", "tape_bytes"})
    if (metric == of_training) return {"train", metric};
  return {"test", metric};
}

}  // namespace

Moments moments_of(const Records& records, const System& system, const std::string& metric) {
  std::vector<double> values;
  for (const Record* record : repeats_of(records, system)) values.push_back(record->number(metric));
  return lab::moments(values);
}

std::string title_of(const std::string& metric) {
  if (metric == "nll") return "NLL";
  if (metric == "ece" || metric == "kl") return metric == "ece" ? "ECE" : "KL";
  std::string text = metric;
  std::replace(text.begin(), text.end(), '_', ' ');
  if (is_share(metric)) return text + " %";
  return is_flops(metric) ? (starts(metric, "train") ? "kFLOPs a row, training" : "forward") : text;
}

double shown_factor(const std::string& metric) {
  return is_share(metric) ? 100 : 1;
}

std::string text_of(const std::string& metric, const Moments& value) {
  if (value.n == 0) return "-";
  if (is_flops(metric)) return rounded(value.mean / 1000, 0);
  const double factor = shown_factor(metric);
  return lab::mean_and_sd(factor * value.mean, factor * value.se(), is_share(metric) ? 2 : 4);
}

std::string study_csv(const Study& study, const Records& records) {
  std::vector<std::string> head = {"row", "system", "n"};
  for (const std::string& metric : study.metrics) head.insert(head.end(), {metric, metric + "_se"});
  std::string text = join(head, ",") + "\n";
  for (const Study::Row& row : study.rows) {
    const std::size_t n = repeats_of(records, row.system).size();
    if (n == 0) continue;
    std::vector<std::string> fields = {csv_field(row.label), csv_field(to_text(row.system)), std::to_string(n)};
    for (const std::string& metric : study.metrics) {
      const Moments value = moments_of(records, row.system, metric);
      fields.insert(fields.end(), {shortest(value.mean), shortest(value.se())});
    }
    text += join(fields, ",") + "\n";
  }
  return text;
}

std::string printed_study(const Study& study, const Records& records) {
  const std::vector<std::string> metrics = shown_metrics(study, records);
  std::vector<std::vector<std::string>> lines = {{""}};
  for (const std::string& metric : metrics) lines[0].push_back(title_of(metric));
  for (const Study::Row& row : study.rows) {
    if (repeats_of(records, row.system).empty()) continue;
    lines.push_back({row.label});
    for (const std::string& metric : metrics)
      lines.back().push_back(text_of(metric, moments_of(records, row.system, metric)));
  }
  std::vector<std::size_t> widths(metrics.size() + 1);
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], lab::characters(line[i]));
  std::string text = study.title + "\n";
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) text += (i ? "  " : "") + lab::padded(line[i], widths[i], i == 0);
    text += "\n";
  }
  return text;
}

std::string metrics_csv(const std::string& dataset, const Records& records) {
  std::string text = "experiment,dataset,preset,variant,size,split,metric,mean,sd,se,n\n";
  std::string last;
  for (const auto& [place, record] : records) {
    if (place.first == last) continue;
    last = place.first;
    for (const std::string& metric : metrics_of(repeats_of(records, record.system))) {
      const Moments all = moments_of(records, record.system, metric);
      const auto [split, name] = split_of(metric);
      text += join({"efficient", dataset, "text", csv_field(last), std::to_string(record.system.members), split, name,
                    shortest(all.mean), shortest(all.sd), shortest(all.se()), std::to_string(all.n)},
                   ",") +
              "\n";
    }
  }
  return text;
}

}  // namespace wsym::sparse_ensembles
