// SPDX-License-Identifier: MIT
#pragma once
#include <functional>

#include "sparse_ensembles/fitting.hpp"
#include "sparse_ensembles/tasks.hpp"
#include "wsym/nn/routing_stats.hpp"

namespace wsym::sparse_ensembles {

/// A trained system as its metrics see it.
struct Trained {
  using Predict = std::function<std::vector<Tensor<float>>(const Tensor<float>& x)>;

  Predict logits;    // of each member, (rows, classes)
  Predict features;  // of each member: what its head reads; empty for multi_pred, mimo and tabm
  std::function<std::vector<RoutingStats>(const Tensor<float>& x)> routing;  // of each sparse layer, or empty
  Index parameters = 0;
  double train_flops = 0, forward_flops = 0;  // a row, products that are executed
  double bytes = 0;                           // on the tape in a training step of 256 rows
  Index epochs = 0;                           // of all that was trained for it
};

/// Trains a system on the parts' training rows. Everything that it draws comes from `key`: member m of a deep ensemble
/// from its m-th child, a network on its own as member 0, so that systems are pairs. A deep ensemble comes in every
/// size of `sizes`, ascending up to its own, all of its first members; another system comes alone. Those that were not
/// done when fitting stopped or diverged are missing. Throws ConfigError for a system that cannot be built.
std::vector<Trained> train_system(const System& system, const std::vector<Index>& sizes, const Parts& parts,
                                  Fitting& fit, const Key& key);

/// Throws ConfigError where train_system would.
void check_system(const System& system, const Parts& parts);

}  // namespace wsym::sparse_ensembles
