// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/experts/expert_batches.hpp"
#include "wsym/nn/experts/rebalance.hpp"
#include "wsym/nn/experts/router.hpp"
#include "wsym/nn/module.hpp"
#include "wsym/ops/experts/drop_choices.hpp"
#include "wsym/ops/experts/gather.hpp"
#include "wsym/ops/members/members.hpp"

namespace wsym::inline WSYM_SIMD {

struct SparseMoeOptions {
  Capacity train{1.5}, evaluate{8};
  /// Rows of each member that share the slots, and whose balance counts; 0: all of the batch, in prediction of a block.
  Index group = 0;
  ClaimOrder order = ClaimOrder::by_row;
  bool experts_choose = false;  // each expert takes the rows with its largest gates; K and balance play no part
  double dropout = 0;           // in MLP experts, after every layer; others drop by themselves
  bool equal_start = true;      // all fresh experts begin as one
  bool partition_only = false;  // with M members: x has no axis for them, each gets all rows, and their outputs add up
};

/// A layer of E experts of which every row meets K: y_n = sum over its chosen experts of g_e f_e(x_n), f_e an MLP
/// in -> hidden -> out or any other module, 0 for a row whose choices were all dropped for lack of slots.
/// x (..., in), each row a token -> (..., out); differentiable in everything, through the gates of what was kept.
/// With M members (e3) x is (M, ..., in), and the rows of each are routed among its own experts.
/// Adds the router's balance losses to a training pass, and a RoutingStats to a pass that gathers them. Rows that meet
/// the same experts are multiplied as one batch; no padding is computed. With MLP experts a step of a shape that has
/// run before allocates nothing; other modules are called one by one. What an expert draws follows from the row, not
/// from its place in the expert's batch. Throws ShapeError for no rows, an x without the members' axis, rows that do
/// not divide into groups, or a gate that does not fit; ConfigError for less than one slot, or options.dropout with
/// experts that are no MLPs; Diverged for logits that are not finite. Source: Riquelme et al. 2021 (V-MoE); Allingham
/// et al. 2022, section 4.1 (e3). Deliberate differences: no slot is padded; exact GELU; capacities round up to a
/// multiple of 1.
template <Real T, class Expert = Mlp<T>> struct SparseMoe {
  Router<T> router;
  std::vector<Expert> experts;
  SparseMoeOptions options;

  SparseMoe() = default;
  SparseMoe(Router<T> router_, std::vector<Expert> experts_, SparseMoeOptions options_ = {})
      : router(std::move(router_)), experts(std::move(experts_)), options(options_) {}
  /// Fresh MLP experts. Throws ConfigError as Mlp and Router.
  SparseMoe(Index count, const MlpSize& size, const RouterOptions& router_options, const SparseMoeOptions& options_,
            const Key& init) requires std::same_as<Expert, Mlp<T>>
      : router(size.in, count, router_options, init.child("router")),
        experts(detail::make_experts<T>(count, size, nullptr, init.child("experts"))),
        options(options_) {
    if (options.equal_start) std::fill(experts.begin(), experts.end(), experts[0]);
  }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Batches b = batches(x, pass);
    const Var<T> y = combine_rows(b.weights, b.outputs, b.dispatch);
    return options.partition_only ? sum_members(y, router.options.members) : y;
  }

  /// The K contributions to each row's output, not summed, (..., K, out): g_k f_k(x_n), or 0 if that was dropped; K
  /// predictions of one network (multi-pred) when each goes on alone. Throws ConfigError where there are members or
  /// experts choose.
  Var<T> contributions(Var<T> x, const Pass<T>& pass) const {
    expect<ConfigError>(router.options.members == 1, "SparseMoe: contributions of ", router.options.members,
                        " members; they are told apart for 1 alone");
    expect<ConfigError>(!options.experts_choose,
                        "SparseMoe: contributions where experts choose; there are K only where rows choose");
    const Batches b = batches(x, pass);
    return wsym::contributions(b.weights, b.outputs, b.dispatch);
  }

  Index rows_together() const { return options.group; }

  static constexpr const char* type_name = "sparse_moe";
  static void visit(auto& self, auto&& v) {
    v("router", self.router);
    v("experts", self.experts);
    v("train", self.options.train);
    v("evaluate", self.options.evaluate);
    v("group", self.options.group);
    v("order", self.options.order);
    v("experts_choose", self.options.experts_choose);
    v("dropout", self.options.dropout);
    v("partition_only", self.options.partition_only);
  }

 private:
  struct Batches {
    Var<T> weights;  // (rows, dispatch.choices)
    Dispatch dispatch;
    Var<T> outputs;  // (dispatch.bound, out)
  };

  Batches batches(Var<T> x, const Pass<T>& pass) const {
    detail::expect_gate_fits("SparseMoe", router.experts(), experts);
    const Index members = router.options.members;
    if (options.partition_only) x = tile(x, members);
    const Pass<T> of_member = members == 1 || options.partition_only ? pass : pass.with_members(1);
    const Routing<T> routing = router(x, of_member);
    Capacity capacity = pass.training() ? options.train : options.evaluate;
    if (pass.capacity()) capacity.ratio = *pass.capacity();
    const Grouping grouping{options.group, members, options.order};
    const Dispatch d = options.experts_choose ? expert_choice(x.tape(), routing.gates.view(), capacity, grouping)
                                              : dispatch(x.tape(), routing.expert, routing.chosen.data(), x.rows(),
                                                         router.options.choices, router.experts(), capacity, grouping);
    report(pass, routing, d, grouping.rows_of(x.rows()), capacity.ratio < dropless);
    return {options.experts_choose ? routing.gates : routing.weights, d, outputs(x, d, of_member)};
  }

  /// The experts' outputs on their batches, (d.bound, out): MLPs of one size as one op, or with dropout layer by layer;
  /// any other module on its own.
  Var<T> outputs(Var<T> x, const Dispatch& d, const Pass<T>& pass) const {
    const Var<T> rows = gather_rows(x, d);
    if constexpr (std::same_as<Expert, Mlp<T>>) {
      if (!pass.drops() || options.dropout == 0) return detail::stacked("SparseMoe", experts, rows, d.first);
      return detail::layer_by_layer("SparseMoe", experts, rows, d.first, [&](Var<T> y, std::size_t l) {
        const auto stream = [l](const Key& key) {
          return key.child("dropout").child(l);
        };
        return drop_choices(y, d, options.dropout,
                            [&](const auto& f) { router.for_each_stream(pass, x.shape(), stream, f); });
      });
    } else {
      expect<ConfigError>(options.dropout == 0, "SparseMoe: dropout ", options.dropout,
                          " for experts that are no MLPs; it must be 0, and they drop by themselves");
      const Index members = router.options.members, first = members == 1 ? 0 : members;  // pass.child(m) are members'
      const Index* number = detail::row_numbers(pass.with_members(members * pass.members()), d.rows, x.tape());
      return detail::one_by_one(experts, rows, d.first, pass, first, [&](Index p) { return number[d.row(p)]; });
    }
  }

  void report(const Pass<T>& pass, const Routing<T>& routing, const Dispatch& d, Index group, bool limited) const {
    if (pass.training() && pass.gathers_losses() && !options.experts_choose)
      if (const auto loss = router.balance(routing, group)) pass.add_loss(*loss);
    if (pass.statistics() == nullptr) return;
    RoutingStats& stats = pass.statistics()->emplace_back(routing_stats(router, routing, d));
    const Index groups = d.rows / (group * router.options.members);
    if (limited) stats.empty_slots = groups * d.experts * d.slots - d.kept();
    stats.expert_flops = 2 * count(experts[0]).weights;
  }
};

}  // namespace wsym::inline WSYM_SIMD
