// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "wsym/data/dataset.hpp"
#include "wsym/data/table.hpp"
#include "wsym/io/json.hpp"

namespace wsym {

/// What Preprocessor::fit scales, and together with what.
struct ScaleOptions {
  bool one_hot = false;   // also the columns that categories become
  bool together = false;  // one mean and sd for all numbers and pixels of a row, as fits images
};

/// How the columns of a table become the features of a network, as learnt from some rows. Numbers come first, in the
/// order of the table, each as (x - mean) / sd; then a 0/1 feature for each category; identifiers are left out.
/// A feature that was constant in the fitted rows is 0 on every row; a number not known is 0, the mean; a category not
/// known is 0 in all its features. A value: it is saved with a model, and reads tables that have its columns by name.
struct Preprocessor {
  struct Source {
    std::string name;
    ColumnKind kind = ColumnKind::number;
    Index width = 1;             // pixels a row
    Vocabulary vocabulary = {};  // category
    Index features() const { return kind == ColumnKind::category ? static_cast<Index>(vocabulary.size()) : width; }
    friend bool operator==(const Source&, const Source&) = default;
  };

  std::vector<Source> sources;
  std::vector<double> mean, sd;  // of each feature; sd 0: constant
  std::string target;            // the column to predict
  Vocabulary classes;            // what the labels stand for; empty in regression

  /// Learns from the given rows alone. A declared vocabulary is taken whole; of one that was collected from the file,
  /// the words in those rows. Throws ConfigError without rows, for a row that is not there, or without one target.
  static Preprocessor fit(const Table& table, std::span<const Index> rows, ScaleOptions options = {});
  /// Learns from every row, also those that will test the model: what the paper's code does for some data sets.
  static Preprocessor fit_on_all_rows(const Table& table, ScaleOptions options = {});

  Index features() const { return static_cast<Index>(mean.size()); }
  Task task() const {
    return classes.size() ? Task{TaskKind::classification, static_cast<Index>(classes.size())}
                          : Task{TaskKind::regression, 1};
  }

  /// The features of the given rows, (rows, features). Throws ConfigError if the table lacks a column or a row.
  template <Real T> Tensor<T> transform(const Table& table, std::span<const Index> rows) const;
  /// Features and targets. Throws DataError for a label that is not among the classes.
  template <Real T> Dataset<T> dataset(const Table& table, std::span<const Index> rows) const;

  friend bool operator==(const Preprocessor&, const Preprocessor&) = default;
};

namespace detail {

inline void check_rows(const Table& table, std::span<const Index> rows) {
  for (const Index row : rows)
    expect<ConfigError>(row >= 0 && row < table.rows, "Preprocessor: row ", row, " of a table with ", table.rows);
}

inline bool is_numeric(ColumnKind kind) {
  return kind == ColumnKind::number || kind == ColumnKind::pixels;
}

/// The column a source reads. Throws ConfigError when the table has none of this name, kind and width.
inline const Column& column_of(const Preprocessor::Source& source, const Table& table) {
  const Column* column = table.find(source.name);
  expect<ConfigError>(column != nullptr, "Preprocessor: the table has no column '", source.name, "'");
  expect<ConfigError>(column->kind == source.kind && column->width == source.width, "Preprocessor: column '",
                      source.name, "' is not of the kind it was fitted on");
  return *column;
}

/// The code in `to` of each word of `from`, -1 where there is none.
inline std::vector<std::int32_t> translation(const Vocabulary& from, const Vocabulary& to) {
  std::vector<std::int32_t> codes;
  for (const std::string& word : from.words()) codes.push_back(to.code(word));
  return codes;
}

/// A column with its place among the features.
struct Reader {
  const Column* column;
  ColumnKind kind;
  Index width;                      // features
  std::vector<std::int32_t> codes;  // category: from the table's code to the feature

  /// Feature j of a row, not yet scaled; NaN for a number not known.
  double operator()(Index row, Index j) const {
    const auto i = static_cast<std::size_t>(row);
    if (kind == ColumnKind::pixels) return column->pixels[static_cast<std::size_t>(row * width + j)];
    if (kind == ColumnKind::number) return column->numbers[i];
    const std::int32_t code = column->codes[i];
    return code >= 0 && codes[static_cast<std::size_t>(code)] == j ? 1 : 0;
  }
};

inline std::vector<Reader> readers(const Preprocessor& fitted, const Table& table) {
  std::vector<Reader> all;
  for (const Preprocessor::Source& source : fitted.sources) {
    const Column& column = column_of(source, table);
    all.push_back({&column, source.kind, source.features(), translation(column.vocabulary, source.vocabulary)});
  }
  return all;
}

/// Mean and population sd of what is known among some numbers, in two passes; sd exactly 0 if all are the same.
class Moments {
 public:
  void add(double x) {
    if (std::isnan(x)) return;
    if (count_ == 0) least_ = most_ = x;
    least_ = std::min(least_, x), most_ = std::max(most_, x);
    ++count_, sum_ += x;
  }
  void add_square(double x) {
    if (!std::isnan(x)) squares_ += (x - mean()) * (x - mean());
  }
  bool constant() const { return least_ == most_; }
  double mean() const { return count_ == 0 ? 0 : constant() ? least_ : sum_ / static_cast<double>(count_); }
  double sd() const { return constant() ? 0 : std::sqrt(squares_ / static_cast<double>(count_)); }

 private:
  Index count_ = 0;
  double least_ = 0, most_ = 0, sum_ = 0, squares_ = 0;
};

/// Calls f(feature, value) for every feature of the given rows.
template <class F> void for_each_value(const std::vector<Reader>& from, std::span<const Index> rows, F&& f) {
  for (const Index row : rows) {
    Index feature = 0;
    for (const Reader& read : from)
      for (Index j = 0; j < read.width; ++j) f(feature++, read(row, j));
  }
}

/// The words that occur in the given rows, in the order of the column's vocabulary.
inline Vocabulary seen(const Column& column, std::span<const Index> rows) {
  std::vector<Index> counts(column.vocabulary.size());
  for (const Index row : rows)
    if (const std::int32_t code = column.codes[static_cast<std::size_t>(row)]; code >= 0)
      ++counts[static_cast<std::size_t>(code)];
  Vocabulary words;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) words.add(column.vocabulary.words()[i]);
  return words;
}

}  // namespace detail

inline Preprocessor Preprocessor::fit(const Table& table, std::span<const Index> rows, ScaleOptions options) {
  expect<ConfigError>(!rows.empty(), "Preprocessor: no rows to fit on");
  detail::check_rows(table, rows);
  Preprocessor fitted;
  fitted.target = table.target().name;
  fitted.classes = Vocabulary(table.target().vocabulary);
  Index numeric = 0;
  for (const Column& column : table.columns)
    if (detail::is_numeric(column.kind)) {
      fitted.sources.push_back({column.name, column.kind, column.width});
      numeric += column.width;
    }
  for (const Column& column : table.columns)
    if (column.kind == ColumnKind::category)
      fitted.sources.push_back(
          {column.name, column.kind, 1, column.declared ? column.vocabulary : detail::seen(column, rows)});

  const std::vector<detail::Reader> from = detail::readers(fitted, table);
  Index features = 0;
  for (const detail::Reader& reader : from) features += reader.width;
  const auto group = [&](Index f) {
    return static_cast<std::size_t>(options.together && f < numeric ? 0 : f);
  };
  std::vector<detail::Moments> moments(static_cast<std::size_t>(features));
  detail::for_each_value(from, rows, [&](Index f, double x) { moments[group(f)].add(x); });
  detail::for_each_value(from, rows, [&](Index f, double x) { moments[group(f)].add_square(x); });
  for (Index f = 0; f < features; ++f) {
    const bool scaled = f < numeric || options.one_hot;
    fitted.mean.push_back(scaled ? moments[group(f)].mean() : 0);
    fitted.sd.push_back(scaled ? moments[group(f)].sd() : 1);
  }
  return fitted;
}

inline Preprocessor Preprocessor::fit_on_all_rows(const Table& table, ScaleOptions options) {
  std::vector<Index> rows(static_cast<std::size_t>(table.rows));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i);
  return fit(table, {rows.data(), rows.size()}, options);
}

template <Real T> Tensor<T> Preprocessor::transform(const Table& table, std::span<const Index> rows) const {
  detail::check_rows(table, rows);
  Tensor<T> x({static_cast<Index>(rows.size()), features()});
  T* out = x.data();
  detail::for_each_value(detail::readers(*this, table), rows, [&](Index f, double value) {
    const auto i = static_cast<std::size_t>(f);
    *out++ = sd[i] == 0 || std::isnan(value) ? T(0) : static_cast<T>((value - mean[i]) / sd[i]);
  });
  return x;
}

template <Real T> Dataset<T> Preprocessor::dataset(const Table& table, std::span<const Index> rows) const {
  Dataset<T> data{transform<T>(table, rows), Tensor<T>(), {}, task()};
  const bool labels = data.task.kind == TaskKind::classification;
  const Column& column =
      detail::column_of({target, labels ? ColumnKind::target_class : ColumnKind::target_number, 1, {}}, table);
  if (!labels) {
    data.y = Tensor<T>({static_cast<Index>(rows.size()), 1});
    for (std::size_t i = 0; i < rows.size(); ++i)
      data.y[static_cast<Index>(i)] = static_cast<T>(column.numbers[static_cast<std::size_t>(rows[i])]);
    return data;
  }
  const std::vector<std::int32_t> codes = detail::translation(column.vocabulary, classes);
  for (const Index row : rows) {
    const auto code = static_cast<std::size_t>(column.codes[static_cast<std::size_t>(row)]);
    if (codes[code] < 0)
      throw DataError("not one of the classes " + detail::listed(classes.words()), {}, 0, target,
                      column.vocabulary.words()[code]);
    data.labels.push_back(codes[code]);
  }
  return data;
}

/// A preprocessor as JSON; preprocessor_from_json gives back the same value, bit for bit.
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
  return json;
}

/// Throws FormatError for a member that is missing, of the wrong kind, or a list of the wrong length.
inline Preprocessor preprocessor_from_json(const Json& json) {
  const auto words = [](const Json::Array& items) {
    std::vector<std::string> texts;
    for (const Json& item : items) texts.push_back(item.string());
    return Vocabulary(std::move(texts));
  };
  Preprocessor fitted;
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
    features += source.features();
    fitted.sources.push_back(std::move(source));
  }
  expect<FormatError>(fitted.mean.size() == fitted.sd.size() && fitted.features() == features,
                      "preprocessor: ", fitted.mean.size(), " means and ", fitted.sd.size(), " sds; the sources have ",
                      features, " features");
  fitted.target = json.string("target");
  fitted.classes = words(json.items("classes"));
  return fitted;
}

}  // namespace wsym
