// SPDX-License-Identifier: MIT
#pragma once
#include <optional>

#include "wsym/core/finite.hpp"
#include "wsym/nn/init.hpp"
#include "wsym/nn/pass.hpp"
#include "wsym/ops/experts/dispatch.hpp"
#include "wsym/ops/experts/router_losses.hpp"
#include "wsym/ops/experts/routing.hpp"
#include "wsym/ops/experts/top_k.hpp"
#include "wsym/ops/softmax.hpp"

namespace wsym::inline WSYM_SIMD {

/// What the router adds to the training loss: weight x (importance L_imp + load L_load + gshard L_gshard) + z L_z. The
/// load is only defined with noise, and otherwise left out. Each is a mean over groups and members.
struct BalanceOptions {
  double weight = 0.01;
  double importance = 0.5, load = 0.5, gshard = 0;
  double z = 0;

  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("importance", self.importance);
    v("load", self.load);
    v("gshard", self.gshard);
    v("z", self.z);
  }
};

struct RouterOptions {
  /// The experts over which a noise of standard deviation noise / experts is spread.
  enum class NoiseScale { all_experts, own_experts };

  Index choices = 1;         // K: experts of a row
  bool renormalise = false;  // weights of the K: the softmax over them alone; false: as the softmax over all says
  double noise = 1;          // standard deviation of the noise on logits, times the number of experts
  NoiseScale noise_scale = NoiseScale::all_experts;
  Index noise_experts = 0;  // over how many experts the noise is spread; 0: as noise_scale says
  Index members = 1;        // E experts in as many contiguous subsets, each with a router of its own
  Index shared = 0;         // the last experts, which belong to every subset
  BalanceOptions balance = {};
};
constexpr auto names(RouterOptions::NoiseScale) {
  return std::array{"all_experts", "own_experts"};
}

/// What a router decided. With M members rows are (M, rows of each); columns are the experts at hand: a member's own,
/// then the shared.
template <Real T> struct Routing {
  Var<T> logits;               // (rows, columns), without noise
  Var<T> noisy;                // (rows, columns): the same Var without noise
  Var<T> gates;                // (rows, columns): softmax of the noisy logits
  Var<T> chosen;               // (rows, K): the gates of the K largest, largest first
  Var<T> weights;              // (rows, K): the same, or the softmax over the K alone
  const std::int32_t* column;  // (rows, K)
  const std::int32_t* expert;  // (rows, K), counted over all members
  double sigma;                // of the noise; 0 without
};

/// Chooses K of E experts for every row: z = W x, g = softmax(z + sigma eps) over all experts at hand, eps standard
/// normal for each row and expert; the K largest g are kept, of equal ones the first, and not renormalised, which is
/// what gives the router a gradient at K = 1. x (..., in) -> Routing; differentiable in x and W through the gates.
/// With M members x is (M, ..., in); member m's softmax runs over its own E / M experts and those that all share, and
/// it draws its noise from pass.child(m), or, alone, from the pass. The pass's members, if any, are axes behind that
/// one. `bias`, if there is one, is added to the gates for the choice alone (balancing without a loss): see rebalance.
/// Source: Riquelme et al. 2021, section 2; Allingham et al. 2022, equations 1 and 3; noise 1 / E: there (public e3
/// code: M / E, NoiseScale::own_experts); bias: Wang et al. 2024 (on a sigmoid there).
template <Real T> struct Router {
  Parameter<T> weight;            // (E, in)
  std::optional<Tensor<T>> bias;  // (E)
  RouterOptions options;

  Router() = default;
  /// Weights are normal with variance 1 / in, cut at two standard deviations (LeCun). Throws ConfigError for options
  /// outside their range.
  Router(Index in, Index experts, RouterOptions options_, const Key& key) : options(options_) {
    expect<ConfigError>(in >= 1 && experts >= 1, "Router: ", in, " inputs and ", experts,
                        " experts; each must be at least 1");
    check(options, experts);
    Tensor<T> w(Shape{experts, in});
    for (Index i = 0; i < w.size(); ++i) {
      const Key draw = key.child(i);
      std::uint64_t attempt = 0;
      while (std::abs(draw.normal(attempt)) > 2) ++attempt;
      w[i] = static_cast<T>(draw.normal(attempt) / (0.87962566103423978 * std::sqrt(static_cast<double>(in))));
    }
    weight = Parameter<T>(std::move(w));
  }

  /// Throws ConfigError for options that do not fit each other or the number of experts.
  void check() const { check(options, experts()); }

  Index experts() const { return weight.value().rows(); }
  Index own_experts() const { return (experts() - options.shared) / options.members; }
  /// Over how many experts the noise is spread.
  Index noise_experts() const {
    if (options.noise_experts > 0) return options.noise_experts;
    const bool all = options.noise_scale == RouterOptions::NoiseScale::all_experts;
    return all ? experts() : own_experts() + options.shared;
  }
  double sigma() const { return options.noise / static_cast<double>(noise_experts()); }
  /// The expert that column c of the gates of member m stands for.
  Index expert_at(Index m, Index c) const {
    const Index own = own_experts();
    return c < own ? m * own + c : experts() - options.shared + c - own;
  }

  /// detail::for_each_stream of stream(key of the pass) for rows of shape x, or, for each of several members, of
  /// stream(key of pass.child(m)) for the member's rows.
  template <class Stream, class F>
  void for_each_stream(const Pass<T>& pass, const Shape& x, const Stream& stream, const F& f) const {
    if (options.members == 1) return detail::for_each_stream(pass, stream(pass.key()), x, f);
    const Shape own = x.erased(0);
    for (Index m = 0; m < options.members; ++m) {
      const auto shifted = [&](const Key& key, Index place, Index row, Index count) {
        f(key, place, m * own.rows() + row, count);
      };
      detail::for_each_stream(pass.child(m), stream(pass.child(m).key()), own, shifted);
    }
  }

  /// Throws ShapeError for no rows or rows that are not those of the members; ConfigError for options outside their
  /// range; Diverged for logits that are not finite.
  Routing<T> operator()(Var<T> x, const Pass<T>& pass) const {
    check();
    expect(x.rows() >= 1, "Router: x is ", x.shape(), "; it needs a row");
    Tape<T>& tape = x.tape();
    const Index k = options.choices;
    const double deviation = pass.routes_with_noise() ? sigma() : 0;
    const Var<T> logits = member_logits(x, tape.use(weight), options.members, options.shared);
    const Var<T> noisy = deviation > 0 ? with_noise(logits, deviation, pass) : logits, gates = softmax(noisy);
    detail::expect_finite_logits("Router", noisy);
    const std::int32_t* column = top_k(tape, bias ? biased(gates) : noisy.view(), k);
    const Var<T> chosen = take_softmax(noisy, gates, column, k);
    return {logits,
            noisy,
            gates,
            chosen,
            options.renormalise ? normalise_taken(noisy, chosen, column) : chosen,
            column,
            counted_over_all(tape, column, x.rows()),
            deviation};
  }

  /// What the options say of balance, for groups of `group` rows of a member; nothing where all weights are 0.
  std::optional<Var<T>> balance(const Routing<T>& r, Index group) const {
    const BalanceOptions& o = options.balance;
    std::optional<Var<T>> total;
    const auto term = [&](double factor, auto loss) {
      if (factor == 0) return;
      const Var<T> scaled = scale(loss(), static_cast<T>(factor));
      total = total ? add(*total, scaled) : scaled;
    };
    const Index k = options.choices;
    term(o.weight * o.importance,
         [&] { return squared_variation(r.sigma > 0 ? softmax_sums(r.logits, group) : group_sums(r.gates, group)); });
    term(r.sigma > 0 ? o.weight * o.load : 0, [&] {
      const std::int32_t* order = bias ? top_k<T>(r.logits.tape(), r.noisy.view(), k) : r.column;
      return squared_variation(load_sums(r.logits, r.noisy, order + k - 1, k, r.sigma, group));
    });
    term(o.weight * o.gshard,
         [&] { return gshard_loss(r.gates, top_k<T>(r.logits.tape(), r.gates.view(), 1), 1, group); });
    term(o.z, [&] { return z_loss(r.logits); });
    return total;
  }

  static constexpr const char* type_name = "router";
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("choices", self.options.choices);
    v("renormalise", self.options.renormalise);
    v("noise", self.options.noise);
    v("noise_scale", self.options.noise_scale);
    v("noise_experts", self.options.noise_experts);
    v("members", self.options.members);
    v("shared", self.options.shared);
    v("balance", self.options.balance);
  }

 private:
  static void check(const RouterOptions& o, Index experts) {
    expect<ConfigError>(o.members >= 1 && o.shared >= 0 && o.shared <= experts, "Router: ", o.members, " members and ",
                        o.shared, " shared experts of ", experts, "; at least 1 member, and from 0 to all shared");
    expect<ConfigError>((experts - o.shared) % o.members == 0, "Router: ", experts, " experts, ", o.shared,
                        " of them shared, do not divide among ", o.members, " members");
    const Index at_hand = (experts - o.shared) / o.members + o.shared;
    expect<ConfigError>(o.choices >= 1 && o.choices <= at_hand, "Router: ", o.choices, " choices of ", at_hand,
                        " experts", o.members > 1 ? " of each member" : "", "; they must be from 1 to ", at_hand);
    expect<ConfigError>(o.noise >= 0 && holds<T>(o.noise), "Router: noise ", o.noise,
                        "; it is not negative and must fit a ", number_name<T>);
    expect<ConfigError>(o.noise_experts >= 0, "Router: noise over ", o.noise_experts,
                        " experts; it is not negative, and 0 leaves it to noise_scale");
    const BalanceOptions& b = o.balance;
    for (const double weight : {b.weight, b.importance, b.load, b.gshard, b.z})
      expect<ConfigError>(weight >= 0 && holds<T>(weight) && holds<T>(b.weight * weight),
                          "Router: a balance weight is ", weight, " and weight ", b.weight,
                          "; none is negative, and they and their products must fit a ", number_name<T>);
  }

  /// logits + scale times normal numbers, drawn where they are added.
  Var<T> with_noise(Var<T> logits, double scale, const Pass<T>& pass) const {
    const Var<T> noisy = logits.tape().result(logits.shape(), logits);
    const auto draw = [&](const Key& key, Index place, Index row, Index rows) {
      constexpr Index at_once = 4096;
      const Index cols = logits.cols();
      for (Index i = 0; i < rows * cols; i += at_once) {
        const Index count = std::min(at_once, rows * cols - i);
        T* z = noisy.out().data() + row * cols + i;
        kernels::normal(key, static_cast<std::uint64_t>(place * cols + i), scale, z, count);
        ArrayMap<T>(z, count) += ConstArrayMap<T>(logits.data() + row * cols + i, count);
      }
    };
    for_each_stream(
        pass, logits.shape(), [](const Key& key) { return key.child("router noise"); }, draw);
    noisy.pull([=] { logits.add(noisy.grad()); });
    return noisy;
  }

  const std::int32_t* counted_over_all(Tape<T>& tape, const std::int32_t* column, Index rows) const {
    if (options.members == 1) return column;
    const Index size = rows * options.choices, block = size / options.members;
    std::int32_t* expert = tape.template scratch<std::int32_t>(size);
    for (Index i = 0; i < size; ++i) expert[i] = static_cast<std::int32_t>(expert_at(i / block, column[i]));
    return expert;
  }
  /// gates + bias
  kernels::View<const T> biased(Var<T> gates) const {
    expect(bias->size() == experts(), "Router: bias is ", bias->shape(), " for ", experts(),
           " experts; it needs one each");
    const Index rows = gates.rows(), cols = gates.cols(), block = rows / options.members;
    T* sum = gates.tape().scratch(gates.size());
    for (Index n = 0; n < rows; ++n)
      for (Index c = 0; c < cols; ++c) sum[n * cols + c] = gates.value()(n, c) + (*bias)[expert_at(n / block, c)];
    return {sum, rows, cols, cols};
  }
};

}  // namespace wsym::inline WSYM_SIMD
