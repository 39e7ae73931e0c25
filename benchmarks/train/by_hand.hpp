// SPDX-License-Identifier: MIT
#pragma once
#include "train/workload.hpp"

namespace wsym::bench {

/// The same step by the same kernels, in buffers laid out once: what the tape is measured against. It computes the
/// same bits as Training::step.
class ByHand {
 public:
  explicit ByHand(const Case& c) : model_(make_mlp(c)), batches_(make_batches(c)) {
    Index width = c.features;
    for (const Linear<float>& layer : model_.layers) {
      const Shape out{batch_rows, layer.weight.value().rows()};
      layers_.push_back({Tensor<float>(out),
                         Tensor<float>(out),
                         Tensor<float>(out),
                         Tensor<float>(layer.weight.shape()),
                         Tensor<float>(layer.bias.shape()),
                         {Tensor<float>(layer.weight.shape()), Tensor<float>(layer.weight.shape())},
                         {Tensor<float>(layer.bias.shape()), Tensor<float>(layer.bias.shape())}});
      width = layer.weight.value().rows();
    }
    losses_ = Tensor<float>(Shape{batch_rows * width});
  }

  const Mlp<float>& model() const { return model_; }

  float step() {
    const Dataset<float>& batch = batches_[at_++ % batches_.size()];
    forward(batch);
    const float loss = loss_and_slope(batch);
    backward(batch);
    update();
    return loss;
  }

 private:
  struct Layer {
    Tensor<float> out, slope, grad;  // (rows, width): gelu(z), then gelu'(z) and dL/dz, and dL/d out
    Tensor<float> weight, bias;      // gradients
    AdamW<float>::Moments weight_moments, bias_moments;
  };
  template <class Tensor> static auto view(Tensor& t) { return kernels::view(t.mat()); }
  const Tensor<float>& input(std::size_t l, const Dataset<float>& batch) const {
    return l == 0 ? batch.x : layers_[l - 1].out;
  }

  void forward(const Dataset<float>& batch) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Linear<float>& linear = model_.layers[l];
      const auto w = view(linear.weight.value()).transposed();
      if (l + 1 < layers_.size())
        kernels::gemm_bias_gelu(view(layers_[l].out), view(layers_[l].slope), view(input(l, batch)), w,
                                linear.bias.value().data());
      else
        kernels::gemm_bias(view(layers_[l].out), view(input(l, batch)), w, linear.bias.value().data());
    }
  }

  /// dL/dz of the last layer goes into its slope.
  float loss_and_slope(const Dataset<float>& batch) {
    Layer& last = layers_.back();
    if (batch.task.kind == TaskKind::regression) {
      const float scale = 1.0f / static_cast<float>(last.out.size());
      last.slope.array() = last.out.array() - batch.y.array();
      losses_.array() = last.slope.array().square();
      last.slope.array() *= 2 * scale;
      return kernels::sum(losses_.data(), losses_.size()) * scale;
    }
    const float scale = 1.0f / static_cast<float>(batch_rows);
    kernels::cross_entropy_rows(view(last.out), batch.labels.data(), nullptr, losses_.data(), view(last.slope));
    last.slope.array() *= scale;
    return kernels::sum(losses_.data(), batch_rows) * scale;
  }

  void backward(const Dataset<float>& batch) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      const auto dz = view(layer.slope);
      if (l + 1 < layers_.size())
        kernels::scale_and_sum_columns(dz, view(layer.grad), layer.bias.data());
      else
        kernels::column_sums<float>(dz, layer.bias.data());
      if (l > 0) kernels::gemm(view(layers_[l - 1].grad), dz, view(model_.layers[l].weight.value()));
      kernels::gemm(view(layer.weight), dz.transposed(), view(input(l, batch)));
    }
  }

  void update() {
    const auto step = kernels::adamw_step<float>(rate, decay, 0.9, 0.999, 1e-8, ++steps_);
    const auto apply = [&](Parameter<float>& p, const Tensor<float>& gradient, AdamW<float>::Moments& moments) {
      p.change([&](std::span<float> theta) {
        kernels::adamw<float>(theta, gradient.span(), moments.first.span(), moments.second.span(), step);
      });
    };
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      apply(model_.layers[l].weight, layers_[l].weight, layers_[l].weight_moments);
      apply(model_.layers[l].bias, layers_[l].bias, layers_[l].bias_moments);
    }
  }

  Mlp<float> model_;
  std::vector<Dataset<float>> batches_;
  std::size_t at_ = 0;
  std::vector<Layer> layers_;
  Tensor<float> losses_;
  std::int64_t steps_ = 0;
};

}  // namespace wsym::bench
