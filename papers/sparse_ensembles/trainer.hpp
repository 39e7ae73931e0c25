// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <optional>
#include <vector>

#include "datasets/datasets.hpp"
#include "sparse_ensembles/options.hpp"
#include "sparse_ensembles/record.hpp"

namespace wsym::sparse_ensembles {

struct Parts;
struct Trained;

/// True for deep ensembles that differ in their number of members alone: the smaller is the first part of the larger.
bool nest(const System& a, const System& b);

/// Trains and measures systems. Calls are const and may come from several threads; a record is a function of data,
/// options, system and repetition.
class Trainer {
 public:
  /// Refers to the data. other: rows of another data set, out of the distribution; may be empty.
  Trainer(const datasets::Prepared<float>& data, const Options& options, Tensor<float> other = {})
      : data_(data), options_(options), other_(std::move(other)) {}

  /// Throws ConfigError for a system that cannot be built or does not fit the data.
  void check(const System& system) const;

  /// Empty if `stop` became true meanwhile.
  std::optional<Record> train(const System& system, Index repeat, const std::atomic<bool>& stop) const;

  /// Deep ensembles that nest(), by ascending members, from one training of the largest: the same records. Empty if
  /// `stop` became true meanwhile.
  std::vector<Record> train(const std::vector<System>& nested, Index repeat, const std::atomic<bool>& stop) const;

 private:
  /// `trained` is null for a system that diverged.
  Record measured(const System& system, Index repeat, const Trained* trained, const Parts& parts, const Key& key) const;

  const datasets::Prepared<float>& data_;
  Options options_;
  Tensor<float> other_;
};

}  // namespace wsym::sparse_ensembles
