// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "wsym/data/cells.hpp"
#include "wsym/data/dataset.hpp"

namespace wsym::inline WSYM_SIMD {

/// What Preprocessor::fit scales beside the columns of numbers, and whether these share one mean and sd.
struct ScaleOptions {
  bool one_hot = false;   // also the columns that categories become
  bool together = false;  // one mean and sd for all numbers and pixels of a row, as fits images
  bool target = false;    // also the target, a number; predictions then go through unscale_target
};

/// How the columns of a table become the features of a network, as learnt from some rows. Numbers come first, in the
/// order of the table, each as (x - mean) / sd; then a 0/1 feature for each category; identifiers are left out.
/// A feature that was constant in the fitted rows is 0 on every row; a number not known is 0, the mean; a category not
/// known is 0 in all its features. A value: it is saved with a model, and reads tables that have its columns by name.
///
/// A table made by hand is looked at as it is read. A column that has not one value a row is a ShapeError; a code
/// outside the vocabulary, an infinite number, a target that is not known and a result that T cannot hold are a
/// DataError that names column, value, and file and line or row.
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
  std::vector<double> mean, sd;           // of each feature; sd 0: constant
  std::string target;                     // the column to predict
  Vocabulary classes;                     // what the labels stand for; empty in regression
  double target_mean = 0, target_sd = 1;  // a target y is (y - target_mean) / target_sd in a Dataset; sd 0: constant

  /// Learns from the given rows alone. A declared vocabulary is taken whole; of one that was collected from the file,
  /// the words in those rows. Throws ConfigError without rows, for a row that is not there, without one target, or when
  /// a class is to be scaled.
  static Preprocessor fit(const Table& table, std::span<const Index> rows, ScaleOptions options = {});
  /// Learns from every row, also those that will test the model: what the paper's code does for some data sets.
  static Preprocessor fit_on_all_rows(const Table& table, ScaleOptions options = {});

  Index features() const { return static_cast<Index>(mean.size()); }
  bool scales_target() const { return target_mean != 0 || target_sd != 1; }
  Task task() const {
    return classes.size() ? Task{TaskKind::classification, static_cast<Index>(classes.size())}
                          : Task{TaskKind::regression, 1};
  }

  /// The features of the given rows, (rows, features). Throws ConfigError if the table lacks a column or a row.
  template <Real T> Tensor<T> transform(const Table& table, std::span<const Index> rows) const;
  /// Features and targets; a target is scaled if the preprocessor scales it. Throws DataError for a label that is not
  /// among the classes, or for a target that T cannot hold in its own unit, in which predictions are given.
  template <Real T> Dataset<T> dataset(const Table& table, std::span<const Index> rows) const;

  /// Turns predicted targets, (rows, outputs), into the unit of the table: y becomes target_sd y + target_mean, rounded
  /// once in double. Changes nothing if the target is not scaled. NaN stays NaN; throws DataError, with row and column
  /// of y, for a finite value that T cannot hold afterwards.
  template <Real T> void unscale_target(MatMap<T> y) const;

  friend bool operator==(const Preprocessor&, const Preprocessor&) = default;
};

namespace detail {

/// The column a source reads. Throws ConfigError when the table has none of this name, kind and width.
inline const Column& column_of(const Preprocessor::Source& source, const Table& table) {
  const Column* column = table.find(source.name);
  expect<ConfigError>(column != nullptr, "Preprocessor: the table has no column '", source.name, "'");
  expect<ConfigError>(column->kind == source.kind && column->width == source.width, "Preprocessor: column '",
                      source.name, "' is not of the kind it was fitted on");
  check_size(table, *column);
  return *column;
}

/// A column with its place among the features.
struct Reader {
  const Table* table;
  const Column* column;
  Index width;                      // features
  std::vector<std::int32_t> codes;  // category: from the table's code to the feature

  /// Feature j of a row, not yet scaled; NaN for a number not known.
  double operator()(Index row, Index j) const {
    if (column->kind == ColumnKind::pixels) return column->pixels[static_cast<std::size_t>(row * width + j)];
    if (column->kind == ColumnKind::number) return number_at(*table, *column, row);
    const std::int32_t code = code_at(*table, *column, row);
    return code >= 0 && codes[static_cast<std::size_t>(code)] == j ? 1 : 0;
  }
};

inline std::vector<Reader> readers(const Preprocessor& fitted, const Table& table) {
  std::vector<Reader> all;
  for (const Preprocessor::Source& source : fitted.sources) {
    const Column& column = column_of(source, table);
    all.push_back({&table, &column, source.features(), translation(column.vocabulary, source.vocabulary)});
  }
  return all;
}

/// Calls f(feature, value, row, column) for every feature of the given rows.
template <class F> void for_each_value(const std::vector<Reader>& from, std::span<const Index> rows, F&& f) {
  for (const Index row : rows) {
    Index feature = 0;
    for (const Reader& read : from)
      for (Index j = 0; j < read.width; ++j) f(feature++, read(row, j), row, *read.column);
  }
}

/// The columns that are features: numbers and pixels, then categories.
inline std::vector<Preprocessor::Source> sources_of(const Table& table, std::span<const Index> rows) {
  std::vector<Preprocessor::Source> sources;
  for (const Column& column : table.columns)
    if (is_numeric(column.kind)) sources.push_back({column.name, column.kind, column.width});
  for (const Column& column : table.columns)
    if (column.kind == ColumnKind::category) {
      check_size(table, column);
      sources.push_back({column.name, column.kind, 1, column.declared ? column.vocabulary : seen(table, column, rows)});
    }
  return sources;
}

/// (x - mean) / sd, 0 for a constant feature or a number not known; the result may be infinite where T cannot hold it.
template <Real T> T scaled(double x, double mean, double sd) {
  if (sd == 0 || std::isnan(x)) return T(0);
  const T z = static_cast<T>((x - mean) / sd);
  if (std::isfinite(z)) [[likely]]
    return z;
  return static_cast<T>((x / 4 - mean / 4) / (sd / 4));  // x - mean alone may overflow
}

}  // namespace detail

inline Preprocessor Preprocessor::fit(const Table& table, std::span<const Index> rows, ScaleOptions options) {
  expect<ConfigError>(!rows.empty(), "Preprocessor: no rows to fit on");
  detail::check_rows(table, rows);
  Preprocessor fitted;
  fitted.target = table.target().name;
  fitted.classes = Vocabulary(table.target().vocabulary);
  fitted.sources = detail::sources_of(table, rows);
  const std::vector<detail::Reader> from = detail::readers(fitted, table);
  Index features = 0, numeric = 0;
  for (const detail::Reader& reader : from) {
    features += reader.width;
    if (detail::is_numeric(reader.column->kind)) numeric += reader.width;
  }
  const auto group = [&](Index f) {
    return static_cast<std::size_t>(options.together && f < numeric ? 0 : f);
  };
  std::vector<detail::Moments> moments(static_cast<std::size_t>(features));
  detail::for_each_value(from, rows, [&](Index f, double x, auto&&...) { moments[group(f)].add(x); });
  for (detail::Moments& one : moments) one.settle();
  detail::for_each_value(from, rows, [&](Index f, double x, auto&&...) { moments[group(f)].add_square(x); });
  for (Index f = 0; f < features; ++f) {
    const bool scales = f < numeric || options.one_hot;
    fitted.mean.push_back(scales ? moments[group(f)].mean() : 0);
    fitted.sd.push_back(scales ? moments[group(f)].sd() : 1);
  }
  if (options.target) {
    const detail::Moments of_target = detail::target_moments(table, rows);
    fitted.target_mean = of_target.mean(), fitted.target_sd = of_target.sd();
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
  const auto write = [&](Index f, double value, Index row, const Column& column) {
    const auto i = static_cast<std::size_t>(f);
    *out = detail::scaled<T>(value, mean[i], sd[i]);
    if (!std::isfinite(*out++)) [[unlikely]]
      throw detail::cell_error(
          table, row, column.name,
          message("(x - ", setting_text(mean[i]), ") / ", setting_text(sd[i]), " does not fit a ", number_name<T>),
          setting_text(value));
  };
  detail::for_each_value(detail::readers(*this, table), rows, write);
  return x;
}

template <Real T> Dataset<T> Preprocessor::dataset(const Table& table, std::span<const Index> rows) const {
  Dataset<T> data{.x = transform<T>(table, rows), .y = Tensor<T>(), .task = task()};
  const bool labels = data.task.kind == TaskKind::classification;
  const Column& column =
      detail::column_of({target, labels ? ColumnKind::target_class : ColumnKind::target_number, 1, {}}, table);
  if (!labels) {
    data.y = Tensor<T>({static_cast<Index>(rows.size()), 1});
    T* out = data.y.data();
    for (const Index row : rows) {
      const double y = detail::target_at(table, column, row);
      *out = scales_target() ? detail::scaled<T>(y, target_mean, target_sd) : static_cast<T>(y);
      if (!std::isfinite(*out++) || !std::isfinite(static_cast<T>(y)))
        throw detail::cell_error(table, row, target, message("the target does not fit a ", number_name<T>),
                                 setting_text(y));
    }
    return data;
  }
  const std::vector<std::int32_t> codes = detail::translation(column.vocabulary, classes);
  for (const Index row : rows) {
    const std::int32_t code = detail::code_at(table, column, row);
    if (code < 0) throw detail::cell_error(table, row, target, "the class is not known", "-1");
    data.labels.push_back(codes[static_cast<std::size_t>(code)]);
    if (data.labels.back() < 0)
      throw detail::cell_error(table, row, target, "not one of the classes " + detail::listed(classes.words()),
                               column.vocabulary.word(code));
  }
  return data;
}

template <Real T> void Preprocessor::unscale_target(MatMap<T> y) const {
  if (!scales_target()) return;
  for (Index row = 0; row < y.rows(); ++row)
    for (Index col = 0; col < y.cols(); ++col) {
      const double value = std::fma(static_cast<double>(y(row, col)), target_sd, target_mean);
      y(row, col) = static_cast<T>(value);
      if (std::isinf(y(row, col)) && std::isfinite(value)) [[unlikely]]
        throw DataError(
            message("row ", row, ", column ", col, " (from 0) of the predictions does not fit a ", number_name<T>), {},
            0, target, setting_text(value));
    }
}

}  // namespace wsym::inline WSYM_SIMD

#include "wsym/data/preprocess_json.hpp"
