// SPDX-License-Identifier: MIT
#pragma once
#include "sparse_ensembles/system.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/nn/experts/e3.hpp"
#include "wsym/nn/experts/multi_pred.hpp"
#include "wsym/nn/members/batch_ensemble.hpp"
#include "wsym/nn/members/mimo.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/transfer.hpp"

/// The networks of a System, fresh. in, out: features of a row, and classes.
namespace wsym::sparse_ensembles {

using Dense = ResidualMlp<float>;
using Sparse = ResidualMlp<float, SparseMoe<float>>;
using BatchEnsemble = ResidualMlp<float, BatchEnsembleFeedForward<float>>;

Dense dense_network(const System& system, Index in, Index out, const Key& init);

/// moe; e3 and overlap, whose router and experts are divided among members; partitioning; tiling, which does not divide
/// them; mc_dropout before its samples are tiled. multi_pred and mimo are made of it. Throws ConfigError for experts
/// that do not divide, or too few for K.
Sparse sparse_network(const System& system, Index in, Index out, const Key& init);

BatchEnsemble batch_ensemble(const System& system, Index in, Index out, const Key& init);

/// As many hidden layers as blocks, of width D.
TabM<float> tabm(const System& system, Index in, Index out, const Key& init);

/// As sparse_network with inputs and answers for all members.
Mimo<float, Sparse> mimo(const System& system, Index in, Index out, const Key& init);

/// What a member of a deep ensemble, or an upstream network, is: an mlp or, if the system has experts, a moe of that K.
System single(const System& system, Index top_k);

/// All parameters but the head of `upstream` into `network`, its experts first permuted as the system says.
void take_over(const Sparse& upstream, const System& system, Sparse& network);
void take_over(const Dense& upstream, Dense& network);

}  // namespace wsym::sparse_ensembles
