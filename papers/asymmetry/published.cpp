// SPDX-License-Identifier: MIT
#include "asymmetry/published.hpp"

#include <charconv>
#include <filesystem>

#include "wsym/data/csv.hpp"

namespace wsym::asymmetry {
namespace {

template <class T> T read(const CsvReader& csv, std::size_t column) {
  const std::string_view field = csv.fields()[column];
  T value{};
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  expect<FormatError>(error == std::errc() && end == field.data() + field.size(), csv.path(), ":", csv.line(), ": '",
                      field, "' came; a number is needed");
  return value;
}

}  // namespace

Published::Published(const std::string& path) {
  constexpr std::string_view head[] = {"dataset", "experiment", "gate", "hidden", "model",
                                       "size",    "metric",     "mean", "sd",     "repeats"};
  CsvReader csv(path);
  for (bool first = true; csv.next(); first = false) {
    const auto fields = csv.fields();
    const bool fits = fields.size() == std::size(head) && (!first || std::equal(fields.begin(), fields.end(), head));
    expect<FormatError>(fits, csv.path(), ":", csv.line(), ": not the form of published.csv");
    if (first) continue;
    const auto word = [&](std::size_t column) {
      return std::string(fields[column]);
    };
    values_[{word(0), word(1), word(2), read<Index>(csv, 3), word(4), read<Index>(csv, 5)}] = {
        read<double>(csv, 7), read<double>(csv, 8), read<Index>(csv, 9)};
  }
}

const PublishedValue* Published::find(const std::string& dataset, const Cell& cell, Index size) const {
  const auto place = values_.find({dataset, cell.experiment, cell.gate, cell.hidden, cell.model, size});
  return place == values_.end() ? nullptr : &place->second;
}

const Published& published_numbers() {
  static const Published numbers = [] {
    const std::string path = WSYM_PUBLISHED;
    return WSYM_CSV && std::filesystem::exists(path) ? Published(path) : Published();
  }();
  return numbers;
}

}  // namespace wsym::asymmetry
