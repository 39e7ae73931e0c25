// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "wsym/core/types.hpp"

/// Sparse experts and efficient ensembles (Allingham et al. 2022) on vectors: --experiment efficient.
namespace wsym::sparse_ensembles {

/// A model of the paper, and everything that its tables vary. Words stand as they are written in journals and tables.
struct System {
  std::string model = "moe";  // of model_names()
  Index members = 1;          // M; of mc_dropout samples; of partitioning subsets of experts
  Index experts = 16, top_k = 1;
  Index shared = 0;                   // overlap: experts that every member has
  double noise = 1;                   // of routers, in units of noise_scale
  std::string noise_scale = "total";  // total: 1 / E, subset: 1 / (E / M)
  double balance = 0.01;              // lambda
  double capacity = 1.5, eval_capacity = 8;
  std::string order = "row";           // of those who claim slots: row | priority
  std::string expert_start = "apart";  // apart | equal: the experts of a layer begin as one
  double perturbation = 0;             // standard deviation of what is added to the experts' first weights
  double dropout = 0.1;                // in experts, while training
  std::string base = "moe";            // of deep_ensemble: moe | mlp
  std::string start = "scratch";  // scratch | upstream: fine-tuned from a moe (mlp) that was trained for another task
  Index upstream_k = 1;           // K of that moe
  Index permutation = 0;          // of its experts before they are divided among members: the number of one; 0: none
  std::string scales = "sign";    // of batch_ensemble: sign | gaussian
  double scale_rate = 1;          // factor of the learning rate of those scales
  Index repeats = 1;              // mimo: of each row in a batch
  double replication = 0.5;       // mimo: share of a batch in which all members see the same row
  Index width = 128, hidden = 256, blocks = 4, special = 2;  // of the backbone
  std::string classes = "all";                               // all | seen: without the last third, see held_out()

  friend bool operator==(const System&, const System&) = default;

  static void visit(auto& self, auto&& v) {
    v("model", self.model);
    v("members", self.members);
    v("experts", self.experts);
    v("top_k", self.top_k);
    v("shared", self.shared);
    v("noise", self.noise);
    v("noise_scale", self.noise_scale);
    v("balance", self.balance);
    v("capacity", self.capacity);
    v("eval_capacity", self.eval_capacity);
    v("order", self.order);
    v("expert_start", self.expert_start);
    v("perturbation", self.perturbation);
    v("dropout", self.dropout);
    v("base", self.base);
    v("start", self.start);
    v("upstream_k", self.upstream_k);
    v("permutation", self.permutation);
    v("scales", self.scales);
    v("scale_rate", self.scale_rate);
    v("repeats", self.repeats);
    v("replication", self.replication);
    v("width", self.width);
    v("hidden", self.hidden);
    v("blocks", self.blocks);
    v("special", self.special);
    v("classes", self.classes);
  }
};

/// mlp, moe, e3, tiling, partitioning, overlap, multi_pred, batch_ensemble, mc_dropout, mimo, deep_ensemble, tabm.
const std::vector<std::string>& model_names();

/// The words of a field of System that holds one: noise_scale, order, expert_start, base, start, scales, classes.
const std::vector<std::string>& words_of(const std::string& field);

/// True for a model with routers and experts.
bool sparse(const System& system);

/// True where routers and experts are divided among members: e3, overlap, partitioning.
bool divides(const System& system);

/// The system without what its model has no use for: those fields at their defaults.
System own(const System& system);

/// "model=e3;members=2": the model, and what differs from a System's defaults, in the order of visit().
std::string to_text(const System& system);

/// Throws FormatError for a pair that is none, an unknown key or model, a value that does not fit, and what to_text()
/// would not write.
System system_of(const std::string& text);

/// For people: "e3 (K=1, M=2)", and what else differs from `common`.
std::string describe(const System& system, const System& common = {});

/// Classes of `classes` that a system of classes "seen" does not train on: the last third, rounded down, at least one.
Index held_out(Index classes);

}  // namespace wsym::sparse_ensembles
