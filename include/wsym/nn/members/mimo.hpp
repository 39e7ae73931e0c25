// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/on_draw.hpp"
#include "wsym/nn/mlp.hpp"
#include "wsym/ops/pick.hpp"

namespace wsym::inline WSYM_SIMD {

struct MimoOptions {
  Index members = 2;
  double replication = 0.5;  // rho: the share of a training batch in which all members see the same row
  Index repeats = 1;         // how often each row of a training batch is used
};

namespace detail {
/// Fisher-Yates on n numbers.
inline void shuffle(Index* list, Index n, const Key& key) {
  WSYM_ON_DRAW(key, 1, n - 1);
  for (Index i = n - 1; i > 0; --i) std::swap(list[i], list[key.below(i, i + 1)]);
}

/// The layers that read a network's input and write its output.
template <class Network> auto& first_layer(Network& network) {
  if constexpr (requires { network.embed; })
    return network.embed;
  else
    return network.layers.front();
}
template <class Network> auto& last_layer(Network& network) {
  if constexpr (requires { network.head; })
    return network.head;
  else
    return network.layers.back();
}
}  // namespace detail

/// M members in one network, which reads M rows side by side and answers for each of them: its input is (N, M in), its
/// output (N, M out). The whole maps (n, in) -> (M, n, out); in training, with r repeats, to (M, r, n, out), the
/// answers of a member to the rows of the batch at each of their uses. There is no axis of one member or one use.
/// Evaluation gives all members the same row. In training the batch, r times, is shuffled; then every member shuffles
/// the first floor(N (1 - rho)) of its N places for itself, so that members see the same row in the others.
/// Throws ConfigError for members or repeats below 1 or rho outside [0, 1], ShapeError for no rows or where the network
/// does not fit. Source: Havasi et al. 2021; Allingham et al. 2022, section on MIMO.
template <Real T, class Network = Mlp<T>> struct Mimo {
  Network network;
  MimoOptions options;

  Mimo() = default;
  Mimo(Network network_, const MimoOptions& options_) : network(std::move(network_)), options(options_) { check(); }

  /// Throws ConfigError for an option outside its range.
  void check() const {
    expect<ConfigError>(
        options.members >= 1 && options.repeats >= 1 && options.replication >= 0 && options.replication <= 1,
        "Mimo: ", options.members, " members, ", options.repeats, " repeats, replication ", options.replication,
        "; at least one of both, and a replication in [0, 1]");
  }

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect(x.rows() >= 1, "Mimo: x is ", x.shape(), "; it needs a row");
    const Index n = x.rows(), members = options.members, repeats = pass.training() ? options.repeats : 1;
    const Index places = repeats * n;
    const Index* use = uses(x.tape(), places, pass);
    Index* from = x.tape().template scratch<Index>(members * places);  // the row that a member reads at a place
    Index* to = x.tape().template scratch<Index>(members * places);    // the answer of a member to a use of a row
    for (Index m = 0; m < members; ++m)
      for (Index p = 0; p < places; ++p) {
        from[p * members + m] = use[m * places + p] % n;
        to[m * places + use[m * places + p]] = p * members + m;
      }
    const auto list = [size = static_cast<std::size_t>(members * places)](const Index* rows) {
      return std::span(rows, size);
    };
    const Pass<T> own = repeats == 1 ? pass.child(0) : pass.child(0).with_examples(0, places);
    const Var<T> y = network(pick_rows(x, x.cols(), {places, members * x.cols()}, list(from)), own);
    expect(y.shape().rank() == 2 && y.rows() == places && y.cols() % members == 0, "Mimo: the network answers ", places,
           " rows with ", y.shape(), "; it needs as many rows, and a multiple of ", members, " columns");
    const Index out = y.cols() / members;
    Shape answers{n, out};
    for (const Index axis : {repeats, members})
      if (axis > 1) answers = answers.inserted(0, axis);
    return pick_rows(y, out, answers, list(to));
  }

  static constexpr const char* type_name = "mimo";
  static void visit(auto& self, auto&& v) {
    v("network", self.network);
    v("members", self.options.members);
    v("replication", self.options.replication);
    v("repeats", self.options.repeats);
  }

 private:
  /// (members, places): which use of a row member m sees at each place; use u is the (u / n)-th of row u % n.
  const Index* uses(Tape<T>& tape, Index places, const Pass<T>& pass) const {
    Index* use = tape.template scratch<Index>(options.members * places);
    for (Index p = 0; p < places; ++p) use[p] = p;
    if (pass.training()) detail::shuffle(use, places, pass.key().child("order"));
    for (Index m = 1; m < options.members; ++m) std::copy_n(use, places, use + m * places);
    const Index apart = static_cast<Index>(static_cast<double>(places) * (1 - options.replication));
    if (pass.training())
      for (Index m = 0; m < options.members; ++m)
        detail::shuffle(use + m * places, apart, pass.key().child("member").child(m));
    return use;
  }
};

/// What happens to a head that is taken over: the paper's rule divides its weights by M, though each head alone reads
/// the whole stream, so that logits z of bias b become (z - b) / M + b; `kept` leaves them as they are.
enum class MimoHead { divided, kept };

/// A Mimo from a trained network of one member: the first layer's weights M times side by side, divided by M, so that M
/// equal rows give the stream that one gave; the head M times, its biases as they are. Frozen entries become free.
/// Throws ConfigError for options as Mimo. Source: Allingham et al. 2022, appendix on MIMO.
template <class Network>
auto import_mimo(Network single, const MimoOptions& options, MimoHead kind = MimoHead::divided) {
  auto& in = detail::first_layer(single);
  auto& out = detail::last_layer(single);
  using T = std::remove_cvref_t<decltype(in.bias.value()[0])>;
  const Index members = options.members, wide = in.weight.shape()[1], classes = out.weight.shape()[0];
  expect<ConfigError>(members >= 1, "import_mimo: ", members, " members; at least 1 is needed");
  Tensor<T> embed({in.weight.shape()[0], members * wide}), head({members * classes, out.weight.shape()[1]}),
      bias({members * classes});
  const T share = T(1) / static_cast<T>(members);
  for (Index m = 0; m < members; ++m) {
    embed.mat().middleCols(m * wide, wide) = share * in.weight.value().mat();
    head.mat().middleRows(m * classes, classes) = (kind == MimoHead::divided ? share : T(1)) * out.weight.value().mat();
    bias.array().segment(m * classes, classes) = out.bias.value().array();
  }
  in.weight = Parameter<T>(std::move(embed));
  out.weight = Parameter<T>(std::move(head));
  out.bias = Parameter<T>(std::move(bias));
  return Mimo<T, Network>(std::move(single), options);
}

}  // namespace wsym::inline WSYM_SIMD
