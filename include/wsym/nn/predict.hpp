// SPDX-License-Identifier: MIT
#pragma once
#include <numeric>

#include "wsym/autodiff/tape.hpp"
#include "wsym/core/visit.hpp"
#include "wsym/nn/pass.hpp"

namespace wsym::inline WSYM_SIMD {

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

namespace detail {
/// Widens `rows` to a common multiple with every group that the model, or a module in it, states.
template <class M> void widen_to_groups(const M& model, Index& rows) {
  if constexpr (requires { model.rows_together(); }) {
    rows = std::lcm(rows, std::max<Index>(1, model.rows_together()));
  } else if constexpr (is_list<M>) {
    for (const auto& each : model) widen_to_groups(each, rows);
  } else if constexpr (is_optional<M>) {
    if (model) widen_to_groups(*model, rows);
  } else if constexpr (Module<M>) {
    M::visit(model, [&](const char*, const auto& inner) { widen_to_groups(inner, rows); });
  }
}

/// How many members answered `rows` rows with `out`: 1 for (rows, outputs), M for (M, rows, outputs); all axes before
/// the last two count answers. Throws ShapeError.
template <Real T> Index members_of(const char* what, Var<T> out, Index rows) {
  const Shape& shape = out.shape();
  expect(rows >= 1 && out.rows() >= rows && shape.rank() >= 2 && shape[shape.rank() - 2] == rows, what,
         ": the model answers ", rows, " rows with ", shape, "; it needs (", rows, ", outputs), or (members, ", rows,
         ", outputs)");
  return out.rows() / rows;
}
}  // namespace detail

/// How many consecutive rows of its input a model takes as one group: a batch must be a multiple of it. A module states
/// its own as `Index rows_together() const`, where 0 states none; what it states stands for the modules in it. Of
/// modules that state none it is the least common multiple of those in them; 1 without any.
template <class M> Index rows_together(const M& model) {
  Index rows = 1;
  detail::widen_to_groups(model, rows);
  return rows;
}

/// Calls f(first row, rows) for consecutive blocks of `rows` rows, which bound the scratch memory of a prediction: 256
/// rows each, or the largest multiple of rows_together(model) that is not above; at least one group. The last block may
/// be smaller. Throws ShapeError that names the group where rows do not divide into groups.
template <class M, class F> void for_each_block(const char* what, const M& model, Index rows, const F& f) {
  constexpr Index most = 256;
  const Index together = rows_together(model);
  expect(rows % together == 0, what, ": x has ", rows, " rows, but the model takes groups of ", together,
         " rows; x needs a multiple of it");
  const Index block = std::max(together, most / together * together);
  for (Index row = 0; row < rows; row += block) f(row, std::min(block, rows - row));
}

namespace detail {
/// Calls f(first row, rows, answer, members in it) for the blocks of x, (rows, in), one after the other
/// (for_each_block), where the model runs with `pass`.
template <class M, Real T, class F>
void for_each_answer(const char* what, const M& model, ConstRows<T> x, const Pass<T>& pass, Workspace<T>& workspace,
                     const F& f) {
  for_each_block(what, model, x.rows(), [&](Index row, Index rows) {
    const Var<T> in = workspace.tape().constant(Shape{rows, x.cols()}, x.data() + row * x.cols());
    const Var<T> out = model(in, pass.with_examples(row, rows));
    f(row, rows, out, members_of(what, out, rows));
  });
}
}  // namespace detail

/// y = model(x), in blocks of rows that bound the scratch memory (for_each_block). A row's bits do not depend on the
/// other rows unless a layer mixes rows or has rows compete: SoftMoe, and SparseMoe where slots run out. Groups of such
/// rows stay together; without groups all rows of a block compete. Nothing is looked for: a row with a NaN gives NaN,
/// and changes no other row. `key` is the stream of a model that draws at evaluation.
/// x (rows, in), y (rows, out). Throws ShapeError for rows that do not divide into the model's groups, for an output
/// that is not as wide as y, and for a network of several members, which predict_members answers for.
template <class M, Real T>
void predict(const M& model, std::type_identity_t<ConstRows<T>> x, MatMap<T> y, Workspace<T>& workspace,
             const Key& key = Key(0)) {
  expect(x.rows() == y.rows(), "predict: x has ", x.rows(), " rows but y has ", y.rows());
  const Pass<T> pass = Pass<T>::evaluate(key);
  detail::for_each_answer<M, T>(
      "predict", model, x, pass, workspace, [&](Index row, Index rows, Var<T> out, Index members) {
        expect(members == 1, "predict: the model has ", members, " members; take predict_members, or predict of a ",
               "DeepEnsemble, which gives their mean");
        expect(out.cols() == y.cols(), "predict: the model has ", out.cols(), " outputs but y has ", y.cols(),
               " columns");
        std::copy_n(out.data(), rows * y.cols(), y.data() + row * y.cols());
      });
}

/// The same, into a new tensor of `outputs` columns.
template <class M, Real T> Tensor<T> predict(const M& model, const Tensor<T>& x, Index outputs) {
  Tensor<T> y(Shape{x.rows(), outputs});
  Workspace<T> workspace;
  predict(model, x.mat(), y.mat(), workspace);
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
