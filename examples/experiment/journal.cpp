// SPDX-License-Identifier: MIT
#include "experiment/journal.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

namespace wsym::experiment {
namespace {

struct Line {
  std::string file;
  Index number;
  Json json;
};

std::vector<std::string> journal_files(const std::string& folder) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

void read_lines(const std::string& file, std::vector<Line>& lines, std::vector<std::string>& warnings) {
  const std::string text = read_file(file);
  Index number = 1;
  for (std::size_t start = 0; start < text.size(); ++number) {
    const std::size_t end = text.find('\n', start);
    if (end == text.npos) {
      warnings.push_back(message(file, ":", number, ": the last line was cut off by a kill; it is left out"));
      break;
    }
    lines.push_back({file, number, Json::parse(text.substr(start, end - start), message(file, ":", number))});
    start = end + 1;
  }
}

std::vector<Line> read_folder(const std::string& folder, std::vector<std::string>& warnings) {
  std::vector<Line> lines;
  for (const std::string& file : journal_files(folder)) read_lines(file, lines, warnings);
  return lines;
}

Json without_session(const Json& line) {
  Json rest = Json::object();
  for (const auto& [name, value] : line.members())
    if (name != "session") rest[name] = value;
  return rest;
}

template <class Map, class Record>
void insert(const Line& line, const Setting& setting, Map& map, Index number, Record record,
            std::vector<std::string>& warnings) {
  const auto [place, added] = map.emplace(std::pair(record.cell, number), record);
  if (!added && without_session(to_json(setting, place->second)) != without_session(line.json))
    warnings.push_back(message(line.file, ":", line.number, ": ", describe(record.cell), ", ", number,
                               " is there twice with unequal numbers; the first is used"));
}

void add(const Line& line, const Setting& setting, Records& records) {
  const std::string& kind = line.json.string("kind");
  if (kind == "run") return;
  if (kind == "member") {
    const MemberRecord record = member_from_json(setting, line.json);
    insert(line, setting, records.members, record.member, record, records.warnings);
  } else {
    expect<FormatError>(kind == "cell", "kind '", kind, "'; run, member or cell is needed");
    const CellRecord record = cell_from_json(setting, line.json);
    insert(line, setting, records.cells, record.members, record, records.warnings);
  }
}

/// "option: there it is x, now it is y" for each member that differs.
std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> list;
  const auto text = [](const Json* value) {
    return value ? value->dump() : std::string("unknown");
  };
  for (const auto& [name, value] : before.members())
    if (const Json* other = now.find(name); !other || *other != value)
      list.push_back(name + " was " + value.dump() + ", now it is " + text(other));
  for (const auto& [name, value] : now.members())
    if (!before.contains(name)) list.push_back(name + " was unknown, now it is " + value.dump());
  return list;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

/// Compares with every run before this one.
void compare(const std::string& out, const RunHeader& header, Records& records) {
  std::set<std::string> builds;
  for (const Json& run : records.runs) {
    const auto changed = differences(run.at("identity"), header.identity);
    expect<ConfigError>(changed.empty(), out, " holds the results of other settings: ", joined(changed),
                        "; use the same settings or another --out");
    const auto built = differences(run.at("build"), header.build);
    if (!built.empty()) builds.insert(joined(built));
  }
  for (const std::string& change : builds)
    records.warnings.push_back(out + " continues with another build: " + change +
                               "; networks trained from here on need not have the same bits");
}

/// A name of its own for each process, in the order of their starts.
std::string journal_name() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return message(milliseconds, "-", getpid(), ".jsonl");
}

std::string lock_of(const std::string& out) {
  make_directories(out + "/journal");
  return out + "/lock";
}

/// f(line) for each; a FormatError gets the line's place.
template <class F> void for_each_line(const std::vector<Line>& lines, F f) {
  for (const Line& line : lines) try {
      f(line);
    } catch (const FormatError& error) {
      throw FormatError(message(line.file, ":", line.number, ": ", error.what()));
    }
}

/// check(records) sees the run lines before any other is looked at: they say whose journal this is.
template <class Check> Records read_records(const std::string& folder, const Setting& setting, Check check) {
  Records records;
  const std::vector<Line> lines = read_folder(folder, records.warnings);
  for_each_line(lines, [&](const Line& line) {
    if (line.json.string("kind") == "run") records.runs.push_back(line.json);
  });
  check(records);
  for_each_line(lines, [&](const Line& line) { add(line, setting, records); });
  return records;
}

}  // namespace

const CellRecord* Records::finished(const Cell& cell, Index at_least) const {
  const auto place = cells.lower_bound({cell, at_least});
  return place != cells.end() && place->first.first == cell ? &place->second : nullptr;
}

Records read_journal(const std::string& folder, const Setting& setting) {
  return read_records(folder, setting, [](const Records&) {});
}

std::string canonical_journal(const std::string& folder) {
  std::vector<std::string> warnings;
  std::set<std::string> lines;
  for (const Line& line : read_folder(folder, warnings)) lines.insert(without_session(line.json).dump());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

Journal::Journal(const std::string& out, Setting setting, const RunHeader& header)
    : setting_(std::move(setting)),
      lock_(lock_of(out)),
      records_(read_records(out + "/journal", setting_, [&](Records& records) { compare(out, header, records); })),
      file_(out + "/journal/" + journal_name()) {
  write(Json::object(
      {{"kind", "run"}, {"identity", header.identity}, {"build", header.build}, {"session", header.session}}));
}

void Journal::write(const Json& line) {
  file_.write_line(line.dump());
  file_.sync();
}

void Journal::append(const MemberRecord& record) {
  const std::lock_guard guard(mutex_);
  write(to_json(setting_, record));
  records_.members.emplace(std::pair(record.cell, record.member), record);
}

void Journal::append(const CellRecord& record) {
  const std::lock_guard guard(mutex_);
  write(to_json(setting_, record));
  records_.cells.emplace(std::pair(record.cell, record.members), record);
}

}  // namespace wsym::experiment
