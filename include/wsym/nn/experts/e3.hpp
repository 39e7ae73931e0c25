// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/sparse_moe.hpp"

/// From a sparse mixture to members that share everything but experts (e3), and back.
namespace wsym::inline WSYM_SIMD {

/// The same experts and router, divided among `members`: expert e and its row of the router go to member e / (E / M),
/// and `shared` of them, the last ones, to all. Nothing is copied anew but the options, so setting members to 1 undoes
/// it. Its rows then need the members' axis: a network of it makes one (ResidualMlp::members). Throws ConfigError where
/// experts do not divide or a member has fewer than K.
/// Source: Allingham et al. 2022, section 4.1 (the router is sliced, the experts are untouched), section 5 (overlap).
template <class Moe> Moe partitioned(Moe moe, Index members, Index shared = 0) {
  moe.router.options.members = members;
  moe.router.options.shared = shared;
  moe.router.check();
  return moe;
}

/// The layer with some of the experts, chosen by index, and their rows of the router: expert i of it is experts[i] of
/// `moe`. Options are those of `moe`, members and shared experts among them, so where there are several the new experts
/// must divide among them (or set router.options.members to 1). Noise spread over all experts is spread over the new
/// ones. Throws ConfigError for a list that is empty or an index out of range.
template <Real T, class Expert>
SparseMoe<T, Expert> with_experts(const SparseMoe<T, Expert>& moe, std::span<const Index> experts) {
  const Index count = static_cast<Index>(experts.size()), in = moe.router.weight.value().cols();
  expect<ConfigError>(count >= 1, "with_experts: no experts; at least one is needed");
  SparseMoe<T, Expert> some;
  some.options = moe.options;
  some.router.options = moe.router.options;
  Tensor<T> weight(Shape{count, in}), bias(Shape{count});
  for (Index i = 0; i < count; ++i) {
    const Index e = experts[static_cast<std::size_t>(i)];
    expect<ConfigError>(e >= 0 && e < moe.router.experts(), "with_experts: expert ", e, " of ", moe.router.experts());
    weight.mat().row(i) = moe.router.weight.value().mat().row(e);
    if (moe.router.bias) bias[i] = (*moe.router.bias)[e];
    some.experts.push_back(moe.experts[static_cast<std::size_t>(e)]);
  }
  some.router.weight = Parameter<T>(std::move(weight));
  if (moe.router.bias) some.router.bias = std::move(bias);
  return some;
}

/// Member m as a sparse mixture of its own, over its experts and the shared ones. Its noise has the member's deviation,
/// and given pass.child(m) it draws what member m draws given pass. Outputs have the same bits; with shared experts
/// they agree up to rounding (own and shared logits are products of their own) where nothing is dropped. Exempt is
/// dropout inside experts that are no MLPs: they draw by an expert's index and a row's place in the expert's batch.
/// Throws ConfigError as with_experts.
template <Real T, class Expert> SparseMoe<T, Expert> member(const SparseMoe<T, Expert>& moe, Index m) {
  const Index columns = moe.router.own_experts() + moe.router.options.shared;
  std::vector<Index> experts;
  for (Index c = 0; c < columns; ++c) experts.push_back(moe.router.expert_at(m, c));
  SparseMoe<T, Expert> alone = with_experts(moe, std::span<const Index>(experts));
  RouterOptions& options = alone.router.options;
  options.noise_experts = moe.router.noise_experts();
  options.members = 1, options.shared = 0;
  return alone;
}

/// The same layer with its experts, and their rows of the router, in another order: expert i is order[i] of `moe`.
/// One member: the same function; several: other experts form a member. Throws ConfigError unless `order` is a
/// permutation.
template <Real T, class Expert>
SparseMoe<T, Expert> permuted(const SparseMoe<T, Expert>& moe, std::span<const Index> order) {
  std::vector<bool> seen(order.size());
  for (const Index e : order)
    if (e >= 0 && e < static_cast<Index>(seen.size())) seen[static_cast<std::size_t>(e)] = true;
  expect<ConfigError>(static_cast<Index>(order.size()) == moe.router.experts() &&
                          std::find(seen.begin(), seen.end(), false) == seen.end(),
                      "permuted: an order of ", order.size(), " for ", moe.router.experts(),
                      " experts; each is named once");
  return with_experts(moe, order);
}

/// Sparse upcycling: every expert begins as the dense network, the router afresh. Where nothing is dropped the layer
/// begins as that network if router.renormalise is set, and else as it, scaled by the kept gates. Throws ConfigError as
/// Router. Source: Komatsuzaki et al. 2023.
template <Real T, class Expert>
SparseMoe<T, Expert> upcycled(const Expert& dense, Index in, Index experts, const RouterOptions& router,
                              const SparseMoeOptions& options, const Key& key) {
  return {Router<T>(in, experts, router, key), std::vector<Expert>(static_cast<std::size_t>(experts), dense), options};
}

}  // namespace wsym::inline WSYM_SIMD
