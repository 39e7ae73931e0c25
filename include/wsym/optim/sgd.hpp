// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/core/finite.hpp"
#include "wsym/core/visit.hpp"
#include "wsym/optim/options.hpp"

namespace wsym::inline WSYM_SIMD {

struct SgdOptions {
  double rate = 1e-2;
  double momentum = 0.9;
  double decay = 0;                // of the weights, outside the momentum
  ParameterPredicate decays = {};  // which parameters are decayed; empty: all
  ParameterFactor factor = {};     // of a parameter's rate; empty: 1
};

/// Stochastic gradient descent with momentum, for every entry theta with gradient g:
///   b <- momentum b + g;  theta <- theta - rate (b + decay theta).
/// Frozen entries are put back by Parameter::change. A parameter that the loss did not reach is left alone.
/// Source: Sutskever et al. 2013 in PyTorch's form (the rate outside the buffer, no dampening); the decay is added
/// after the momentum, as the public recipes of Riquelme et al. 2021 do, where PyTorch adds it to the gradient.
template <Real T> class Sgd {
 public:
  /// Throws ConfigError for a negative rate or decay, a momentum outside [0, 1), or what T does not hold.
  explicit Sgd(SgdOptions options = {}) : options_(std::move(options)) {
    const SgdOptions& o = options_;
    expect<ConfigError>(o.rate >= 0 && o.decay >= 0 && o.momentum >= 0 && o.momentum < 1, "Sgd: rate ", o.rate,
                        ", decay ", o.decay, ", momentum ", o.momentum,
                        "; rate and decay are not negative, momentum is in [0, 1)");
    expect<ConfigError>(holds<T>(o.rate) && holds<T>(o.decay), "Sgd: rate ", o.rate, ", decay ", o.decay,
                        "; both must fit a ", number_name<T>);
  }

  /// Makes the momentum buffers of a model, all 0; the first step does it by itself.
  template <class M> void start(const M& model) {
    buffers_.clear();
    for_each_named_parameter(model, [&](const std::string& name, const Parameter<T>& p) {
      buffers_.push_back({Tensor<T>(p.shape()), !options_.decays || options_.decays(name, p.shape()),
                          options_.factor ? options_.factor(name, p.shape()) : 1.0});
    });
  }

  /// One step along the gradients of the last backward; `multiplier` scales the rate (see schedule.hpp).
  /// Throws ShapeError when the model is not the one of the steps before.
  template <class M> void step(M& model, Tape<T>& tape, double multiplier = 1) {
    if (buffers_.empty()) start(model);
    std::size_t at = 0;
    for_each_parameter(model, [&](Parameter<T>& parameter) {
      expect(at < buffers_.size() && buffers_[at].velocity.shape() == parameter.shape(),
             "Sgd: the model is not the one that it has stepped before");
      Buffer& buffer = buffers_[at++];
      const std::span<const T> gradient = tape.gradient(parameter);
      if (gradient.empty()) return;
      const ConstArrayMap<T> g(gradient.data(), parameter.size());
      const T decay = buffer.decays ? static_cast<T>(options_.decay) : T(0);
      parameter.change([&](std::span<T> values) {
        ArrayMap<T> theta(values.data(), parameter.size()), b = buffer.velocity.array();
        b = static_cast<T>(options_.momentum) * b + g;
        theta -= static_cast<T>(options_.rate * multiplier * buffer.factor) * (b + decay * theta);
      });
    });
  }

  /// The state that a resumed run needs.
  static void visit(auto& self, auto&& v) { v("buffers", self.buffers_); }

  struct Buffer {
    Tensor<T> velocity;
    bool decays = true;
    double factor = 1;
    static void visit(auto& self, auto&& v) { v("velocity", self.velocity); }
  };

 private:
  SgdOptions options_;
  std::vector<Buffer> buffers_;
};

}  // namespace wsym::inline WSYM_SIMD
