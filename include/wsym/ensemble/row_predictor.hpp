// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/kernels/gemm.hpp"
#include "wsym/nn/mlp.hpp"

namespace wsym::inline WSYM_SIMD {

/// The networks that RowPredictor copies: affine layers with GELU between them, and nothing else. TabMMini has a list
/// of such layers too, but is more; so the concept asks for the type, and not for the list.
template <class M, class T>
concept CopiedByRowPredictor = std::same_as<M, Mlp<T>>;

/// A copy of an ensemble of MLPs of one size that answers one row, or a few, about as fast as memory gives its weights:
/// every weight lies transposed, (in, out), in the order in which a prediction reads them, so that nothing is turned or
/// packed on the way. Answers have the bits of the ensemble's own. Changes of the ensemble do not reach the copy. Many
/// rows are better served by the ensemble itself, which reads its weights once per 256 rows either way.
template <Real T> class RowPredictor {
 public:
  /// Throws ConfigError for an ensemble without members or a member without layers, ShapeError for members whose layers
  /// do not fit each other (Mlp::check), of unlike sizes, or with outputs that are not the task's.
  template <CopiedByRowPredictor<T> M>
  explicit RowPredictor(const DeepEnsemble<M>& ensemble) : task_(ensemble.task), average_(ensemble.average) {
    expect<ConfigError>(!ensemble.members.empty(), "RowPredictor: the ensemble has no members");
    for (const M& member : ensemble.members) member.check();
    Index size = 0;
    for (const Linear<T>& layer : ensemble.members[0].layers) {
      layers_.emplace_back(layer.weight.shape());
      size += layers_.back().size();
    }
    expect(layers_.back().out == task_.outputs, "RowPredictor: the members have ", layers_.back().out,
           " outputs but the task ", task_.outputs);
    numbers_ = Tensor<T>(Shape{static_cast<Index>(ensemble.members.size()), size});
    T* to = numbers_.data();
    for (const M& member : ensemble.members) to = copy(member, to);
  }

  Index features() const { return layers_.front().in; }
  const Task& task() const { return task_; }

  /// The average over members of their outputs on x, as predict() of the ensemble. x (rows, features) -> y (rows,
  /// outputs). Allocates nothing after the workspace's first call of a size. Throws ShapeError.
  void operator()(ConstRows<T> x, MatMap<T> y, Workspace<T>& workspace) const {
    expect(x.rows() == y.rows() && x.cols() == features() && y.cols() == task_.outputs, "RowPredictor: x is (",
           x.rows(), ", ", x.cols(), ") and y (", y.rows(), ", ", y.cols(), "); they need equal rows, ", features(),
           " features and ", task_.outputs, " outputs");
    constexpr Index block = 16;  // rows that go through one member together
    y.setZero();
    for (Index row = 0; row < x.rows(); row += block) {
      const Index rows = std::min(block, x.rows() - row);
      add_members({x.data() + row * x.cols(), rows, x.cols(), x.cols()},
                  MatMap<T>(y.data() + row * y.cols(), rows, y.cols()), workspace.tape());
    }
    y *= T(1) / static_cast<T>(numbers_.rows());
  }

 private:
  struct Layer {
    Index in, out, width;  // width: columns in memory, whole cache lines
    explicit Layer(const Shape& weight) : in(weight.cols()), out(weight.rows()) {
      constexpr Index line = static_cast<Index>(alignment / sizeof(T));
      width = (out + line - 1) / line * line;
    }
    bool transposed() const { return out > kernels::dot_columns; }  // fewer outputs are dot products along the rows
    Index size() const { return (in + 1) * width; }                 // the weight, then the bias
  };

  T* copy(const Mlp<T>& member, T* to) const {
    expect(member.layers.size() == layers_.size(), "RowPredictor: a member has ", member.layers.size(),
           " layers but the first one ", layers_.size(), "; they must be equal");
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer& layer = layers_[l];
      const Tensor<T>& weight = member.layers[l].weight.value();
      expect(weight.shape() == Shape{layer.out, layer.in}, "RowPredictor: layer ", l, " of a member has weight ",
             weight.shape(), " but that of the first one (", layer.out, ", ", layer.in, "); they must be equal");
      if (layer.transposed())
        MatMap<T>(to, layer.in, layer.width).leftCols(layer.out) = weight.mat().transpose();
      else
        std::copy_n(weight.data(), weight.size(), to);
      std::copy_n(member.layers[l].bias.value().data(), layer.out, to + layer.in * layer.width);
      to += layer.size();
    }
    return to;
  }

  /// y = w h + b, with gelu below the last layer; the columns past a layer's outputs hold what nobody reads.
  void apply(const Layer& layer, const T* numbers, bool with_gelu, kernels::View<const T> h, kernels::View<T> y) const {
    const T* bias = numbers + layer.in * layer.width;
    const kernels::View<const T> w{numbers, layer.in, layer.width, layer.width},
        rows{numbers, layer.out, layer.in, layer.in};
    const kernels::View<T> to = layer.transposed() ? y : y.block(0, 0, y.rows, layer.out);
    const kernels::View<const T> by = layer.transposed() ? w : rows.transposed();
    if (with_gelu)
      kernels::gemm_bias_gelu<T>(to, {}, h, by, bias);
    else
      kernels::gemm_bias<T>(to, h, by, bias);
  }

  void add_members(kernels::View<const T> x, MatMap<T> sum, Tape<T>& tape) const {
    Index widest = 0;
    for (const Layer& layer : layers_) widest = std::max(widest, layer.width);
    T* const rooms[] = {tape.scratch(x.rows * widest), tape.scratch(x.rows * widest)};
    const bool probabilities = task_.kind == TaskKind::classification && average_ == Average::probabilities;
    const T* numbers = numbers_.data();
    for (Index m = 0; m < numbers_.rows(); ++m) {
      kernels::View<const T> h = x;
      kernels::View<T> y{};
      for (std::size_t l = 0; l < layers_.size(); ++l) {
        y = {rooms[l % 2], x.rows, layers_[l].width, layers_[l].width};
        apply(layers_[l], numbers, l + 1 < layers_.size(), h, y);
        h = y.block(0, 0, x.rows, layers_[l].out);
        numbers += layers_[l].size();
      }
      const kernels::View<T> out = y.block(0, 0, x.rows, task_.outputs);
      if (probabilities) kernels::softmax_rows<T>(out, out);
      for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < out.cols; ++j) sum(i, j) += out(i, j);
    }
  }

  std::vector<Layer> layers_;
  Tensor<T> numbers_;  // (members, numbers of one): layer after layer
  Task task_;
  Average average_;
};
template <Real T> RowPredictor(const DeepEnsemble<Mlp<T>>&) -> RowPredictor<T>;

}  // namespace wsym::inline WSYM_SIMD
