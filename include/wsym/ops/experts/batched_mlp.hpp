// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/experts/grouped.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// The networks of all experts on the way forward and back: one expert after the other through all layers, so that what
/// its layers hand to each other is still in a near cache when it is wanted.
template <Real T> struct BatchedMlp {
  Var<T> x, y;
  const std::int32_t* first;
  std::span<const ExpertLayer<T>> layers;
  HiddenLayer<T>* hidden;  // for every layer but the last: all experts' rows

  kernels::View<T> batch(T* rows, Index cols, Index e) const {
    return {rows + first[e] * cols, first[e + 1] - first[e], cols, cols};
  }
  kernels::View<const T> batch(const T* rows, Index cols, Index e) const {
    return {rows + first[e] * cols, first[e + 1] - first[e], cols, cols};
  }
  kernels::View<const T> input(Index e, std::size_t l) const {
    return batch(l == 0 ? x.data() : hidden[l - 1].value.data, layers[l].in(), e);
  }

  void make_room() const {
    for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
      const Index rows = x.rows(), out = layers[l].out();
      const auto room = [&](bool wanted) {
        return kernels::View<T>{wanted ? x.tape().scratch(rows * out) : nullptr, rows, out, out};
      };
      std::construct_at(hidden + l, HiddenLayer<T>{room(true), room(y.takes_gradient())});
    }
  }

  /// What forward, or backward, of an expert reads first; nothing for an expert that is not there.
  kernels::Next<T> forward_reads(Index e) const {
    if (e == layers[0].experts()) return {};
    return {layers[0].weight(e).view(), input(e, 0)};
  }
  kernels::Next<T> backward_reads(Index e) const {
    if (e < 0) return {};
    return {batch(y.grad().data(), y.cols(), e), input(e, layers.size() - 1)};
  }

  void forward(Index e) const {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const kernels::View<const T> w = layers[l].weight(e).view().transposed();
      const T* bias = layers[l].bias(e).data();
      if (l + 1 == layers.size())
        return x.tape().affine(batch(y.out().data(), w.cols, e), input(e, l), w, bias, forward_reads(e + 1));
      T* slope = hidden[l].slope.data;
      x.tape().affine_gelu(batch(hidden[l].value.data, w.cols, e), slope ? batch(slope, w.cols, e) : kernels::View<T>{},
                           input(e, l), w, bias, {layers[l + 1].weight(e).view()});
    }
  }

  /// `dx` is where the gradient of all rows of x goes, or null; `room` is for that of one expert's widest hidden layer.
  void backward(Index e, T* dx, bool accumulate, T* room) const {
    kernels::View<const T> dz = batch(y.grad().data(), y.cols(), e);
    pull_bias(dz, layers.back().bias(e));
    for (std::size_t l = layers.size(); l-- > 0;) {
      const Var<T> w = layers[l].weight(e);
      w.add_product(dz.transposed(), input(e, l), {w.view()});
      if (l == 0) {
        if (dx) x.tape().product(batch(dx, x.cols(), e), dz, w.view(), accumulate, backward_reads(e - 1));
        return;
      }
      const kernels::View<T> slope = batch(hidden[l - 1].slope.data, layers[l].in(), e);
      x.tape().product({room, slope.rows, slope.cols, slope.cols}, dz, w.view(), false, {slope, input(e, l - 1)});
      pull_gelu<T>(slope, room, layers[l - 1].bias(e));
      dz = slope;
    }
  }
};
}  // namespace detail

/// All experts at once, each a network of its own on rows of its own: y_p = W_Le gelu(... gelu(W_1e x_p + b_1e) ...) +
/// b_Le for the rows first[e] .. first[e + 1] - 1 of expert e; rows from first[E] on are not computed, and 0.
/// x (rows, in) -> (rows, out); differentiable in x and all weights and biases. Value and gradients have the bits of
/// batched_linear, layer by layer. Throws ShapeError.
template <Real T> Var<T> batched_mlp(Var<T> x, const std::int32_t* first, std::span<const ExpertLayer<T>> layers) {
  detail::expect_networks("batched_mlp", x, layers);
  Tape<T>& tape = x.tape();
  const Index experts = layers[0].experts(), rows = first[experts], count = static_cast<Index>(layers.size());
  expect(x.rows() >= rows, "batched_mlp: x is ", x.shape(), " for ", rows, " rows; it needs as many");
  const detail::KeptLayers<T> kept = detail::keep(tape, layers);
  const Var<T> y = tape.result_if(x.takes_gradient() || kept.takes_gradient, Shape{x.rows(), layers.back().out()});
  const detail::BatchedMlp<T> networks{x, y, first, kept.layers,
                                       tape.template scratch<detail::HiddenLayer<T>>(count - 1)};
  networks.make_room();
  for (Index e = 0; e < experts; ++e) networks.forward(e);
  y.out().bottomRows(y.rows() - rows).setZero();
  y.pull([=] {
    T* room = y.tape().scratch(y.rows() * kept.widest);
    const auto backward = [&](T* dx, bool accumulate) {
      for (Index e = experts - 1; e >= 0; --e)  // the last ones are still in a cache
        networks.backward(e, dx, accumulate, room);
    };
    if (!x.takes_gradient()) return backward(nullptr, false);
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      backward(dx.data(), accumulate);
      if (!accumulate) dx.bottomRows(dx.rows() - rows).setZero();
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
