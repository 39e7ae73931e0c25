// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <tuple>

#include "asymmetry/record.hpp"

namespace wsym::asymmetry {

/// A plotted number: mean and sample standard deviation over the authors' repetitions.
struct PublishedValue {
  double mean = undefined, sd = undefined;
  Index repeats = 0;
};

/// The numbers that Chernov and Novitskij (2025) plotted in their Figures 3 and 4, made by their code.
class Published {
 public:
  /// None.
  Published() = default;

  /// Reads a file of the form of papers/published.csv. Throws FormatError, with file and line, for another one.
  explicit Published(const std::string& path);

  /// The value for a cell of the method itself, whatever its variant and repetition; of networks on their own for size
  /// 1; nullptr where the authors plotted none or it is not known.
  const PublishedValue* find(const std::string& dataset, const Cell& cell, Index size) const;

  bool empty() const { return values_.empty(); }

 private:
  /// Data set, experiment, gate, hidden, model, size.
  using Place = std::tuple<std::string, std::string, std::string, Index, std::string, Index>;
  std::map<Place, PublishedValue> values_;
};

/// Those of the file that comes with the sources; none where it is not there (a program that was moved).
const Published& published_numbers();

}  // namespace wsym::asymmetry
