// SPDX-License-Identifier: MIT
#include "asymmetry/report_controls.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "asymmetry/names.hpp"
#include "asymmetry/record.hpp"
#include "lab/html.hpp"
#include "lab/text.hpp"
#include "wsym/data/csv.hpp"

namespace wsym::asymmetry {
namespace {

using Row = std::map<std::string, std::string>;  // by column

double number(const Row& row, const std::string& column) {
  const std::string& text = row.at(column);
  double value = undefined;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string measure_name(const Row& row) {
  const bool mixture = !row.at("gate").empty();
  const std::string what = mixture                 ? row.at("size") + " experts"
                           : row.at("size") == "1" ? std::string("single")
                                                   : "ensemble of " + row.at("size");
  return row.at("metric") == "improvement_pct" ? what + ", improvement in %" : what;
}

std::string series(const Row& row) {
  const std::string gate = row.at("gate");
  return row.at("model") + ", d = " + row.at("hidden") + (gate.empty() ? "" : ", " + gate);
}

/// Throws FormatError for a line of another length than the first.
std::vector<Row> read_rows(const std::string& path) {
  CsvReader csv(path);
  std::vector<std::string> names;
  std::vector<Row> rows;
  while (csv.next()) {
    const auto fields = csv.fields();
    if (names.empty()) {
      names.assign(fields.begin(), fields.end());
      continue;
    }
    expect<FormatError>(fields.size() == names.size(), path, ":", csv.line(), ": ", fields.size(), " fields came; ",
                        names.size(), " are needed");
    Row& row = rows.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = fields[i];
  }
  return rows;
}

/// What is compared with its own model too is not shown beside another one.
bool shown(const Row& row, const std::vector<Row>& rows) {
  return std::none_of(rows.begin(), rows.end(), [&](const Row& other) {
    return row.at("reference") != row.at("model") && other.at("reference") == row.at("model") &&
           series(other) == series(row) && other.at("variant") == row.at("variant") &&
           measure_name(other) == measure_name(row);
  });
}

void add(const Row& row, bool first, HtmlTable& table) {
  const int decimals = row.at("metric") == "improvement_pct" ? 2 : 4;
  const std::string variant = row.at("variant").empty() ? "the method itself" : row.at("variant");
  std::vector<std::string> cells = {first ? series(row) : "",
                                    first ? variant : "",
                                    measure_name(row),
                                    row.at("reference"),
                                    mean_and_sd(number(row, "mean"), number(row, "sd"), decimals),
                                    row.at("n"),
                                    "",
                                    "",
                                    ""};
  if (!row.at("reference").empty()) {
    cells[6] = with_sign(number(row, "difference"), decimals);
    cells[7] = with_sign(number(row, "low"), decimals) + " to " + with_sign(number(row, "high"), decimals);
    cells[8] = rounded(number(row, "p_value"), 3);
  }
  table.row(cells);
}

}  // namespace

std::string controls_table(const std::string& folder) {
  const std::string path = folder + "/controls.csv";
  if (!WSYM_CSV || !std::filesystem::exists(path)) return "";
  HtmlTable table({"model", "variant", "of", "against", "mean ± sd", "n", "difference", "95 % interval", "p"}, 4);
  const std::vector<Row> rows = read_rows(path);
  std::string before;
  for (const Row& row : rows) {
    if (!shown(row, rows)) continue;
    const std::string group = series(row) + ", " + row.at("variant");
    if (group != before && !table.empty()) table.rule();
    add(row, group != before, table);
    before = group;
  }
  return table.empty() ? ""
                       : table.html(
                             "Controls against the plain method, paired by repetition: mean difference, its 95 % t "
                             "interval, and p of "
                             "the exact sign-flip test, which n repetitions cannot bring below 2^(1-n)");
}

}  // namespace wsym::asymmetry
