// SPDX-License-Identifier: MIT
#pragma once
#include <limits>
#include <utility>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// Everything that a resumed run needs beside its options: saved through visit like any model, and continued by fit()
/// to the same bits as if it had never stopped. Random numbers need no state: they are functions of the key and epoch.
template <class M, class Optimizer> struct RunState {
  M model, best;
  Optimizer optimizer;
  Index epoch = 0, best_epoch = 0;  // counted from 1; 0: none yet
  double best_loss = std::numeric_limits<double>::infinity();
  double train_loss = 0, valid_loss = 0;  // of the last epoch

  RunState(M model_, Optimizer optimizer_) : model(std::move(model_)), best(model), optimizer(std::move(optimizer_)) {
    optimizer.start(model);
  }

  static void visit(auto& self, auto&& v) {
    v("model", self.model);
    v("best", self.best);
    v("optimizer", self.optimizer);
    v("epoch", self.epoch);
    v("best_epoch", self.best_epoch);
    v("best_loss", self.best_loss);
    v("train_loss", self.train_loss);
    v("valid_loss", self.valid_loss);
  }
  /// Files of format 1 have the five numbers in a tensor.
  static void take_old(RunState& self, const auto& old) {
    const std::vector<double> numbers = old("progress");
    if (numbers.empty()) return;
    const bool sound = numbers.size() == 5 && numbers[1] >= 0 && numbers[1] <= numbers[0] && numbers[0] < 1e15;
    expect<FormatError>(sound, "tensor 'progress' needs five numbers: the epoch, the best one, and three losses");
    self.epoch = static_cast<Index>(numbers[0]), self.best_epoch = static_cast<Index>(numbers[1]);
    self.best_loss = numbers[2], self.train_loss = numbers[3], self.valid_loss = numbers[4];
  }
};

}  // namespace wsym::inline WSYM_SIMD
