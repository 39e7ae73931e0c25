// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "experiment/journal.hpp"

namespace wsym::experiment {

/// Mean and sample standard deviation (ddof 1) over repetitions, each undefined where there are too few.
struct Moments {
  double mean = undefined, sd = undefined;
  Index n = 0;
  /// Standard error of the mean.
  double se() const;
};

/// Of the values that are defined; the sums are taken in order.
Moments moments(const std::vector<double>& values);

/// 100 (ensemble - single) / single, or the negative for an error measure: positive means better.
double improvement_pct(const Setting& setting, double single, double ensemble);

/// What an ensemble of k is worth, over the repetitions that have one.
struct SizeSummary {
  Index size = 0;
  Moments metric, loss;  // of the averaged prediction
  double improvement = undefined;
  Moments averaged_metric, averaged_loss;  // of the averaged weights
  Moments diversity, disagreement;
};

/// The repetitions of one width and model: what a row of the tables stands for.
struct Group {
  Cell cell;  // of its first repetition
  Index members = 0;
  std::vector<const CellRecord*> cells;                   // by repetition
  std::vector<std::vector<const MemberRecord*>> singles;  // by repetition: the members that did not diverge
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
  /// 1, and the sizes of ensembles that at least one repetition has, ascending.
  std::vector<Index> sizes() const;
};

/// One group for each experiment, variant, width and model that has finished cells, in this order. Where repetitions
/// were run with several numbers of members, the number that most of them have counts, the larger one if equal.
std::vector<Group> groups_of(const Records& records);

/// How ensembles are formed, first | disjoint, and what of classifiers they average, logits | probabilities.
struct ViewChoice {
  std::string groups = "first", average = "logits";
};

/// Size 1 is the single networks, otherwise ensembles. The improvement is a ratio of means over repetitions, against
/// the mean of all members.
SizeSummary summarise(const Setting& setting, const Group& group, Index size, const ViewChoice& view);

}  // namespace wsym::experiment
