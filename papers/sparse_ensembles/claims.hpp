// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "sparse_ensembles/record.hpp"

namespace wsym::sparse_ensembles {

/// One thing that decides a claim of the paper: a difference in every repetition, its mean with a t interval of 95 %,
/// and what follows. A difference of which less is claimed has to lie below `bound`, all of its interval; where all of
/// it lies above, the claim does not hold. Where equality is claimed, its size has to.
struct Finding {
  Index claim = 0;  // its number in the list of the paper's claims, see docs/efficient_studies.md
  std::string says, measured;
  double mean = 0, lower = 0, upper = 0, bound = 0;
  Index n = 0;
  std::string verdict;  // holds | does not | undecided
};

/// Every finding of which all systems have records, made of what `common` says.
std::vector<Finding> findings_of(const Records& records, const System& common);

/// claims.csv.
std::string claims_csv(const std::vector<Finding>& findings);

}  // namespace wsym::sparse_ensembles
