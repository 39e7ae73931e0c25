// SPDX-License-Identifier: MIT
#pragma once
#include "nn/sparse.hpp"
#include "wsym/nn/experts/dense_moe.hpp"
#include "wsym/nn/experts/multi_pred.hpp"
#include "wsym/nn/members/mimo.hpp"
#include "wsym/nn/members/tabm.hpp"

/// Networks of every type that draws when it predicts, with dropout and router noise on, and whose rows do not compete.
/// All map (n, 5) to (n, 3), or to (members, n, 3).
namespace wsym::test {

/// Turns each row into four tokens, (..., d) -> (..., 4, d), drops, sends the tokens through `inner`, and adds them up.
template <Real T, class Inner> struct Tokens {
  Linear<T> split;  // (4 d, d)
  Inner inner;
  double dropout_rate = 0.25;

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Index d = x.cols(), count = 4 * x.rows();
    std::vector<Index> order(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) order[static_cast<std::size_t>(i)] = i;
    const Var<T> tokens =
        pick_rows(split(x, pass), d, x.shape().inserted(x.shape().rank() - 1, 4), std::span<const Index>(order));
    return sum_members(members_first(inner(dropout(tokens, dropout_rate, pass.child(0)), pass.child(1))), 4);
  }
  static void visit(auto& self, auto&& v) {
    v("split", self.split);
    v("inner", self.inner);
  }
};

template <Real T> SparseMoe<T> dropping_moe(const Key& key, Index members = 1, Index shared = 0) {
  SparseMoeOptions options{.train = {dropless}, .evaluate = {dropless}};
  options.dropout = 0.25, options.equal_start = false;
  return {6, {8, 9, 8, 1}, {.choices = 2, .members = members, .shared = shared}, options, key};
}

/// The same over experts that the layer does not know, which drop by themselves.
template <Real T, class Expert>
SparseMoe<T, Expert> moe_of(const Expert& expert, const Key& key, Index members = 1, Index shared = 0) {
  const SparseMoe<T> moe = dropping_moe<T>(key, members, shared);
  SparseMoe<T, Expert> own{moe.router, std::vector<Expert>(6, expert), moe.options};
  own.options.dropout = 0;
  return own;
}

template <Real T, class F> auto residual(Index members, const F& make) {
  const ResidualMlpSize size{.in = 5, .out = 3, .width = 8, .hidden = 9, .members = members};
  return ResidualMlp<T, decltype(make(Key(1)))>(size, Key(1), make, 0.25);
}

template <Real T, class F> void for_each_sparse_drawing(const F& f) {
  const auto moe = [](Index members, Index shared) {
    return [=](const Key& key) {
      return dropping_moe<T>(key, members, shared);
    };
  };
  f("sparse", residual<T>(1, moe(1, 0)));
  f("e3", residual<T>(2, moe(2, 0)));
  f("overlap", residual<T>(2, moe(2, 2)));
  f("tiling", residual<T>(3, moe(1, 0)));
  const auto partitioning = [](const Key& key) {
    auto layer = dropping_moe<T>(key, 2);
    layer.options.partition_only = true;
    return layer;
  };
  f("partitioning", residual<T>(1, partitioning));
  f("partitioning under members", residual<T>(2, partitioning));
  f("multi-pred", MultiPred<T>{residual<T>(1, moe(1, 0))});
  const FeedForward<T> expert(8, 9, Key(2), 0.25);
  const auto any = [&](Index members, Index shared) {
    return [=](const Key& key) {
      return moe_of<T>(expert, key, members, shared);
    };
  };
  f("experts of any module", residual<T>(1, any(1, 0)));
  f("e3 of any module", residual<T>(2, any(2, 0)));
  f("overlap of any module", residual<T>(2, any(2, 2)));
  f("tiling of any module", residual<T>(2, any(1, 0)));
}

template <Real T, class F> void for_each_token_drawing(const F& f) {
  const auto tokens = [](const auto& inner) {
    return [=](const Key& key) {
      return Tokens<T, std::remove_cvref_t<decltype(inner)>>{Linear<T>(8, 32, key), inner};
    };
  };
  const FeedForward<T> dense(8, 9, Key(2), 0.25);
  f("tokens", residual<T>(1, tokens(dense)));
  f("tokens of members", residual<T>(2, tokens(dense)));
  f("tokens through sparse experts", residual<T>(1, tokens(dropping_moe<T>(Key(3)))));
  f("tokens through e3", residual<T>(2, tokens(dropping_moe<T>(Key(3), 2))));
  f("tokens through experts of any module", residual<T>(1, tokens(moe_of<T>(dense, Key(3)))));
  f("tokens in an expert", residual<T>(2, [&](const Key& key) { return moe_of<T>(tokens(dense)(key), key); }));
}

template <Real T, class F> void for_each_drawing(const F& f) {
  f("dense", residual<T>(1, [](const Key& key) { return FeedForward<T>(8, 9, key, 0.25); }));
  f("batch ensemble",
    residual<T>(3, [](const Key& key) { return BatchEnsembleFeedForward<T>(8, 9, 3, ScaleInit::sign, key, 0.25); }));
  const TabMSize size{.mlp = {.in = 5, .hidden = 8, .out = 3}, .members = 3, .dropout_rate = 0.25};
  f("TabM", TabM<T>(size, Key(1)));
  f("TabMMini", TabMMini<T>(size, Key(1)));
  f("MIMO", Mimo<T, ResidualMlp<T>>({{.in = 10, .out = 6, .width = 8, .hidden = 9}, Key(1), 0.25}, {.members = 2}));
  const GateOptions gumbel{.kind = GateKind::gumbel, .samples = 3};
  f("mixture", MixtureOfExperts<T>(4, {5, 8, 3, 1}, gumbel, Key(1)));
  f("mixture of interpolated experts", MixtureOfInterpolatedExperts<T>(4, {5, 8, 3, 1}, gumbel, Key(1)));
  f("mixture of interpolated experts by sample",
    MixtureOfInterpolatedExperts<T>(4, {5, 8, 3, 1}, gumbel, Key(1), nullptr, {.average_outputs = true}));
  const FeedForward<T> expert(8, 9, Key(2), 0.25);
  f("mixture of any module", residual<T>(2, [&](const Key& key) {
      return MixtureOfExperts<T, FeedForward<T>>({8, 4, gumbel, key}, std::vector<FeedForward<T>>(4, expert));
    }));
  for_each_sparse_drawing<T>(f);
  for_each_token_drawing<T>(f);
}

}  // namespace wsym::test
