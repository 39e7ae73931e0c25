// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/journal.hpp"
#include "asymmetry/names.hpp"
#include "lab/moments.hpp"

namespace wsym::asymmetry {

/// 100 (ensemble - single) / single, or the negative for an error measure: positive means better.
double improvement_pct(const Setting& setting, double single, double ensemble);

/// What an ensemble of k, or a mixture of k experts, is worth, over the repetitions that have one.
struct SizeSummary {
  Index size = 0;
  Moments metric, loss;  // of the averaged prediction, or of the mixture
  double improvement = undefined;
  Moments averaged_metric, averaged_loss;  // of the averaged weights
  Moments diversity, disagreement;
};

/// What a curve stands for: the repetitions of one width and model, or, of mixtures, those of one width, model and gate
/// with every number of experts.
struct Group {
  Cell cell;  // of its first repetition
  Index members = 0;
  std::vector<const CellRecord*> cells;                   // by repetition, then by number of experts
  std::vector<std::vector<const MemberRecord*>> singles;  // of each cell: the members that did not diverge
  std::vector<const MemberRecord*> diverged;

  /// The moments over repetitions of the mean over the single networks of f(record).
  template <class F> Moments single(F f) const {
    std::vector<double> means;
    for (const auto& networks : singles) {
      std::vector<double> values;
      for (const MemberRecord* network : networks) values.push_back(f(*network));
      means.push_back(moments(values).mean);
    }
    return moments(means);
  }
  /// 1, and the sizes of ensembles that at least one repetition has, ascending; of mixtures the numbers of experts.
  std::vector<Index> sizes() const;
  /// Its mixtures of so many experts alone.
  Group with_experts(Index experts) const;
};

/// One group for each experiment, variant, width, model and gate that has finished cells, in this order. Where
/// repetitions were run with several numbers of members, the number that most of them have counts, the larger one if
/// equal.
std::vector<Group> groups_of(const Records& records);

/// How ensembles are formed, first | disjoint, and what of classifiers they average, logits | probabilities.
struct ViewChoice {
  std::string groups = "first", average = "logits";
};

/// The score of a cell's ensembles of this size; undefined where it has none.
Score score_of_view(const CellRecord& cell, Index size, const ViewChoice& view);

/// Size 1 is the single networks, otherwise ensembles. The improvement is a ratio of means over repetitions: of
/// ensembles against the mean of all members, of mixtures against those of two experts in the same repetitions.
SizeSummary summarise(const Setting& setting, const Group& group, Index size, const ViewChoice& view);

}  // namespace wsym::asymmetry
