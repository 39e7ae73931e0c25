// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "asymmetry/report_page.hpp"
#include "lab/html.hpp"
#include "papers/asymmetry/studies.hpp"
#include "sparse_ensembles/report.hpp"
#include "tools/lab/path.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::asymmetry;
using sample::contains;

namespace {

/// What gnuplot, a shell, a browser, a terminal or a reader of CSV files would obey.
const std::vector<std::string> hostile_texts = {"x`touch PWNED`", "a'; system(\"touch PWNED\"); set output 'x",
                                                "x\n!touch PWNED\n", "text\"><script>PWNED</script>",
                                                "../1,2\x1b[31mPWNED"};

/// All lines that differ from `json` in one string, number, or key, which is `text` instead.
std::vector<Json> mutants(const Json& json, const std::string& text) {
  if (!json.is_object() && !json.is_array()) return {Json(text)};
  std::vector<Json> all;
  if (json.is_array()) {
    if (json.size() == 0) return all;
    for (const Json& first : mutants(json[0], text)) {
      Json::Array items = json.items();
      items[0] = first;
      all.push_back(Json(items));
    }
    return all;
  }
  for (const auto& [name, value] : json.members()) {
    for (const Json& changed : mutants(value, text)) {
      all.push_back(json);
      all.back()[name] = changed;
    }
    Json renamed = Json::object();
    for (const auto& [other, kept] : json.members()) renamed[other == name ? text : other] = kept;
    all.push_back(renamed);
  }
  return all;
}

std::vector<Json> lines_of(const std::string& file) {
  std::vector<std::string> warnings;
  std::vector<Json> lines;
  for (const JournalLine& line : read_journal_lines(std::filesystem::path(file).parent_path().string(), warnings))
    lines.push_back(line.json);
  return lines;
}

std::string only_file(const std::string& folder) {
  return std::filesystem::directory_iterator(folder)->path().string();
}

/// No file under the folder but the journal holds the text as it came, and none is named after it.
void check_harmless(const std::string& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    CHECK_FALSE_MESSAGE(contains(entry.path().filename().string(), "PWNED"), path);
    if (!entry.is_regular_file() || entry.path().extension() == ".jsonl") continue;
    const std::string bytes = read_file(path);
    const bool page = entry.path().extension() == ".html", special = html_text(text) != text;
    const bool obeyed = page ? special && contains(bytes, text) : contains(bytes, "PWNED");
    CHECK_FALSE_MESSAGE(obeyed, path);
  }
}

/// Writes every mutant of one line of each kind in turn and reports the folder: it is refused by file and line, or the
/// text does no harm. Returns how many were refused and how many were not.
template <class Report>
std::pair<int, int> try_mutants(const std::string& folder, const std::string& file, Report report) {
  const std::vector<Json> lines = lines_of(file);
  std::pair<int, int> counts;
  std::set<std::string> kinds;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!kinds.insert(lines[i].string("kind") + (lines[i].contains("gate") ? " gate" : "")).second) continue;
    for (const std::string& text : hostile_texts)
      for (const Json& mutant : mutants(lines[i], text)) {
        std::string journal;
        for (std::size_t j = 0; j < lines.size(); ++j) journal += (j == i ? mutant : lines[j]).dump() + "\n";
        std::ofstream(file) << journal;
        INFO(mutant.dump());
        try {
          report();
          ++counts.second;
          check_harmless(folder, text);
        } catch (const FormatError& error) {
          ++counts.first;
          CHECK_MESSAGE(contains(error.what(), message(file, ":", i + 1, ": ")), error.what());
          CHECK_FALSE(contains(error.what(), "\x1b"));
        }
      }
  }
  return counts;
}

}  // namespace

TEST_CASE("hostile journal: whatever stands in a field, it is refused by file and line or does no harm") {
  const ScratchFolder folder;
  const Path no_gnuplot("/nonexistent");  // its scripts are written all the same
  const std::string out = folder.path + "/out";
  Records records = sample::two_models(64, 0.5, 2);
  Cell variant = sample::cell("wmlp", 64);
  variant.variant = "kappa=0.5";
  const auto half = [](Index, Index) {
    return 0.5;
  };
  sample::add(records, variant, 1, 2, half, half);
  sample::add_mixtures(records, sample::mixture(), {2, 4}, 1, half);
  sample::write_journal(out, {"digits", "code", "accuracy"}, records);
  const auto [refused, harmless] =
      try_mutants(folder.path, only_file(out + "/journal"), [&] { write_report(folder.path + "/report", {out}); });
  CHECK(refused > 200);
  CHECK(harmless > 30);  // build and session are shown as they are, escaped
}

TEST_CASE("hostile journal: those of sparse experts too") {
  const ScratchFolder folder;
  const Path no_gnuplot("/nonexistent");
  const std::string out = folder.path + "/out";
  {
    sparse_ensembles::Journal journal(out, {Json::object({{"program", "digits"}}), Json::object({{"wsym", "1.2.3"}}),
                                            Json::object({{"command", "digits"}, {"studied", "model=moe;width=64"}})});
    for (const char* const system : {"model=mlp;width=64", "model=e3;members=2;order=priority", "model=moe;width=64"}) {
      sparse_ensembles::Record record{.system = sparse_ensembles::system_of(system)};
      record.numbers = {{"nll", 0.5}, {"train_flops", 1000}};
      record.load = {{0.25, 0.75}, {1, 0}};
      record.reliability = {{30, 0.5, 0.25}};
      journal.append(record);
    }
  }
  const std::string file = only_file(out + "/journal");
  const auto [refused, harmless] = try_mutants(folder.path, file, [&] {
    std::vector<std::string> warnings;
    const sparse_ensembles::Records records = sparse_ensembles::read_records(out + "/journal", warnings);
    sparse_ensembles::Subject subject{
        "digits", "Digits", sparse_ensembles::studied_in(out + "/journal").value_or(sparse_ensembles::System{}),
        10,       false,    {},
        {}};
    subject.runs = runs_of(read_journal_lines(out + "/journal", warnings));
    sparse_ensembles::write_report(folder.path + "/report", subject, records);
  });
  CHECK(refused > 40);
  CHECK(harmless > 5);
}

TEST_CASE("hostile journal: a preset or variant with commands is refused before anything is drawn") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/out";
  sample::write_journal(out, {"digits", "code", "accuracy"}, sample::two_models(64));
  const std::string file = only_file(out + "/journal"), journal = read_file(file);
  const auto everywhere = [&](const std::string& what, const std::string& with) {
    std::string changed = journal;
    for (std::size_t at = 0; (at = changed.find(what, at)) != changed.npos; at += with.size())
      changed.replace(at, what.size(), with);
    write_file_atomically(file, changed);
  };
  everywhere(R"("preset":"code")", R"("preset":"x`touch PWNED`")");
  CHECK_THROWS_WITH_AS(write_report(out, {out}), (file + ":1: preset 'x`touch PWNED`'; text or code is needed").c_str(),
                       FormatError);
  everywhere(R"("variant":"")", R"("variant":"x`touch PWNED`")");
  CHECK_THROWS_WITH_AS(
      write_report(out, {out}),
      (file + ":2: variant 'x`touch PWNED`': 'x`touch PWNED`' is no pair of a known key and a value of "
              "its own, in order")
          .c_str(),
      FormatError);
  CHECK_FALSE(std::filesystem::exists(out + "/figures"));
}

TEST_CASE("hostile journal: a number that a drawing or a file of commas could not hold is refused") {
  const ScratchFolder folder;
  const Setting setting{"digits", "code", "accuracy"};
  const Json line = to_json(setting, sample::member(sample::mixture(), 0, 0.5));
  CHECK_NOTHROW(member_from_json(setting, line));
  for (const auto& [key, value, error] : {std::tuple("hidden", 0, "hidden is 0; at least 1 is needed"),
                                          std::tuple("repeat", -1, "repeat is -1; at least 0 is needed"),
                                          std::tuple("experts", 0, "experts is 0; at least 1 is needed"),
                                          std::tuple("member", -3, "member is -3; at least 0 is needed")}) {
    Json changed = line;
    changed[key] = value;
    CHECK_THROWS_WITH_AS(member_from_json(setting, changed), error, FormatError);
  }
  Json changed = line;
  changed["experiment"] = "ensemble";
  CHECK_THROWS_WITH_AS(member_from_json(setting, changed),
                       "experiment 'ensemble' with a gate; mixtures have one, ensembles none", FormatError);
}
