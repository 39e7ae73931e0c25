// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <string>

#include "wsym/data/preprocess.hpp"

namespace wsym::inline WSYM_SIMD {

/// A preprocessor as JSON; preprocessor_from_json gives back the same value, bit for bit. target_mean and target_sd are
/// there only if the target is scaled.
inline Json to_json(const Preprocessor& fitted) {
  Json::Array sources;
  for (const Preprocessor::Source& source : fitted.sources) {
    Json one;
    one["name"] = source.name;
    if (source.kind == ColumnKind::category) one["categories"] = Json::array(source.vocabulary.words());
    if (source.kind == ColumnKind::pixels) one["pixels"] = source.width;
    sources.push_back(std::move(one));
  }
  Json json;
  json["sources"] = std::move(sources);
  json["mean"] = Json::array(fitted.mean);
  json["sd"] = Json::array(fitted.sd);
  json["target"] = fitted.target;
  json["classes"] = Json::array(fitted.classes.words());
  if (fitted.scales_target()) {
    json["target_mean"] = fitted.target_mean;
    json["target_sd"] = fitted.target_sd;
  }
  return json;
}

/// Throws FormatError for a member that is missing, of the wrong kind, or a list of the wrong length, for a word or
/// source that comes twice, and for an sd below 0.
inline Preprocessor preprocessor_from_json(const Json& json) {
  const auto words = [](const Json::Array& items) {
    try {
      return Vocabulary(detail::read_words(items));
    } catch (const ConfigError& error) {
      throw FormatError(error.what());
    }
  };
  Preprocessor fitted;
  Vocabulary names;
  for (const Json& item : json.items("mean")) fitted.mean.push_back(item.number());
  for (const Json& item : json.items("sd")) fitted.sd.push_back(item.number());
  Index features = 0;
  for (const Json& one : json.items("sources")) {
    Preprocessor::Source source{.name = one.string("name")};
    if (one.contains("categories"))
      source.kind = ColumnKind::category, source.vocabulary = words(one.items("categories"));
    if (one.contains("pixels")) source.kind = ColumnKind::pixels, source.width = one.index("pixels");
    expect<FormatError>(source.width >= 1 && source.width <= fitted.features(), "preprocessor: source '", source.name,
                        "' has ", source.width, " pixels; there are ", fitted.features(), " means");
    expect<FormatError>(names.code(source.name) < 0, "preprocessor: two sources '", source.name, "'");
    names.add(source.name);
    features += source.features();
    fitted.sources.push_back(std::move(source));
  }
  expect<FormatError>(fitted.mean.size() == fitted.sd.size() && fitted.features() == features,
                      "preprocessor: ", fitted.mean.size(), " means and ", fitted.sd.size(), " sds; the sources have ",
                      features, " features");
  fitted.target = json.string("target");
  fitted.classes = words(json.items("classes"));
  if (json.contains("target_mean")) {
    expect<FormatError>(fitted.classes.size() == 0, "preprocessor: the target '", fitted.target,
                        "' has classes and is scaled");
    fitted.target_mean = json.number("target_mean"), fitted.target_sd = json.number("target_sd");
  }
  for (std::size_t i = 0; i <= fitted.sd.size(); ++i) {
    const double sd = i < fitted.sd.size() ? fitted.sd[i] : fitted.target_sd;
    expect<FormatError>(sd >= 0, "preprocessor: an sd of ", sd, "; it is not negative");
  }
  return fitted;
}

/// What read_columns needs to read rows for this preprocessor: its sources, with the separator, header, preamble and
/// columns (vocabulary, markers) of the schema that its table was read with; the target and other columns are left out.
/// Without that schema: a header, no markers, and categories that are not known are accepted. Throws ConfigError for a
/// schema that lacks a source or has it with another kind, and for pixels, which no CSV file holds.
inline TableSchema input_schema(const Preprocessor& fitted, const TableSchema& table = {.header = true}) {
  TableSchema schema{.separator = table.separator, .header = table.header, .preamble = table.preamble};
  for (const Preprocessor::Source& source : fitted.sources) {
    const auto has_name = [&](const ColumnSchema& column) {
      return column.name == source.name;
    };
    const auto column = std::find_if(table.columns.begin(), table.columns.end(), has_name);
    expect<ConfigError>(table.columns.empty() || (column != table.columns.end() && column->kind == source.kind),
                        "input_schema: the schema has no column '", source.name, "' of the kind it was fitted on");
    schema.columns.push_back(table.columns.empty() ? ColumnSchema{.name = source.name,
                                                                  .kind = source.kind,
                                                                  .vocabulary = source.vocabulary.words(),
                                                                  .unknown = UnknownCategory::accept}
                                                   : *column);
  }
  check(schema);
  return schema;
}

}  // namespace wsym::inline WSYM_SIMD
