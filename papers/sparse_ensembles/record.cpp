// SPDX-License-Identifier: MIT
#include "sparse_ensembles/record.hpp"

#include <limits>

#include "lab/text.hpp"
#include "lab/words.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::JournalLine;
using lab::shown;
using lab::undefined;

Json table_json(const std::vector<std::vector<double>>& rows) {
  Json::Array list;
  for (const std::vector<double>& row : rows) {
    Json::Array numbers;
    for (const double number : row) numbers.push_back(Json::number_or_null(number));
    list.push_back(std::move(numbers));
  }
  return list;
}

/// Rows of equal length; of `columns`, if that is not 0.
std::vector<std::vector<double>> table_from(const Json& line, const char* key, std::size_t columns) {
  std::vector<std::vector<double>> rows;
  for (const Json& row : line.items(key)) {
    rows.emplace_back();
    for (const Json& number : row.items()) rows.back().push_back(number.is_null() ? undefined : number.number());
    const std::size_t wanted = columns > 0 ? columns : rows.front().size();
    expect<FormatError>(rows.back().size() == wanted, key, ": a row of ", rows.back().size(), " numbers; ", wanted,
                        " are needed");
  }
  return rows;
}

/// Names stand in files of commas.
const std::string& metric_name(const std::string& name) {
  expect<FormatError>(!name.empty() && lab::plain_name(name) == name, "a number named ", shown(name),
                      "; letters, digits and '_' are needed");
  return name;
}

Records parse(const std::vector<JournalLine>& lines, std::vector<std::string>& warnings) {
  Records records;
  lab::for_each_line(lines, [&](const JournalLine& line) {
    if (line.kind() == "run") return;
    expect<FormatError>(line.kind() == "system", "kind ", shown(line.kind()), "; run or system is needed");
    const Record record = record_from_json(line.json);
    const auto [place, added] = records.emplace(std::pair(to_text(record.system), record.repeat), record);
    if (!added && lab::without_session(to_json(place->second)) != lab::without_session(line.json))
      warnings.push_back(message(line.file, ":", line.number, ": ", describe(record.system), ", repetition ",
                                 record.repeat, " is there twice with unequal numbers; the first is used"));
  });
  return records;
}

}  // namespace

double Record::number(const std::string& name) const {
  for (const auto& [key, value] : numbers)
    if (key == name) return value;
  return undefined;
}

Json to_json(const Record& record) {
  Json numbers = Json::object();
  for (const auto& [name, value] : record.numbers) numbers[name] = Json::number_or_null(value);
  return Json::object({{"kind", "system"},
                       {"system", to_text(record.system)},
                       {"repeat", record.repeat},
                       {"diverged", record.diverged},
                       {"numbers", std::move(numbers)},
                       {"load", table_json(record.load)},
                       {"reliability", table_json(record.reliability)},
                       {"session", Json::object({{"seconds", Json::number_or_null(record.seconds)}})}});
}

Record record_from_json(const Json& line) {
  Record record;
  record.system = system_of(line.string("system"));
  record.repeat = line.index("repeat");
  expect<FormatError>(record.repeat >= 0, "repeat is ", record.repeat, "; at least 0 is needed");
  record.diverged = line.boolean("diverged");
  for (const auto& [name, value] : line.at("numbers").members())
    record.numbers.emplace_back(metric_name(name), value.is_null() ? undefined : value.number());
  record.load = table_from(line, "load", 0);
  record.reliability = table_from(line, "reliability", 3);
  const Json& seconds = line.at("session").at("seconds");
  record.seconds = seconds.is_null() ? undefined : seconds.number();
  return record;
}

std::vector<const Record*> repeats_of(const Records& records, const System& system) {
  std::vector<const Record*> list;
  const std::string text = to_text(system);
  for (auto place = records.lower_bound({text, 0}); place != records.end() && place->first.first == text; ++place)
    if (!place->second.diverged) list.push_back(&place->second);
  return list;
}

Records read_records(const std::string& folder, std::vector<std::string>& warnings) {
  return parse(lab::read_journal_lines(folder, warnings), warnings);
}

std::optional<System> studied_in(const std::string& folder) {
  std::vector<std::string> warnings;
  std::optional<System> common;
  lab::for_each_line(lab::read_journal_lines(folder, warnings), [&](const JournalLine& line) {
    if (line.kind() != "run") return;
    if (const Json* const text = line.json.at("session").find("studied")) common = system_of(text->string());
  });
  return common;
}

Journal::Journal(const std::string& out, const lab::RunHeader& header)
    : lines_(out, header), warnings_(lines_.warnings()) {
  records_ = parse(lines_.lines(), warnings_);
  for (const JournalLine& line : lines_.lines())
    if (line.kind() == "run") runs_.push_back(line.json);
  runs_.push_back(lines_.start());
}

void Journal::append(const Record& record) {
  const std::lock_guard guard(mutex_);
  lines_.write(to_json(record));
  records_.emplace(std::pair(to_text(record.system), record.repeat), record);
}

}  // namespace wsym::sparse_ensembles
