// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/arena.hpp"
#include "wsym/core/parameter.hpp"
#include "wsym/kernels/gemm.hpp"

namespace wsym::inline WSYM_SIMD {

template <Real T> class Tape;

namespace detail {
/// One recorded value. It lies in the tape's arena.
template <Real T> struct Node {
  Tape<T>* tape = nullptr;
  T* value = nullptr;
  T* grad = nullptr;  // null until the first contribution
  Shape shape;
  void (*pull)(void*) = nullptr;
  void* closure = nullptr;
  Node* previous = nullptr;  // the node recorded before this one, if it has a pullback
  bool takes_gradient = false;
};
}  // namespace detail

/// A handle to one value on a tape, 8 bytes, copied freely. It may be used as long as its tape lives and until the
/// tape's next clear(); so must live the model and the tensors that it was computed from. An op is a free function that
/// makes its result with tape().result(), writes out(), and says under it with pull() how a gradient goes back to its
/// inputs:
///
///   template <Real T> Var<T> square(Var<T> x) {
///     Var<T> y = x.tape().result(x.shape(), x);
///     y.out() = x.value().cwiseAbs2();
///     y.pull([=] { x.add(T(2) * x.value().cwiseProduct(y.grad())); });
///     return y;
///   }
template <Real T> class Var {
 public:
  const Shape& shape() const { return node_->shape; }
  Index size() const { return shape().size(); }
  Index rows() const { return shape().rows(); }
  Index cols() const { return shape().cols(); }
  Tape<T>& tape() const { return *node_->tape; }
  /// False for constants and for what depends on constants alone: their pullbacks are not recorded.
  bool takes_gradient() const { return node_->takes_gradient; }

  const T* data() const { return node_->value; }
  ConstMatMap<T> value() const { return {node_->value, rows(), cols()}; }
  kernels::View<const T> view() const { return {node_->value, rows(), cols(), cols()}; }
  /// The value of a one-element result, such as a loss. Throws ShapeError for more elements.
  T item() const {
    expect(size() == 1, "item: shape is ", shape(), "; it needs one element");
    return *node_->value;
  }

  /// Where the op that made this result writes its value; not for leaves.
  MatMap<T> out() const { return {node_->value, rows(), cols()}; }
  kernels::View<T> out_view() const { return {node_->value, rows(), cols(), cols()}; }

  /// The complete gradient, inside this result's pullback.
  ConstMatMap<T> grad() const { return {node_->grad, rows(), cols()}; }
  kernels::View<const T> grad_view() const { return {node_->grad, rows(), cols(), cols()}; }

  /// Contributes an expression of this shape to the gradient: assigned the first time, added after. Where no gradient
  /// is taken the expression is not evaluated.
  template <class Derived> void add(const Eigen::MatrixBase<Derived>& g) const {
    add_with([&](MatMap<T> grad, bool accumulate) {
      if (accumulate)
        grad.noalias() += g;
      else
        grad.noalias() = g;
    });
  }
  /// Contributes the product a b, through the library's own product; `next` as in kernels::gemm.
  void add_product(kernels::View<const T> a, kernels::View<const T> b, const kernels::Next<T>& next = {}) const;
  /// Contributes whatever f(gradient, accumulate) writes: f assigns when accumulate is false, else adds.
  template <class F> void add_with(F&& f) const;

  /// Run in backward when this result's gradient is complete, if any gradient reached it. It must not throw.
  template <class F> void pull(const F& pullback) const;

 private:
  friend class Tape<T>;
  explicit Var(detail::Node<T>* node) : node_(node) {}
  detail::Node<T>* node_;
};

}  // namespace wsym::inline WSYM_SIMD
