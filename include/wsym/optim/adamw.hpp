// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/autodiff/tape.hpp"
#include "wsym/core/finite.hpp"
#include "wsym/core/visit.hpp"
#include "wsym/kernels/adamw.hpp"
#include "wsym/optim/options.hpp"

namespace wsym::inline WSYM_SIMD {

struct AdamWOptions {
  double rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 3e-2;
  ParameterPredicate decays = {};  // which parameters are decayed; empty: all, biases too
  ParameterFactor factor = {};     // of a parameter's rate; empty: 1
};

/// Adam with decoupled weight decay. Step t, for every entry theta with gradient g:
///   theta <- theta (1 - rate decay);  m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;
///   theta <- theta - rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
/// Frozen entries have gradient 0, so moments 0, and Parameter::change puts them back after the decay. A parameter that
/// the loss did not reach is left alone, and the step is none of its own: t counts those that reached it. A value:
/// copying it copies the moments.
/// Source: Loshchilov and Hutter 2019, algorithm 2, with the rate inside the decay and a count of steps for each
/// parameter as in PyTorch.
template <Real T> class AdamW {
 public:
  /// Throws ConfigError for a negative rate or decay, an epsilon that is not positive, a beta outside [0, 1), or
  /// what T does not hold.
  explicit AdamW(AdamWOptions options = {}) : options_(std::move(options)) {
    const AdamWOptions& o = options_;
    expect<ConfigError>(
        o.rate >= 0 && o.decay >= 0 && o.epsilon > 0 && o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1,
        "AdamW: rate ", o.rate, ", decay ", o.decay, ", epsilon ", o.epsilon, ", beta1 ", o.beta1, ", beta2 ", o.beta2,
        "; rates are not negative, epsilon is positive, betas are in [0, 1)");
    expect<ConfigError>(holds<T>(o.rate / (1 - o.beta1)) && holds<T>(o.rate * o.decay) && holds<T>(o.epsilon),
                        "AdamW: rate ", o.rate, ", decay ", o.decay, ", epsilon ", o.epsilon, ", beta1 ", o.beta1,
                        "; rate / (1 - beta1), rate decay and epsilon must fit a ", number_name<T>);
  }

  /// Makes the moments of a model, all 0; the first step does it by itself.
  template <class M> void start(const M& model) {
    steps_ = 0;
    moments_.clear();
    missed_.clear();
    for_each_named_parameter(model, [&](const std::string& name, const Parameter<T>& p) {
      moments_.push_back({Tensor<T>(p.shape()), Tensor<T>(p.shape()),
                          !options_.decays || options_.decays(name, p.shape()),
                          options_.factor ? options_.factor(name, p.shape()) : 1.0});
      missed_.push_back(0);
    });
  }

  /// One step along the gradients of the last backward; `multiplier` scales the rate (see schedule.hpp).
  /// Throws ShapeError when the model is not the one of the steps before.
  template <class M> void step(M& model, Tape<T>& tape, double multiplier = 1) {
    if (moments_.empty()) start(model);
    steps_ += 1;
    const auto scalars = [&](bool decays, double factor, Index missed) {
      return kernels::adamw_step<T>(options_.rate * multiplier * factor, decays ? options_.decay : 0, options_.beta1,
                                    options_.beta2, options_.epsilon, steps() - missed);
    };
    const auto decayed = scalars(true, 1, 0), plain = scalars(false, 1, 0);  // those of nearly all parameters
    std::size_t at = 0;
    for_each_parameter(model, [&](Parameter<T>& parameter) {
      expect(at < moments_.size() && moments_[at].first.shape() == parameter.shape(),
             "AdamW: the model is not the one that it has stepped before");
      Index& missed = missed_[at];
      Moments& moments = moments_[at++];
      const std::span<const T> g = tape.gradient(parameter);
      if (g.empty()) {
        ++missed;
        return;
      }
      parameter.change([&](std::span<T> theta) {
        kernels::adamw(theta, g, moments.first.span(), moments.second.span(),
                       moments.factor != 1 || missed > 0 ? scalars(moments.decays, moments.factor, missed)
                       : moments.decays                  ? decayed
                                                         : plain);
      });
    });
  }

  /// Calls of step().
  Index steps() const { return steps_; }

  /// Throws ConfigError for counts that no sequence of steps gives.
  void check() const {
    expect<ConfigError>(missed_.size() == moments_.size(), "AdamW: missed steps of ", missed_.size(),
                        " parameters; there are ", moments_.size());
    for (const Index missed : missed_)
      expect<ConfigError>(missed >= 0 && missed <= steps_, "AdamW: a parameter missed ", missed, " of ", steps_,
                          " steps");
  }

  /// The state that a resumed run needs.
  static void visit(auto& self, auto&& v) {
    v("steps", self.steps_);
    v("missed", self.missed_);
    v("moments", self.moments_);
  }
  /// Files of format 1 have the number of steps in a tensor.
  static void take_old(AdamW& self, const auto& old) {
    const std::vector<double> steps = old("steps");
    if (steps.empty()) return;
    expect<FormatError>(steps.size() == 1 && steps[0] >= 0 && steps[0] < 1e15, "tensor 'steps' needs one number");
    self.steps_ = static_cast<Index>(steps[0]);
  }

  struct Moments {
    Tensor<T> first, second;
    bool decays = true;
    double factor = 1;
    static void visit(auto& self, auto&& v) {
      v("first", self.first);
      v("second", self.second);
    }
  };

 private:
  AdamWOptions options_;
  Index steps_ = 0;
  std::vector<Moments> moments_;
  std::vector<Index> missed_;  // by parameter: steps that did not reach it
};

}  // namespace wsym::inline WSYM_SIMD
