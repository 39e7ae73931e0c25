// SPDX-License-Identifier: MIT
#include "asymmetry/journal.hpp"

#include "asymmetry/names.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

template <class Map, class Record>
void insert(const JournalLine& line, const Setting& setting, Map& map, Index number, Record record,
            std::vector<std::string>& warnings) {
  const auto [place, added] = map.emplace(std::pair(record.cell, number), record);
  if (!added && without_session(to_json(setting, place->second)) != without_session(line.json))
    warnings.push_back(message(line.file, ":", line.number, ": ", describe(record.cell), ", ", number,
                               " is there twice with unequal numbers; the first is used"));
}

void add(const JournalLine& line, const Setting& setting, Records& records) {
  const std::string& kind = line.json.string("kind");
  if (kind == "run") return;
  if (kind == "member") {
    const MemberRecord record = member_from_json(setting, line.json);
    insert(line, setting, records.members, record.member, record, records.warnings);
  } else {
    expect<FormatError>(kind == "cell", "kind ", shown(kind), "; run, member or cell is needed");
    const CellRecord record = cell_from_json(setting, line.json);
    insert(line, setting, records.cells, record.members, record, records.warnings);
  }
}

void parse(const std::vector<JournalLine>& lines, const Setting& setting, Records& records) {
  for_each_line(lines, [&](const JournalLine& line) {
    if (line.kind() == "run") records.runs.push_back(line.json);
  });
  for_each_line(lines, [&](const JournalLine& line) { add(line, setting, records); });
}

}  // namespace

const CellRecord* Records::finished(const Cell& cell, Index at_least) const {
  const auto place = cells.lower_bound({cell, at_least});
  return place != cells.end() && place->first.first == cell ? &place->second : nullptr;
}

Records read_journal(const std::string& folder, const Setting& setting) {
  std::vector<std::string> warnings;
  const std::vector<JournalLine> lines = read_journal_lines(folder, warnings);
  return records_of(lines, std::move(warnings), setting);
}

Records records_of(const std::vector<JournalLine>& lines, std::vector<std::string> warnings, const Setting& setting) {
  Records records;
  records.warnings = std::move(warnings);
  parse(lines, setting, records);
  return records;
}

Journal::Journal(const std::string& out, Setting setting, const RunHeader& header)
    : setting_(std::move(setting)), lines_(out, header) {
  records_.warnings = lines_.warnings();
  parse(lines_.lines(), setting_, records_);
  lines_.start();
}

void Journal::append(const MemberRecord& record) {
  const std::lock_guard guard(mutex_);
  lines_.write(to_json(setting_, record));
  records_.members.emplace(std::pair(record.cell, record.member), record);
}

void Journal::append(const CellRecord& record) {
  const std::lock_guard guard(mutex_);
  lines_.write(to_json(setting_, record));
  records_.cells.emplace(std::pair(record.cell, record.members), record);
}

}  // namespace wsym::asymmetry
