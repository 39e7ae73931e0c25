// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <utility>

#include "sparse_ensembles/options.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/optim/sgd.hpp"
#include "wsym/train/fit.hpp"

namespace wsym::sparse_ensembles {

/// Trains the networks of one system by the recipe that was asked for, and adds up what it took. adamw: that of the
/// other experiments but for the decay, which leaves out all but kernels, stopped early, the best epoch's weights. sgd:
/// momentum, a warm-up over the first steps, then a cosine, the gradient's norm cut; a fixed number of epochs, the best
/// one's weights.
class Fitting {
 public:
  Fitting(const Options& options, const std::atomic<bool>& stop) : options_(options), stop_(stop) {}

  /// `factor` of the learning rate, by parameter. A network that diverged is not to be used.
  template <class M>
  void operator()(M& network, const Dataset<float>& train, const Dataset<float>& valid, const Key& key,
                  const ParameterFactor& factor = {}) {
    if (stopped_ || diverged_) return;
    const bool sgd = options_.recipe == "sgd";
    FitOptions how{.epochs = options_.epochs, .patience = options_.patience, .batch_size = options_.batch_size};
    const Observer observer = [this](const EpochReport&) {
      return !stop_;
    };
    if (sgd) {
      const Index steps = how.epochs * ((train.rows() + how.batch_size - 1) / how.batch_size);
      const auto share = static_cast<Index>(options_.warm_up * static_cast<double>(steps));
      const Index warm = std::max<Index>(1, share);
      how.patience = 0;
      how.clip_norm = options_.clip_norm;
      how.schedule = warm_up(warm, cosine_schedule(std::max<Index>(1, steps - warm), options_.end_lr / options_.lr), 0);
    }
    const auto with = [&](auto optimiser) {
      return fit(network, std::move(optimiser), train, valid, how, key, observer);
    };
    const double rate = options_.lr, decay = options_.weight_decay;
    const FitReport report =
        sgd ? with(Sgd<float>({.rate = rate,
                               .momentum = options_.momentum,
                               .decay = decay,
                               .decays = kernels_only(),
                               .factor = factor}))
            : with(AdamW<float>({.rate = rate, .decay = decay, .decays = kernels_only(), .factor = factor}));
    epochs_ += report.epochs_run;
    stopped_ = report.stop == Stop::observer;
    diverged_ = report.diverged();
  }

  Index epochs() const { return epochs_; }
  bool stopped() const { return stopped_; }
  bool diverged() const { return diverged_; }

 private:
  const Options& options_;
  const std::atomic<bool>& stop_;
  Index epochs_ = 0;
  bool stopped_ = false, diverged_ = false;
};

}  // namespace wsym::sparse_ensembles
