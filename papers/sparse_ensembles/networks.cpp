// SPDX-License-Identifier: MIT
#include "sparse_ensembles/networks.hpp"

namespace wsym::sparse_ensembles {
namespace {

bool tiles(const System& system) {
  return system.model == "e3" || system.model == "overlap" || system.model == "tiling";
}

ResidualMlpSize size_of(const System& system, Index in, Index out) {
  return {.in = in,
          .out = out,
          .width = system.width,
          .hidden = system.hidden,
          .blocks = system.blocks,
          .special = system.special,
          .members = tiles(system) ? system.members : 1};
}

RouterOptions router_options(const System& system) {
  RouterOptions router;
  router.choices = system.top_k;
  router.noise = system.noise;
  router.balance.weight = system.balance;
  if (system.noise_scale == "subset") router.noise_scale = RouterOptions::NoiseScale::own_experts;
  if (divides(system)) router.members = system.members, router.shared = system.shared;
  return router;
}

SparseMoeOptions layer_options(const System& system) {
  SparseMoeOptions options;
  options.train = {system.model == "overlap" ? dropless : system.capacity};  // shared experts are chosen more often
  options.evaluate = {system.eval_capacity};
  if (system.order == "priority") options.order = ClaimOrder::by_weight;
  options.dropout = system.dropout;
  options.equal_start = system.expert_start == "equal";
  options.partition_only = system.model == "partitioning";
  return options;
}

/// Normal numbers of standard deviation sd on all weights of the experts.
void perturb(SparseMoe<float>& layer, double sd, const Key& key) {
  std::uint64_t expert = 0;
  for (Mlp<float>& one : layer.experts) {
    const Key own = key.child(expert++);
    std::uint64_t at = 0;
    for_each_parameter(one, [&](Parameter<float>& parameter) {
      Tensor<float> value = parameter.value();
      for (Index i = 0; i < value.size(); ++i) value[i] += static_cast<float>(sd * own.normal(at++));
      parameter = Parameter<float>(std::move(value));
    });
  }
}

}  // namespace

Dense dense_network(const System& system, Index in, Index out, const Key& init) {
  return {size_of(system, in, out), init};
}

Sparse sparse_network(const System& system, Index in, Index out, const Key& init) {
  const auto make = [&](const Key& key) {
    SparseMoe<float> layer(system.experts, {system.width, system.hidden, system.width, 1}, router_options(system),
                           layer_options(system), key);
    if (system.perturbation > 0) perturb(layer, system.perturbation, key.child("perturbation"));
    return layer;
  };
  return {size_of(system, in, out), init, make};
}

BatchEnsemble batch_ensemble(const System& system, Index in, Index out, const Key& init) {
  const ScaleInit scales = system.scales == "gaussian" ? ScaleInit::gaussian : ScaleInit::sign;
  ResidualMlpSize size = size_of(system, in, out);
  size.members = system.members;
  return {size, init, [&](const Key& key) {
            return BatchEnsembleFeedForward<float>(system.width, system.hidden, system.members, scales, key);
          }};
}

TabM<float> tabm(const System& system, Index in, Index out, const Key& init) {
  return {{.mlp = {in, system.width, out, system.blocks}, .members = system.members}, init};
}

Mimo<float, Sparse> mimo(const System& system, Index in, Index out, const Key& init) {
  const Index members = system.members;
  return {sparse_network(system, members * in, members * out, init),
          {.members = members, .replication = system.replication, .repeats = system.repeats}};
}

System single(const System& system, Index top_k) {
  System one = system;
  one.model = sparse(system) ? "moe" : "mlp";
  one.top_k = top_k;
  one.start = "scratch";
  return own(one);
}

void take_over(const Sparse& upstream, const System& system, Sparse& network) {
  Sparse source = upstream;
  if (system.permutation > 0) {
    const std::vector<Index> order =
        Key(static_cast<std::uint64_t>(system.permutation)).child("permutation").permutation(system.experts);
    for (auto& block : source.blocks)
      if (block.special) block.special->inner = permuted(block.special->inner, std::span<const Index>(order));
  }
  transfer(source, network, [](const std::string& name) { return !name.starts_with("head."); });
}

void take_over(const Dense& upstream, Dense& network) {
  transfer(upstream, network, [](const std::string& name) { return !name.starts_with("head."); });
}

}  // namespace wsym::sparse_ensembles
