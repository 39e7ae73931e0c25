// SPDX-License-Identifier: MIT
#include "fuzz_file.hpp"
#include "wsym/data/table.hpp"

namespace {
wsym::TableSchema schema(wsym::Separator separator) {
  using enum wsym::ColumnKind;
  return {.columns = {{.name = "id", .kind = identifier},
                      {.name = "x", .kind = number, .missing = "?"},
                      {.name = "colour",
                       .kind = category,
                       .vocabulary = {"red", "green"},
                       .missing = "?",
                       .unknown = wsym::UnknownCategory::accept},
                      {.name = "town", .kind = category},
                      {.name = "y", .kind = target_class, .vocabulary = {"no", "yes"}}},
          .separator = separator};
}

bool in_range(const wsym::Column& column, wsym::Index rows) {
  bool fine = static_cast<wsym::Index>(column.codes.size()) == rows;
  for (const std::int32_t code : column.codes)
    fine = fine && code >= -1 && code < static_cast<std::int32_t>(column.vocabulary.words().size());
  return fine;
}
}  // namespace

/// A CSV file gives columns of equal length with codes that exist, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FuzzFile file("table.csv");
  static const wsym::TableSchema schemas[] = {schema(wsym::Separator::comma), schema(wsym::Separator::comma_space)};
  file.hold(data, size);
  for (const wsym::TableSchema& schema : schemas) {
    try {
      const wsym::Table table = wsym::read_table(file.path(), schema);
      const auto rows = static_cast<std::size_t>(table.rows);
      if (rows == 0 || table.columns[0].texts.size() != rows || table.columns[1].numbers.size() != rows) std::abort();
      for (const std::size_t i : {2u, 3u, 4u})
        if (!in_range(table.columns[i], table.rows)) std::abort();
    } catch (const wsym::Error&) {
    }
  }
  return 0;
}
