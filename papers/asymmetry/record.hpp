// SPDX-License-Identifier: MIT
#pragma once
#include <compare>
#include <string>
#include <vector>

#include "asymmetry/names.hpp"
#include "lab/text.hpp"
#include "wsym/io/json.hpp"

namespace wsym::asymmetry {

/// What all records of one journal have in common.
struct Setting {
  std::string dataset, preset, metric;  // metric: rmse | accuracy
  /// The name of the loss that goes with the metric, per row: squared error, or negative log-likelihood in nats.
  std::string loss() const { return classifies() ? "nll" : "mse"; }
  bool classifies() const { return metric == "accuracy"; }
};

/// The networks that make one ensemble, or one mixture of experts. variant: what differs from the preset's own method,
/// as key=value pairs joined by ';' (mask_scope=member); empty for the method itself.
struct Cell {
  std::string experiment = "ensemble";  // ensemble | moe; a control is a cell of either with a variant
  std::string variant = {};
  Index hidden = 0;
  std::string model = {};  // mlp | wmlp; of interpolated experts: imlp | iwmlp
  Index repeat = 0;
  std::string gate = {};  // of a mixture: softmax | gumbel
  Index experts = 0;      // of a mixture

  bool mixture() const { return experts > 0; }
  friend auto operator<=>(const Cell&, const Cell&) = default;
};

/// What all repetitions and numbers of experts have in common: "wmlp, hidden 64", "wmlp, hidden 64, softmax gate", with
/// the variant if there is one.
std::string describe_network(const Cell& cell);

/// "wmlp, hidden 64, repetition 2" or "wmlp, hidden 64, softmax gate, 8 experts, repetition 2", with the variant if
/// there is one.
std::string describe(const Cell& cell);

struct Score {
  double metric = undefined;
  double loss = undefined;
};

/// What a mixture's gate does with the rows of the training set, as evaluation sees it.
struct GateRecord {
  double entropy = undefined;                      // of a row's gate vector, mean over rows, nats
  double least = undefined, greatest = undefined;  // entries of the mean gate vector
  std::vector<double> mean = {};                   // the mean gate vector
};

/// The same after each epoch, and of the weights that are scored. To bound the journal, numbers have four significant
/// digits, and of more than 16 experts the epochs have no vectors.
struct GateHistory {
  static constexpr std::size_t most_vectors = 16;

  std::vector<GateRecord> epochs;
  GateRecord reported;
};

/// One trained network.
struct MemberRecord {
  Cell cell;
  Index member = 0;
  std::uint64_t seed = 0;
  Score train, validation, test;
  Index epochs_run = 0, best_epoch = 0;
  Index parameters = 0, weights = 0, frozen = 0;
  bool diverged = false;
  GateHistory gate;    // of a mixture
  double seconds = 0;  // stands in the line's session part
};

/// One way of making a prediction from k networks, and its score on the test part. groups: first | disjoint; average:
/// logits | probabilities, for regression outputs.
struct View {
  std::string groups, average;
  Score score;
};

/// What the first k of a cell's healthy members (or all disjoint groups of k) are worth together.
struct SizeRecord {
  Index size = 0;
  std::vector<View> views;
  Score averaged_weights;           // of the network whose weights are the mean of the first k
  double diversity = undefined;     // of the first k: what averaging their outputs takes off their mean loss
  double disagreement = undefined;  // of the first k classifiers: share of rows, averaged over pairs
};

/// Mean distance over all pairs of members: all parameters, and the two parts that make it up (in squares).
struct Distance {
  double all = undefined, free = undefined, frozen = undefined;
};

/// The ensemble metrics of a finished cell of `members` networks, of which `healthy` did not diverge.
struct CellRecord {
  Cell cell;
  Index members = 0, healthy = 0;
  std::vector<SizeRecord> sizes;
  Distance distance;
  bool keeps_frozen = true;  // averaged weights: all members freeze the same entries at the same values
  double seconds = 0;        // stands in the line's session part
};

/// What tells a network's line from all others: its first members, up to the seed.
Json key_of(const Setting& setting, const Cell& cell, Index member, std::uint64_t seed);

/// Journal lines. Everything that may differ between two runs of the same command (times, host) stands under "session".
Json to_json(const Setting& setting, const MemberRecord& record);
Json to_json(const Setting& setting, const CellRecord& record);

/// Throw FormatError for a line that is not what to_json() writes with this setting: other words too, as they go into
/// drawings, pages and file names.
MemberRecord member_from_json(const Setting& setting, const Json& line);
CellRecord cell_from_json(const Setting& setting, const Json& line);

}  // namespace wsym::asymmetry
