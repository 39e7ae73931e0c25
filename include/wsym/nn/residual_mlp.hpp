// SPDX-License-Identifier: MIT
#pragma once
#include <optional>

#include "wsym/nn/dropout.hpp"
#include "wsym/nn/layer_norm.hpp"
#include "wsym/nn/linear.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/members/members.hpp"

namespace wsym::inline WSYM_SIMD {

/// The MLP of a transformer block: down(gelu(up(x))), (..., d) -> (..., d), with dropout after GELU and after `down`.
/// Source: Dosovitskiy et al. 2021; deliberate difference: the exact GELU, not its tanh form.
template <Real T> struct FeedForward {
  Linear<T> up, down;
  double dropout_rate = 0;

  FeedForward() = default;
  /// Fresh layers. Throws ConfigError for a size below 1.
  FeedForward(Index d, Index hidden, const Key& init, double dropout_rate_ = 0)
      : up(d, hidden, init.child("up")), down(hidden, d, init.child("down")), dropout_rate(dropout_rate_) {}

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    const Var<T> h = linear_gelu(x, x.tape().use(up.weight), x.tape().use(up.bias));
    return dropout(down(dropout(h, dropout_rate, pass.child(0)), pass), dropout_rate, pass.child(1));
  }

  static constexpr const char* type_name = "feed_forward";
  static void visit(auto& self, auto&& v) {
    v("up", self.up);
    v("down", self.down);
    v("dropout_rate", self.dropout_rate);
  }
};

/// x + inner(layer_norm(x)), (..., d) -> (..., d): a pre-norm residual block around any module.
template <Real T, class Inner = FeedForward<T>> struct ResidualBlock {
  LayerNorm<T> norm;
  Inner inner;

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return add(x, inner(norm(x, pass), pass.child(0))); }

  static constexpr const char* type_name = "residual_block";
  static void visit(auto& self, auto&& v) {
    v("norm", self.norm);
    v("inner", self.inner);
  }
};

struct ResidualMlpSize {
  Index in, out;
  Index width = 128, hidden = 256;  // of the stream, and inside a block
  Index blocks = 4;
  Index special = 2;  // how many of every second block, counted from the last, hold the special layer
  Index members = 1;  // M: copies of every row from the first special block on
};

/// An embedding, pre-norm residual blocks, a last norm and a linear head: the transformer without attention, for rows
/// that are vectors or tokens. The last `special` ones of every second block (of 4 blocks and 2: 1 and 3) hold a layer
/// of type Special in place of their FeedForward: sparse experts, a batch ensemble. (n, in) -> (M, n, out), and
/// (n, out) for one member: rows are tiled for M members before the first special block, or, without one, before the
/// last norm. Throws ShapeError for no rows. Source: the backbone of Riquelme et al. 2021 and Allingham et al. 2022, on
/// vectors.
template <Real T, class Special = FeedForward<T>> struct ResidualMlp {
  struct Block {  // one of the two
    std::optional<ResidualBlock<T>> dense;
    std::optional<ResidualBlock<T, Special>> special;
    static void visit(auto& self, auto&& v) {
      v("dense", self.dense);
      v("special", self.special);
    }
  };

  Linear<T> embed;
  std::vector<Block> blocks;
  LayerNorm<T> norm;
  Linear<T> head;
  Index members = 1;

  ResidualMlp() = default;
  /// make(key) draws the special layer of one block. Throws ConfigError for a size below 1, or more special blocks than
  /// every second one.
  template <class Make>
  ResidualMlp(const ResidualMlpSize& size, const Key& init, Make&& make, double dropout_rate = 0)
      : members(size.members) {
    expect<ConfigError>(size.blocks >= 1 && size.special >= 0 && 2 * size.special <= size.blocks + 1,
                        "ResidualMlp: ", size.blocks, " blocks, ", size.special,
                        " of them special; there is at least one block, and every second one may be special");
    embed = Linear<T>(size.in, size.width, init.child("embed"));
    for (Index b = 0; b < size.blocks; ++b) {
      const Key key = init.child("blocks").child(b);
      const Index from_last = size.blocks - 1 - b;
      Block& block = blocks.emplace_back();
      if (from_last % 2 == 0 && from_last / 2 < size.special)
        block.special = {LayerNorm<T>(size.width), make(key)};
      else
        block.dense = {LayerNorm<T>(size.width), FeedForward<T>(size.width, size.hidden, key, dropout_rate)};
    }
    norm = LayerNorm<T>(size.width);
    head = Linear<T>(size.width, size.out, init.child("head"));
  }
  /// The dense network.
  ResidualMlp(const ResidualMlpSize& size, const Key& init,
              double dropout_rate = 0) requires std::same_as<Special, FeedForward<T>>
      : ResidualMlp(
            size, init, [&](const Key& key) { return FeedForward<T>(size.width, size.hidden, key, dropout_rate); },
            dropout_rate) {}

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return head(features(x, pass), pass); }

  /// What the head reads: (n, in) -> (M, n, width).
  Var<T> features(Var<T> x, const Pass<T>& pass) const {
    return norm(stream(x, pass, static_cast<Index>(blocks.size())), pass);
  }

  /// The residual stream after the first `count` blocks: (n, in) -> (n, width), or, once a special block was among
  /// them or all were, (M, n, width).
  Var<T> stream(Var<T> x, const Pass<T>& pass, Index count) const {
    expect(x.rows() >= 1, "ResidualMlp: x is ", x.shape(), "; it needs a row");
    x = embed(x, pass);
    Index tiled = 1;
    const auto tile_once = [&] {
      if (std::exchange(tiled, members) != members) x = tile(x, members);
    };
    for (std::size_t b = 0; b < static_cast<std::size_t>(count); ++b) {
      if (blocks[b].special) tile_once();
      const Pass<T> own = pass.child(b).with_members(tiled);
      x = blocks[b].special ? (*blocks[b].special)(x, own) : (*blocks[b].dense)(x, own);
    }
    if (count == static_cast<Index>(blocks.size())) tile_once();
    return x;
  }

  static constexpr const char* type_name = "residual_mlp";
  static void visit(auto& self, auto&& v) {
    v("embed", self.embed);
    v("blocks", self.blocks);
    v("norm", self.norm);
    v("head", self.head);
    v("members", self.members);
  }
};

}  // namespace wsym::inline WSYM_SIMD
