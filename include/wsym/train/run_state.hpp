// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/core/tensor.hpp"

namespace wsym {

/// Everything that a resumed run needs beside its options: saved through visit like any model, and continued by fit()
/// to the same bits as if it had never stopped. Random numbers need no state: they are functions of the key and epoch.
template <class M, class Optimizer> struct RunState {
  M model, best;
  Optimizer optimizer;
  Tensor<double> progress{Shape{5}, {0, 0, std::numeric_limits<double>::infinity(), 0, 0}};

  RunState(M model_, Optimizer optimizer_) : model(std::move(model_)), best(model), optimizer(std::move(optimizer_)) {
    optimizer.start(model);
  }

  double& epoch() { return progress[0]; }
  double& best_epoch() { return progress[1]; }
  double& best_loss() { return progress[2]; }
  double& train_loss() { return progress[3]; }
  double& valid_loss() { return progress[4]; }

  static void visit(auto& self, auto&& v) {
    v("model", self.model);
    v("best", self.best);
    v("optimizer", self.optimizer);
    v("progress", self.progress);
  }
};

}  // namespace wsym
