// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// What one sparse layer did with one batch. Copies of a tiled row count as rows.
struct RoutingStats {
  Index rows = 0, choices = 0;  // of each row
  std::vector<Index> load;      // (experts): choices that fell on the expert, dropped ones included; rows that it took
                                // where experts choose
  std::vector<Index> kept;      // (experts): those that it had room for
  std::vector<double> gate_mass;  // (experts): mean gate over the rows; the entries sum to 1
  double drop_rate = 0;           // share of all choices that were dropped; of rows that none took where experts choose
  double entropy = 0;      // mean over the rows of the gates' entropy, in nats: from 0 to ln of the experts at hand
  Index dead_experts = 0;  // experts without a row
  Index empty_slots = 0;   // of all experts and groups together; none without a capacity
  Index expert_flops = 0;  // of one row through one expert, forward
};

}  // namespace wsym::inline WSYM_SIMD
