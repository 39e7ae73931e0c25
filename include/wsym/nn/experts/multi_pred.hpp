// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/sparse_moe.hpp"
#include "wsym/nn/residual_mlp.hpp"

namespace wsym::inline WSYM_SIMD {

/// K predictions of one sparse network: the K contributions of its last block, which is sparse, are not summed; each
/// goes on alone, u + g_k f_k(LN(u)), through the last norm and the head. k is the rank of the gate; a dropped choice
/// contributes 0. (n, in) -> (K, n, out), by rank; with K = 1 the network itself.
/// Throws ConfigError where the last block is not sparse or the network has members.
/// Source: Allingham et al. 2022, section 5 (multi-pred); that the residual is in every stream is inferred.
template <Real T, class Expert = Mlp<T>> struct MultiPred {
  ResidualMlp<T, SparseMoe<T, Expert>> network;

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect<ConfigError>(!network.blocks.empty() && network.blocks.back().special && network.members == 1,
                        "MultiPred: ", network.members, " members and ", network.blocks.size(),
                        " blocks; it needs 1 member and a sparse last block");
    const auto& last = *network.blocks.back().special;
    const Index before = static_cast<Index>(network.blocks.size()) - 1;
    const Var<T> u = network.stream(x, pass, before);
    const Var<T> each = members_first(last.inner.contributions(last.norm(u, pass), pass.child(before).child(0)));
    const Var<T> streams = add(tile(u, last.inner.router.options.choices), each);
    return network.head(network.norm(streams, pass), pass);
  }

  static constexpr const char* type_name = "multi_pred";
  static void visit(auto& self, auto&& v) { v("network", self.network); }
};

}  // namespace wsym::inline WSYM_SIMD
