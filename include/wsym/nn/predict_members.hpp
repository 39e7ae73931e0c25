// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/predict.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// Appends what each member of the model answers, running it in blocks of rows with `pass`.
template <class M, Real T>
void append_members(const char* what, const M& model, const Tensor<T>& x, const Pass<T>& pass,
                    std::vector<Tensor<T>>& members) {
  expect(x.rows() >= 1, what, ": x is ", x.shape(), "; at least one row is needed");
  Workspace<T> workspace;
  const std::size_t before = members.size();
  for_each_answer<M, T>(what, model, x.mat(), pass, workspace, [&](Index row, Index rows, Var<T> out, Index count) {
    if (row == 0) members.resize(before + static_cast<std::size_t>(count), Tensor<T>({x.rows(), out.cols()}));
    expect(members.size() == before + static_cast<std::size_t>(count) && members.back().cols() == out.cols(), what,
           ": the model answers rows from ", row, " on with ", out.shape(), ", but those before with ",
           members.size() - before, " members of ", members.back().cols(), " columns");
    for (Index m = 0; m < count; ++m)
      std::copy_n(out.data() + m * rows * out.cols(), rows * out.cols(),
                  members[before + static_cast<std::size_t>(m)].data() + row * out.cols());
  });
}
}  // namespace detail

/// The predictions of a network that holds M members, each (n, out): it maps (n, in) to (M, n, out). They are
/// what log_mean_probabilities, mean_outputs and the metrics of diversity take. A network of one member gives one.
/// Blocks, groups and `key` are as in predict. Throws ShapeError without rows, for an output of other axes, or where
/// rows do not divide into groups.
template <class M, Real T>
std::vector<Tensor<T>> predict_members(const M& model, const Tensor<T>& x, const Key& key = Key(0)) {
  std::vector<Tensor<T>> members;
  detail::append_members("predict_members", model, x, Pass<T>::evaluate(key), members);
  return members;
}

/// Monte Carlo dropout: the predictions of as many passes with dropout on as there are samples, each with masks of its
/// own, for a network that was trained with dropout; like those of members. Sample s draws from key.child(s), by the
/// place of a row. With a network of M members, M for each sample. Everything else is as at evaluation: routers without
/// noise. Throws ConfigError for fewer than one sample, ShapeError as predict_members.
/// Source: Gal and Ghahramani 2016; Allingham et al. 2022, section on efficient ensembles.
template <class M, Real T>
std::vector<Tensor<T>> predict_mc_dropout(const M& model, const Tensor<T>& x, Index samples, const Key& key) {
  expect<ConfigError>(samples >= 1, "predict_mc_dropout: ", samples, " samples; at least 1 is needed");
  std::vector<Tensor<T>> members;
  for (Index s = 0; s < samples; ++s)
    detail::append_members("predict_mc_dropout", model, x, Pass<T>::evaluate(key.child(s)).with_dropout(true), members);
  return members;
}

}  // namespace wsym::inline WSYM_SIMD
