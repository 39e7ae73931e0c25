// SPDX-License-Identifier: MIT
#include "sparse_ensembles/trained.hpp"

#include <algorithm>
#include <memory>

#include "sparse_ensembles/networks.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/nn/work.hpp"

namespace wsym::sparse_ensembles {
namespace {

/// Adds what a network costs on a batch of 256 rows.
template <class M> void add_work(const M& network, const Tensor<float>& x, Trained& trained, WorkMode mode) {
  const Index rows = std::min<Index>(256, x.rows());
  const Tensor<float> batch({rows, x.cols()}, {x.data(), static_cast<std::size_t>(rows * x.cols())});
  const Work work = work_of(network, batch, mode);
  const double flops = static_cast<double>(work.flops) / static_cast<double>(rows);
  if (mode == WorkMode::forward) {
    trained.forward_flops += flops;
  } else {
    trained.parameters += work.parameters;
    trained.train_flops += flops;
    trained.bytes += static_cast<double>(work.bytes);
  }
}

/// The members of a network, each pass changed first.
template <class M, class Change>
Trained::Predict members_of(std::shared_ptr<const M> network, const Key& key, const Change& change) {
  return [=](const Tensor<float>& x) {
    const auto model = [&](Var<float> rows, const Pass<float>& pass) {
      return (*network)(rows, change(pass));
    };
    return predict_members(model, x, key);
  };
}
template <class M> Trained::Predict members_of(std::shared_ptr<const M> network) {
  return members_of(network, Key(0), [](const Pass<float>& pass) { return pass; });
}
template <class M> Trained::Predict features_of(std::shared_ptr<const M> network) {
  return [=](const Tensor<float>& x) {
    const auto model = [&](Var<float> rows, const Pass<float>& pass) {
      return network->features(rows, pass);
    };
    return predict_members(model, x);
  };
}

/// The members of a, then those of b.
Trained::Predict both(const Trained::Predict& a, const Trained::Predict& b) {
  if (!a) return b;
  return [=](const Tensor<float>& x) {
    std::vector<Tensor<float>> all = a(x);
    for (Tensor<float>& one : b(x)) all.push_back(std::move(one));
    return all;
  };
}

/// What each sparse layer did on all rows: the sum of what it did on blocks of them, weighted by rows.
class RoutingSum {
 public:
  explicit RoutingSum(std::size_t layers) : layers_(layers) {}

  void add(const std::vector<RoutingStats>& of_block) {
    for (std::size_t l = 0; l < of_block.size(); ++l) add(layers_[l], of_block[l]);
  }
  const std::vector<RoutingStats>& layers() const { return layers_; }

 private:
  static void add(RoutingStats& sum, const RoutingStats& one) {
    const double before = static_cast<double>(sum.rows), now = static_cast<double>(one.rows), all = before + now;
    sum.load.resize(one.load.size()), sum.kept.resize(one.kept.size()), sum.gate_mass.resize(one.gate_mass.size());
    for (std::size_t e = 0; e < one.load.size(); ++e) {
      sum.load[e] += one.load[e], sum.kept[e] += one.kept[e];
      sum.gate_mass[e] = (before * sum.gate_mass[e] + now * one.gate_mass[e]) / all;
    }
    sum.drop_rate = (before * sum.drop_rate + now * one.drop_rate) / all;
    sum.entropy = (before * sum.entropy + now * one.entropy) / all;
    sum.dead_experts = std::count(sum.kept.begin(), sum.kept.end(), 0);
    sum.rows += one.rows, sum.choices = one.choices;
  }

  std::vector<RoutingStats> layers_;
};

template <class M> auto routing_of(std::shared_ptr<const M> network, Index layers) {
  return [=](const Tensor<float>& x) {
    RoutingSum sum(static_cast<std::size_t>(layers));
    const auto model = [&](Var<float> rows, const Pass<float>& pass) {
      std::vector<RoutingStats> block;
      const Var<float> y = (*network)(rows, pass.with_statistics(&block));
      sum.add(block);
      return y;
    };
    predict_members(model, x);
    return sum.layers();
  };
}

/// Trains the networks of one system.
class Training {
 public:
  Training(const System& system, const std::vector<Index>& sizes, const Parts& parts, Fitting& fit, const Key& key)
      : s_(system), sizes_(sizes), parts_(parts), fit_(fit), key_(key) {}

  /// `count` networks of one kind: one, or the members of a deep ensemble. fresh(init) draws one.
  template <class Fresh> std::vector<Trained> operator()(Index count, Fresh fresh) {
    using M = decltype(fresh(key_));
    const std::shared_ptr<const M> upstream = s_.start == "upstream" ? upstream_network<M>() : nullptr;
    std::vector<Trained> done;
    Trained all;
    for (Index m = 0; m < count; ++m) {
      const Key own = key_.child("member").child(m);
      M network = fresh(own.child("init"));
      if (upstream) start_from(*upstream, network);
      fit_(network, parts_.train, parts_.valid, own.child("fit"), factor());
      if (fit_.stopped() || fit_.diverged()) break;
      add(std::move(network), own.child("predict"), all);
      all.epochs = fit_.epochs();
      if (s_.model != "deep_ensemble" || std::find(sizes_.begin(), sizes_.end(), m + 1) != sizes_.end())
        done.push_back(all);
    }
    return done;
  }

 private:
  ParameterFactor factor() const {
    if (s_.model != "batch_ensemble" || s_.scale_rate == 1) return {};
    return [rate = s_.scale_rate](const std::string& name, const Shape&) {
      return name.ends_with("scale_in") || name.ends_with("scale_out") ? rate : 1.0;
    };
  }

  template <class M> std::shared_ptr<const M> upstream_network() {
    if constexpr (std::same_as<M, Sparse> || std::same_as<M, Dense>) {
      const Key key = key_.child("upstream");
      const Dataset<float> train = upstream_task(parts_.train, key.child("train")),
                           valid = upstream_task(parts_.valid, key.child("valid"));
      const System one = single(s_, s_.upstream_k);
      const Index in = train.features(), out = train.task.outputs;
      M network;
      if constexpr (std::same_as<M, Sparse>)
        network = sparse_network(one, in, out, key.child("init"));
      else
        network = dense_network(one, in, out, key.child("init"));
      fit_(network, train, valid, key.child("fit"));
      return std::make_shared<const M>(std::move(network));
    } else {
      return nullptr;  // check_system refuses it
    }
  }

  template <class M> void start_from(const M& upstream, M& network) const {
    if constexpr (std::same_as<M, Sparse>) take_over(upstream, s_, network);
    if constexpr (std::same_as<M, Dense>) take_over(upstream, network);
  }

  /// Predicts as a sparse network of this system does: tiling alone makes members only if routers draw noise, and Monte
  /// Carlo samples are tiled from the first block that drops.
  Trained::Predict sparse_members(std::shared_ptr<const Sparse> network, const Key& key) const {
    if (s_.model == "tiling")
      return members_of(network, key, [](const Pass<float>& pass) { return pass.with_router_noise(true); });
    if (s_.model == "mc_dropout")
      return members_of(network, key, [](const Pass<float>& pass) { return pass.with_dropout(true); });
    return members_of(network);
  }

  template <class M> void add(M network, const Key& key, Trained& all) const {
    add_work(network, parts_.train.x, all, WorkMode::train);
    if constexpr (std::same_as<M, Sparse>)
      if (s_.model == "mc_dropout") network.members = s_.members;
    add_work(network, parts_.train.x, all, WorkMode::forward);
    const auto shared = std::make_shared<const M>(std::move(network));
    if constexpr (std::same_as<M, Sparse>) {
      all.logits = both(all.logits, sparse_members(shared, key));
      if (s_.model != "deep_ensemble") all.routing = routing_of(shared, s_.special);  // of several there is no one load
    } else {
      all.logits = both(all.logits, members_of(shared));
    }
    if constexpr (requires(Var<float> x, Pass<float> & pass) { shared->features(x, pass); })
      all.features = both(all.features, features_of(shared));
  }

  const System& s_;
  const std::vector<Index>& sizes_;
  const Parts& parts_;
  Fitting& fit_;
  const Key& key_;
};

/// f(count, fresh): how many networks make the system, and how one is drawn.
template <class F> auto with_networks(const System& s, Index in, Index out, F f) {
  const auto with = [&](Index count, const System& system, auto make) {
    return f(count, [=](const Key& init) { return make(system, in, out, init); });
  };
  if (s.model == "mlp") return with(1, s, dense_network);
  if (s.model == "mimo") return with(1, s, mimo);
  if (s.model == "batch_ensemble") return with(1, s, batch_ensemble);
  if (s.model == "tabm") return with(1, s, tabm);
  if (s.model == "deep_ensemble")
    return sparse(s) ? with(s.members, single(s, s.top_k), sparse_network)
                     : with(s.members, single(s, s.top_k), dense_network);
  if (s.model == "multi_pred")
    return with(1, s, [](const System& system, Index inputs, Index outputs, const Key& init) {
      return MultiPred<float>{sparse_network(system, inputs, outputs, init)};
    });
  return with(1, s, sparse_network);
}

}  // namespace

std::vector<Trained> train_system(const System& system, const std::vector<Index>& sizes, const Parts& parts,
                                  Fitting& fit, const Key& key) {
  check_system(system, parts);
  Training training(system, sizes, parts, fit, key);
  return with_networks(system, parts.train.features(), parts.train.task.outputs, training);
}

void check_system(const System& system, const Parts& parts) {
  const Tensor<float> row({1, parts.train.features()}, 0.0f);
  with_networks(system, row.cols(), parts.train.task.outputs, [&](Index count, auto fresh) {
    using M = decltype(fresh(Key(0)));
    expect<ConfigError>(system.start == "scratch" || std::same_as<M, Sparse> || std::same_as<M, Dense>, "system ",
                        to_text(system), ": start=upstream is for mlp, deep_ensemble and what has a moe's parameters");
    expect<ConfigError>(count >= 1 && system.members >= 1, "system ", to_text(system), ": it needs a member");
    expect<ConfigError>(system.model != "mc_dropout" || system.dropout > 0, "system ", to_text(system),
                        ": its samples differ by dropout alone, which must be above 0");
    const M network = fresh(Key(0));
    for (const WorkMode mode : {WorkMode::train, WorkMode::forward}) work_of(network, row, mode);
    if constexpr (std::same_as<M, Sparse>)
      if (system.start == "upstream")
        sparse_network(single(system, system.upstream_k), row.cols(), parts.train.task.outputs, Key(0));
  });
}

}  // namespace wsym::sparse_ensembles
