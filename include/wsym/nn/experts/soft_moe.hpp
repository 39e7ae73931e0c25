// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/expert_batches.hpp"
#include "wsym/ops/experts/routing.hpp"
#include "wsym/ops/experts/soft_slots.hpp"

namespace wsym::inline WSYM_SIMD {

/// A soft mixture of experts: nothing is chosen and nothing dropped. Every expert has p slots in a group of rows; with
/// logits l_nj = c <x_n / |x_n|, mu_j / |mu_j|> a slot's input is the mean of the raw rows under softmax over n of
/// l_nj, and a row's output the mean of the slots' outputs under softmax over j. x (..., in) -> (..., out);
/// differentiable. Rows of a group (one image; one example alone would be its own only row) depend on each other.
/// Throws ShapeError for no rows or rows that do not divide into groups, Diverged for logits that are not finite.
/// Source: Puigcerver et al. 2024.
template <Real T, class Expert = Mlp<T>> struct SoftMoe {
  Parameter<T> slots;  // mu (E p, in), expert by expert
  Parameter<T> scale;  // c (1), from 1 on
  std::vector<Expert> experts;
  /// Rows that are mixed; 0: all of the batch, in prediction of a block.
  Index group = 0;

  SoftMoe() = default;
  /// p = slots_each; slots are normal with variance 1 / in. Throws
  /// ConfigError for a size below 1, no experts or a negative group.
  SoftMoe(std::vector<Expert> experts_, Index in, Index slots_each, Index group_, const Key& key)
      : scale(Tensor<T>(Shape{1}, T(1))), experts(std::move(experts_)), group(group_) {
    const Index count = static_cast<Index>(experts.size());
    expect<ConfigError>(count >= 1 && in >= 1 && slots_each >= 1 && group >= 0, "SoftMoe: ", count, " experts, ", in,
                        " inputs, ", slots_each, " slots each and groups of ", group,
                        "; at least 1 each, and no negative group");
    Tensor<T> mu(Shape{count * slots_each, in});
    for (Index i = 0; i < mu.size(); ++i) mu[i] = static_cast<T>(key.normal(i) / std::sqrt(static_cast<double>(in)));
    slots = Parameter<T>(std::move(mu));
  }
  /// Fresh MLP experts.
  SoftMoe(Index count, const MlpSize& size, Index slots_each, Index group_,
          const Key& init) requires std::same_as<Expert, Mlp<T>>
      : SoftMoe(detail::make_experts<T>(count, size, nullptr, init.child("experts")), size.in, slots_each, group_,
                init.child("slots")) {}

  /// Throws ConfigError for a negative group.
  void check() const { expect<ConfigError>(group >= 0, "SoftMoe: groups of ", group, "; they are not negative"); }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect(x.rows() >= 1, "SoftMoe: x is ", x.shape(), "; it needs a row");
    Tape<T>& tape = x.tape();
    const Index size = group == 0 ? x.rows() : group, count = static_cast<Index>(experts.size());
    const Var<T> logits = scale_by(member_logits(unit_rows(x), unit_rows(tape.use(slots)), 1, 0), tape.use(scale));
    detail::expect_finite_logits("SoftMoe", logits);
    const Var<T> inputs = fill_slots(softmax_columns(logits, size), x, size, count);
    std::int32_t* first = tape.template scratch<std::int32_t>(count + 1);
    for (Index e = 0; e <= count; ++e) first[e] = static_cast<std::int32_t>(e * inputs.rows() / count);
    return mix_slots(softmax(logits), outputs(inputs, first, x.rows(), size, pass), size, count);
  }

  Index rows_together() const { return group; }

  static constexpr const char* type_name = "soft_moe";
  static void visit(auto& self, auto&& v) {
    v("slots", self.slots);
    v("scale", self.scale);
    v("experts", self.experts);
    v("group", self.group);
  }

 private:
  /// slots: those of an expert are a batch, group by group.
  Var<T> outputs(Var<T> slots_, const std::int32_t* first, Index rows, Index size, const Pass<T>& pass) const {
    if constexpr (std::same_as<Expert, Mlp<T>>) {
      return detail::stacked("SoftMoe", experts, slots_, first);
    } else {
      const Index groups = rows / size, each = first[1] / groups;
      const Index* number = detail::row_numbers(pass, rows, slots_.tape());  // of a group: that of its first row
      return detail::one_by_one(experts, slots_, first, pass, 0,
                                [&](Index p) { return number[p / each % groups * size] * each + p % each; });
    }
  }
};

}  // namespace wsym::inline WSYM_SIMD
