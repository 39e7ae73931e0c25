// SPDX-License-Identifier: MIT
#include "asymmetry/study.hpp"

#include <algorithm>
#include <tuple>

#include "asymmetry/names.hpp"
#include "asymmetry/words.hpp"
#include "datasets/datasets.hpp"

namespace wsym::asymmetry {
namespace {

constexpr std::pair<std::string_view, const char*> titles[] = {{"california_housing", "California housing"},
                                                               {"otto", "Otto"},
                                                               {"mnist", "MNIST"},
                                                               {"adult_income", "Adult income"},
                                                               {"churn_modelling", "Churn modelling"},
                                                               {"digits", "Digits"}};

std::ptrdiff_t place_of(const std::string& dataset) {
  const auto* const place =
      std::find_if(std::begin(titles), std::end(titles), [&](const auto& one) { return one.first == dataset; });
  return place - std::begin(titles);
}

/// What all runs of a folder have in common. Throws FormatError, with file and line, for a run of other settings, and
/// for a program or preset that is not known.
Json identity_of(const std::string& journal, const std::vector<JournalLine>& lines) {
  const std::vector<Json> runs = runs_of(lines);
  expect<ConfigError>(!runs.empty(), journal, " holds no journal; the folder of a run (--out) is needed");
  const Json& identity = runs.front().at("identity");
  Words programs;
  for (const NamedDataset& one : named_datasets) programs.emplace_back(one.name);
  for_each_line(lines, [&](const JournalLine& line) {
    if (line.kind() != "run") return;
    known_word("program", line.json.at("identity").string("program"), programs);
    known_word("preset", line.json.at("identity").string("preset"), preset_words);
    expect<FormatError>(line.json.at("identity") == identity, "a run of other settings than the first of ", journal);
  });
  return identity;
}

void merge(Records& records, Records&& more) {
  records.members.merge(more.members);
  records.cells.merge(more.cells);
  records.runs.insert(records.runs.end(), more.runs.begin(), more.runs.end());
  records.warnings.insert(records.warnings.end(), more.warnings.begin(), more.warnings.end());
}

Study& study_of(const Json& identity, std::vector<Study>& studies) {
  const std::string &dataset = identity.string("program"), &preset = identity.string("preset");
  for (Study& study : studies)
    if (study.setting.dataset == dataset && study.setting.preset == preset) return study;
  const NamedDataset& about = named_dataset(dataset);
  const auto place = place_of(dataset);
  Study study;
  study.setting = {dataset, preset, std::string(about.metric)};
  study.title = place < std::ssize(titles) ? titles[place].second : dataset;
  study.unit = about.unit;
  return studies.emplace_back(std::move(study));
}

void add(const std::string& folder, std::vector<Study>& studies) {
  const std::string journal = journal_of(folder);
  std::vector<std::string> warnings;
  const std::vector<JournalLine> lines = read_journal_lines(journal, warnings);
  const Json identity = identity_of(journal, lines);
  Study& study = study_of(identity, studies);
  Records records = records_of(lines, std::move(warnings), study.setting);
  for (Source& source : study.sources)
    if (source.identity == identity) {
      source.folders.push_back(folder);
      return merge(*source.records, std::move(records));
    }
  study.sources.push_back({{folder}, identity, std::make_unique<Records>(std::move(records))});
}

bool same_networks(const Cell& a, const Cell& b) {
  const auto key = [](const Cell& cell) {
    return std::tie(cell.experiment, cell.variant, cell.hidden, cell.model, cell.gate);
  };
  return key(a) == key(b);
}

void find_groups(Study& study) {
  for (const Source& source : study.sources)
    for (Group& group : groups_of(*source.records)) {
      for (const Group& other : study.groups)
        expect<ConfigError>(!same_networks(other.cell, group.cell), title_of(study), ": ", describe_network(group.cell),
                            " is there under two settings; report them apart");
      study.groups.push_back(std::move(group));
    }
}

}  // namespace

std::vector<Study> read_studies(const std::vector<std::string>& folders) {
  std::vector<Study> studies;
  for (const std::string& folder : folders) add(folder, studies);
  for (Study& study : studies) find_groups(study);
  std::stable_sort(studies.begin(), studies.end(), [](const Study& a, const Study& b) {
    return std::pair(place_of(a.setting.dataset), b.setting.preset) <
           std::pair(place_of(b.setting.dataset), a.setting.preset);
  });
  return studies;
}

std::string title_of(const Study& study) {
  return study.title + " · preset " + study.setting.preset;
}

}  // namespace wsym::asymmetry
