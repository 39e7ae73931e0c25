// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/nn/pass.hpp"

namespace wsym {

/// Scratch memory for prediction, one per thread: after the first call of a size no later call allocates. Models are
/// const, so any number of threads may predict with one model, each through its own workspace.
template <Real T> class Workspace {
 public:
  /// A tape that records values alone, rewound.
  Tape<T>& tape() {
    tape_.clear();
    return tape_;
  }

 private:
  Tape<T> tape_{false};
};

/// y = model(x), in blocks of 256 rows (the last may be smaller) that bound the scratch memory. A row's bits do not
/// depend on the other rows unless a layer mixes rows or has rows compete: SoftMoe, and SparseMoe where slots run out.
/// Their groups must divide 256 and the rows of x. `key` is the stream of a model that draws at evaluation.
/// x (rows, in), y (rows, out). Throws ShapeError when the model's output is not as wide as y.
template <class M, Real T>
void predict(const M& model, ConstMatMap<T> x, MatMap<T> y, Workspace<T>& workspace, const Key& key = Key(0)) {
  constexpr Index block = 256;
  expect(x.rows() == y.rows(), "predict: x has ", x.rows(), " rows but y has ", y.rows());
  for (Index row = 0; row < x.rows(); row += block) {
    const Index rows = std::min(block, x.rows() - row);
    const Pass<T> pass = Pass<T>::evaluate(key, row);
    const Var<T> out = model(workspace.tape().constant(Shape{rows, x.cols()}, x.data() + row * x.cols()), pass);
    expect(out.cols() == y.cols(), "predict: the model has ", out.cols(), " outputs but y has ", y.cols(), " columns");
    std::copy_n(out.data(), rows * y.cols(), y.data() + row * y.cols());
  }
}

/// The same, into a new tensor of `outputs` columns.
template <class M, Real T> Tensor<T> predict(const M& model, const Tensor<T>& x, Index outputs) {
  Tensor<T> y(Shape{x.rows(), outputs});
  Workspace<T> workspace;
  predict(model, x.mat(), y.mat(), workspace);
  return y;
}

}  // namespace wsym
