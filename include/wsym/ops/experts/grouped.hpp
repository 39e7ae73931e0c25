// SPDX-License-Identifier: MIT
#pragma once
#include <memory>

#include "wsym/ops/linear.hpp"

namespace wsym::inline WSYM_SIMD {

/// The weights and biases of one layer of all experts.
template <Real T> struct ExpertLayer {
  std::span<const Var<T>> weights;  // each (out, in)
  std::span<const Var<T>> biases;   // each (out)

  Index experts() const { return static_cast<Index>(weights.size()); }
  Var<T> weight(Index e) const { return weights[static_cast<std::size_t>(e)]; }
  Var<T> bias(Index e) const { return biases[static_cast<std::size_t>(e)]; }
  Index in() const { return weights[0].cols(); }
  Index out() const { return weights[0].rows(); }
  bool takes_gradient() const {
    bool takes = false;
    for (const auto& list : {weights, biases})
      for (const Var<T> x : list) takes = takes || x.takes_gradient();
    return takes;
  }
};

namespace detail {
template <Real T> void expect_experts(const char* op, const ExpertLayer<T>& layer) {
  expect(!layer.weights.empty() && layer.weights.size() == layer.biases.size(), op, ": ", layer.weights.size(),
         " weights and ", layer.biases.size(), " biases; every expert needs both, and there is at least one");
  for (Index e = 0; e < layer.experts(); ++e)
    expect(layer.weight(e).shape().rank() == 2 && layer.weight(e).shape() == layer.weight(0).shape() &&
               layer.bias(e).size() == layer.out(),
           op, ": expert ", e, " has weight ", layer.weight(e).shape(), " and bias ", layer.bias(e).shape(),
           "; every weight needs expert 0's shape, ", layer.weight(0).shape(), ", and a bias entry for each row");
}

/// The same layer with its lists in the tape's arena, where a pullback may find them. Throws Error for two tapes.
template <Real T> ExpertLayer<T> keep(Tape<T>& tape, const ExpertLayer<T>& layer) {
  const auto copy = [&](std::span<const Var<T>> from) {
    for (const Var<T> var : from) tape.expect_own(var);
    Var<T>* to = tape.template scratch<Var<T>>(static_cast<Index>(from.size()));
    std::uninitialized_copy(from.begin(), from.end(), to);
    return std::span<const Var<T>>(to, from.size());
  };
  return {copy(layer.weights), copy(layer.biases)};
}

template <Real T> void expect_networks(const char* op, Var<T> x, std::span<const ExpertLayer<T>> layers) {
  expect(!layers.empty(), op, ": no layers; at least one is needed");
  Index width = x.cols();
  for (std::size_t l = 0; l < layers.size(); ++l) {
    expect_experts(op, layers[l]);
    expect(layers[l].experts() == layers[0].experts() && layers[l].in() == width, op, ": layer ", l, " has ",
           layers[l].experts(), " experts with weights ", layers[l].weight(0).shape(), "; it needs ",
           layers[0].experts(), " with ", width, " columns");
    width = layers[l].out();
  }
}

/// Layers of experts as they lie in the tape's arena, and what an op on them asks first.
template <Real T> struct KeptLayers {
  std::span<const ExpertLayer<T>> layers;
  bool takes_gradient = false;
  Index widest = 0;  // of the hidden layers
};

template <Real T> KeptLayers<T> keep(Tape<T>& tape, std::span<const ExpertLayer<T>> layers) {
  ExpertLayer<T>* to = tape.template scratch<ExpertLayer<T>>(static_cast<Index>(layers.size()));
  KeptLayers<T> kept{{to, layers.size()}};
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::construct_at(to + l, keep(tape, layers[l]));
    kept.takes_gradient = kept.takes_gradient || layers[l].takes_gradient();
    if (l + 1 < layers.size()) kept.widest = std::max(kept.widest, layers[l].out());
  }
  return kept;
}

template <Real T> struct HiddenLayer {
  kernels::View<T> value, slope;  // h = gelu(z); gelu'(z), which backward turns into dz. Both (rows, out)
};

/// The networks of all experts on the way forward and back: one expert after the other through all layers, so that what
/// its layers hand to each other, gradients too, is still in a near cache when it is wanted.
template <Real T> struct GroupedMlp {
  Var<T> x, y;
  std::span<const ExpertLayer<T>> layers;
  HiddenLayer<T>* hidden;  // of every expert in turn; without gradients all experts share one expert's

  std::size_t hidden_layers() const { return layers.size() - 1; }
  HiddenLayer<T>& at(Index e, std::size_t l) const {
    return hidden[(y.takes_gradient() ? static_cast<std::size_t>(e) * hidden_layers() : 0) + l];
  }
  kernels::View<const T> input(Index e, std::size_t l) const { return l == 0 ? x.view() : at(e, l - 1).value; }

  void make_room() const {
    const bool keeps = y.takes_gradient();
    for (Index e = 0; e < (keeps ? layers[0].experts() : 1); ++e)
      for (std::size_t l = 0; l < hidden_layers(); ++l) {
        const Index rows = x.rows(), out = layers[l].out();
        const auto room = [&](bool wanted) {
          return kernels::View<T>{wanted ? x.tape().scratch(rows * out) : nullptr, rows, out, out};
        };
        std::construct_at(&at(e, l), HiddenLayer<T>{room(true), room(keeps)});
      }
  }

  void forward(Index e) const {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const kernels::View<const T> w = layers[l].weight(e).view().transposed();
      const T* bias = layers[l].bias(e).data();
      if (l < hidden_layers())
        x.tape().affine_gelu(at(e, l).value, at(e, l).slope, input(e, l), w, bias, {layers[l + 1].weight(e).view()});
      else
        x.tape().affine(y.out_view().block(0, e * w.cols, x.rows(), w.cols), input(e, l), w, bias,
                        forward_reads(e + 1));
    }
  }

  /// What forward, or backward, of an expert reads first; nothing for an expert that is not there.
  kernels::Next<T> forward_reads(Index e) const {
    if (e == layers[0].experts()) return {};
    return {layers[0].weight(e).view()};
  }
  kernels::Next<T> backward_reads(Index e) const {
    if (e < 0) return {};
    return {input(e, hidden_layers())};
  }

  /// `room` is for the gradient of one expert's widest hidden layer.
  void backward(Index e, T* room) const {
    const Index out = layers.back().out();
    kernels::View<const T> dz = y.grad_view().block(0, e * out, x.rows(), out);
    pull_bias(dz, layers.back().bias(e));
    for (std::size_t l = layers.size(); l-- > 0;) {
      const Var<T> w = layers[l].weight(e);
      w.add_product(dz.transposed(), input(e, l), {w.view()});
      if (l == 0) return x.add_product(dz, w.view(), backward_reads(e - 1));
      const kernels::View<T> slope = at(e, l - 1).slope;
      x.tape().product({room, slope.rows, slope.cols, slope.cols}, dz, w.view(), false, {slope, input(e, l - 1)});
      pull_gelu<T>(slope, room, layers[l - 1].bias(e));
      dz = slope;
    }
  }
};
}  // namespace detail

/// All experts at once, each a network of its own: y_e = W_Le gelu(... gelu(W_1e x + b_1e) ...) + b_Le, the exact GELU
/// after every layer but the last. x (..., in) is shared; layer l has E weights (out_l, in_l) -> (..., E out), a block
/// of columns for each expert; differentiable in x and all weights and biases. Value and gradients have the bits of
/// linear_gelu and linear of each expert alone. Memory: with gradients two buffers of (rows, out_l) for every expert
/// and hidden layer and one more, without gradients one for every hidden layer. Throws ShapeError.
template <Real T> Var<T> grouped_mlp(Var<T> x, std::span<const ExpertLayer<T>> layers) {
  detail::expect_networks("grouped_mlp", x, layers);
  Tape<T>& tape = x.tape();
  const Index experts = layers[0].experts(), count = static_cast<Index>(layers.size());
  const detail::KeptLayers<T> kept = detail::keep(tape, layers);
  const Var<T> y =
      tape.result_if(x.takes_gradient() || kept.takes_gradient, x.shape().with_cols(experts * layers.back().out()));
  const detail::GroupedMlp<T> networks{x, y, kept.layers,
                                       tape.template scratch<detail::HiddenLayer<T>>(experts * (count - 1))};
  networks.make_room();
  for (Index e = 0; e < experts; ++e) networks.forward(e);
  y.pull([=] {
    T* room = y.tape().scratch(y.rows() * kept.widest);
    for (Index e = experts - 1; e >= 0; --e) networks.backward(e, room);  // as experts of their own are walked back
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
