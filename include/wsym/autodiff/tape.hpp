// SPDX-License-Identifier: MIT
#pragma once
#include <cstring>

#include "wsym/autodiff/var.hpp"
#include "wsym/core/parallel.hpp"

namespace wsym::inline WSYM_SIMD {

/// Records operations in the order in which they run, and walks them back. Values, gradients and pullbacks lie in an
/// arena that clear() rewinds: a step of the same shapes as an earlier one allocates nothing. One tape per thread.
///
///   Tape<float> tape;
///   for (...) {
///     tape.clear();
///     Var<float> loss = ...;
///     tape.backward(loss);
///     optimizer.step(model, tape);
///   }
template <Real T> class Tape {
 public:
  /// differentiate = false records values alone, for prediction. Large products are split over the threads of
  /// `parallel`, by rows of the result and never over the inner index, so the bits are the same for any number.
  explicit Tape(bool differentiate = true, Parallel parallel = {})
      : parallel_(parallel), differentiate_(differentiate) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  bool differentiates() const { return differentiate_; }

  /// A leaf without gradient. It refers to the tensor, which must live and keep its memory until clear(), through
  /// backward; nothing checks this, but a temporary does not compile. With a pointer, shape.size() numbers lie there.
  Var<T> constant(const Tensor<T>& tensor) { return constant(tensor.shape(), tensor.data()); }
  Var<T> constant(const Tensor<T>&&) = delete;
  Var<T> constant(Shape shape, const T* data) { return Var<T>(new_node(shape, const_cast<T*>(data), false)); }

  /// The leaf of a parameter: the same one each time, so that uses add up. The parameter must neither move nor get
  /// another tensor until clear(); the optimiser's step comes after backward. Throws Error where it has another tensor.
  Var<T> use(const Parameter<T>& parameter) {
    Leaf& leaf = find(parameter);
    if (leaf.node == nullptr) {
      leaf = {&parameter, new_node(parameter.shape(), const_cast<T*>(parameter.value().data()), differentiate_)};
      if (2 * ++leaf_count_ > leaves_.size()) rehash(2 * leaves_.size());
      return Var<T>(find(parameter).node);
    }
    expect_unchanged(leaf);
    return Var<T>(leaf.node);
  }

  /// The uninitialised result of an op on these inputs; it takes a gradient if any of them does. Throws Error for an
  /// input of another tape.
  template <class... Inputs> Var<T> result(Shape shape, const Inputs&... inputs) {
    expect_own(inputs...);
    return result_if((inputs.takes_gradient() || ...), shape);
  }
  Var<T> result(Shape shape, std::span<const Var<T>> inputs) {
    bool any = false;
    for (const Var<T> input : inputs) expect_own(input), any = any || input.takes_gradient();
    return result_if(any, shape);
  }
  /// Throws Error unless all inputs are of this tape: for those that an op has beside result's.
  template <class... Inputs> void expect_own(const Inputs&... inputs) const {
    if ((static_cast<int>(&inputs.tape() != this) | ...)) [[unlikely]]
      refuse_inputs();
  }
  /// The same where the op itself knows whether any input takes a gradient.
  Var<T> result_if(bool any_takes_gradient, Shape shape) {
    return Var<T>(new_node(shape, scratch(shape.size()), differentiate_ && any_takes_gradient));
  }

  /// Uninitialised memory that lives until clear(): what an op's forward leaves for its pullback.
  template <class U = T> U* scratch(Index count) { return arena_.template allocate<U>(count); }

  /// c = a b, or c += a b: every product of an op goes through here or the two below, where its 2 m n k operations are
  /// counted. `next` as in kernels::gemm.
  void product(kernels::View<T> c, kernels::View<const T> a, kernels::View<const T> b, bool accumulate = false,
               const kernels::Next<T>& next = {}) {
    over_rows(c.rows, 2 * a.rows * a.cols * b.cols, [&](Index row, Index rows) {
      kernels::gemm(c.block(row, 0, rows, c.cols), a.block(row, 0, rows, a.cols), b, accumulate, next);
    });
  }
  /// c = a b + bias, the bias (columns) added to every row.
  void affine(kernels::View<T> c, kernels::View<const T> a, kernels::View<const T> b, const T* bias,
              const kernels::Next<T>& next = {}) {
    over_rows(c.rows, 2 * a.rows * a.cols * b.cols, [&](Index row, Index rows) {
      kernels::gemm_bias(c.block(row, 0, rows, c.cols), a.block(row, 0, rows, a.cols), b, bias, next);
    });
  }
  /// h = gelu(z) and, unless slope.data is null, slope = gelu'(z), with z = a b + bias.
  void affine_gelu(kernels::View<T> h, kernels::View<T> slope, kernels::View<const T> a, kernels::View<const T> b,
                   const T* bias, const kernels::Next<T>& next = {}) {
    over_rows(h.rows, 2 * a.rows * a.cols * b.cols, [&](Index row, Index rows) {
      const kernels::View<T> dh = slope.data ? slope.block(row, 0, rows, h.cols) : slope;
      kernels::gemm_bias_gelu(h.block(row, 0, rows, h.cols), dh, a.block(row, 0, rows, a.cols), b, bias, next);
    });
  }
  /// Adds executed floating-point operations to work(), for ops with products of their own.
  void count(Index operations) { work_ += operations; }
  /// Floating-point operations executed in products since the last clear(), forward and backward.
  Index work() const { return work_; }

  /// Runs the pullbacks from a loss of one element, whose gradient is 1. Afterwards the gradients of parameters stand
  /// in gradient(), 0 at frozen entries. Once per recording. Throws ShapeError for a loss of more elements.
  void backward(Var<T> loss) {
    expect(loss.size() == 1, "backward: the loss has shape ", loss.shape(),
           "; it needs one element, or call backward(y, cotangent)");
    const T one = 1;
    backward(loss, std::span<const T>(&one, 1));
  }
  /// The vector-Jacobian product of y with a cotangent of y's shape.
  void backward(Var<T> y, std::span<const T> cotangent) {
    expect(static_cast<Index>(cotangent.size()) == y.size(), "backward: ", cotangent.size(), " cotangents for shape ",
           y.shape(), "; one per element is needed");
    expect<Error>(&y.tape() == this && !walked_,
                  "backward: runs once per recording, on the tape that recorded; clear() first");
    expect<Error>(differentiate_, "backward: this tape records values alone");
    walked_ = true;
    if (!y.takes_gradient()) return;
    y.add(ConstMatMap<T>(cotangent.data(), y.rows(), y.cols()));
    for (Node* node = last_; node != nullptr; node = node->previous)
      if (node->pull != nullptr && node->grad != nullptr) node->pull(node->closure);
    for (const Leaf& leaf : leaves_)
      if (leaf.node != nullptr && leaf.node->grad != nullptr)
        leaf.parameter->frozen().clear({leaf.node->grad, static_cast<std::size_t>(leaf.node->shape.size())});
  }

  /// The gradient of a parameter after backward; empty when the loss did not depend on it. Writable, for clipping.
  /// Throws Error where the parameter has another tensor since it was used.
  std::span<T> gradient(const Parameter<T>& parameter) {
    const Leaf& leaf = find(parameter);
    const Node* node = leaf.node;
    if (node == nullptr || node->grad == nullptr) return {};
    expect_unchanged(leaf);
    return {node->grad, static_cast<std::size_t>(node->shape.size())};
  }

  /// Forgets the recording and keeps the memory. No Var from before may be used any more, which nothing checks: it
  /// would read what the next recording writes.
  void clear() {
    arena_.clear();
    last_ = nullptr;
    work_ = 0;
    walked_ = false;
    if (leaf_count_ != 0) std::fill(leaves_.begin(), leaves_.end(), Leaf{});
    leaf_count_ = 0;
  }

  /// Bytes of values, gradients and scratch since clear().
  std::size_t used() const { return arena_.used(); }
  /// Bytes that the tape holds from the heap.
  std::size_t memory() const { return arena_.capacity() + leaves_.size() * sizeof(Leaf); }

 private:
  friend class Var<T>;
  using Node = detail::Node<T>;
  struct Leaf {
    const Parameter<T>* parameter = nullptr;
    Node* node = nullptr;
  };

  [[noreturn]] static void refuse_inputs() {  // apart, so that the ops stay small
    throw Error("Tape: an op has inputs of two tapes; all must be of one");
  }
  static void expect_unchanged(const Leaf& leaf) {
    expect<Error>(leaf.node->value == leaf.parameter->value().data() && leaf.node->shape == leaf.parameter->shape(),
                  "Tape: a parameter has another tensor than when it was used first; clear() comes before that");
  }

  Node* new_node(Shape shape, T* value, bool takes_gradient) {
    Node* node = arena_.template allocate<Node>(1);
    *node = Node{.tape = this, .value = value, .shape = shape, .takes_gradient = takes_gradient};
    return node;
  }
  template <class F> void record(Node* node, const F& pullback) {
    F* closure = arena_.template allocate<F>(1);
    std::memcpy(static_cast<void*>(closure), &pullback, sizeof(F));
    node->closure = closure;
    node->pull = [](void* f) {
      (*static_cast<const F*>(f))();
    };
    node->previous = std::exchange(last_, node);
  }

  /// Counts the work and calls f(first row, rows) for parts that cover all rows: one part, unless there are threads and
  /// enough work for each (about 0.1 ms) to be worth waking it.
  template <class F> void over_rows(Index rows, Index work, const F& f) {
    constexpr Index least = Index{1} << 23;  // operations a thread
    count(work);
    const Index parts =
        std::clamp<Index>(work / least, 1, std::min<Index>(parallel_.threads, std::max<Index>(rows, 1)));
    if (parts == 1) return f(Index{0}, rows);
    parallel_for(parts, parallel_, [&](Index part) {
      const Index first = rows * part / parts;
      f(first, rows * (part + 1) / parts - first);
    });
  }

  /// Open addressing by the parameter's address; the table is never more than half full.
  Leaf& find(const Parameter<T>& parameter) {
    const std::size_t mask = leaves_.size() - 1;
    std::size_t slot = (reinterpret_cast<std::uintptr_t>(&parameter) >> 4) * 0x9E3779B97F4A7C15u >> 32 & mask;
    while (leaves_[slot].parameter != nullptr && leaves_[slot].parameter != &parameter) slot = (slot + 1) & mask;
    return leaves_[slot];
  }
  void rehash(std::size_t size) {
    std::vector<Leaf> old(size);
    std::swap(old, leaves_);
    for (const Leaf& leaf : old)
      if (leaf.parameter != nullptr) find(*leaf.parameter) = leaf;
  }

  Arena arena_;
  std::vector<Leaf> leaves_ = std::vector<Leaf>(32);
  std::size_t leaf_count_ = 0;
  Node* last_ = nullptr;
  Index work_ = 0;
  Parallel parallel_;
  bool differentiate_, walked_ = false;
};

template <Real T> template <class F> void Var<T>::pull(const F& pullback) const {
  static_assert(std::is_trivially_destructible_v<F> && std::is_trivially_copyable_v<F>,
                "a pullback lies in the arena and is never destroyed: capture Vars, pointers and numbers by value");
  if (node_->takes_gradient) node_->tape->record(node_, pullback);
}

template <Real T> template <class F> void Var<T>::add_with(F&& f) const {
  if (!node_->takes_gradient) return;
  const bool first = node_->grad == nullptr;
  if (first) node_->grad = node_->tape->scratch(size());
  f(MatMap<T>(node_->grad, rows(), cols()), !first);
}

template <Real T>
void Var<T>::add_product(kernels::View<const T> a, kernels::View<const T> b, const kernels::Next<T>& next) const {
  add_with([&](MatMap<T> g, bool accumulate) { node_->tape->product(kernels::view(g), a, b, accumulate, next); });
}

}  // namespace wsym::inline WSYM_SIMD
