// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "support.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/nn/experts/interpolated_moe.hpp"
#include "wsym/nn/experts/multi_pred.hpp"
#include "wsym/nn/experts/soft_moe.hpp"
#include "wsym/nn/members/mimo.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/symmetry/sigma_asymmetry.hpp"

/// For every layer and network: what a file holds of it is all that its answers depend on.
using namespace wsym;

namespace {

template <class M> std::vector<std::string> settings_of(const M& model) {
  std::vector<std::string> list;
  for_each_setting(
      model, [&](const std::string& name, const auto& setting) { list.push_back(name + '=' + setting_text(setting)); });
  return list;
}

template <class M, Real T> Var<T> answer(const M& model, Var<T> x, const Pass<T>& pass) {
  return model(x, pass);
}
template <Real T> Var<T> answer(const Router<T>& router, Var<T> x, const Pass<T>& pass) {
  const Routing<T> routing = router(x, pass);
  if (pass.training()) pass.add_loss(*router.balance(routing, 2));
  return routing.weights;
}

/// What a model answers at evaluation and in training, and what it adds to the loss there.
template <Real T, class M> std::vector<Tensor<T>> answers(const M& model, const Shape& shape) {
  std::vector<Tensor<T>> all;
  const Tensor<T> x = test::random_tensor<T>(shape, Key(1));
  for (const bool training : {false, true}) {
    Tape<T> tape;
    AuxiliaryLoss<T> loss;
    const Var<T> y =
        answer(model, tape.constant(x), training ? Pass<T>::train(Key(2), &loss) : Pass<T>::evaluate(Key(2)));
    all.emplace_back(y.shape(), std::span<const T>(y.data(), static_cast<std::size_t>(y.size())));
    if (loss) all.emplace_back(Shape{1}, loss->item());
  }
  return all;
}

bool same(const auto& a, const auto& b) {
  bool equal = a.size() == b.size();
  for (std::size_t i = 0; equal && i < a.size(); ++i) equal = same_bits(a[i], b[i]);
  return equal;
}

/// Whether a model answers otherwise, or cannot.
template <Real T, class M> bool differs(const M& model, const Shape& shape, const std::vector<Tensor<T>>& expected) {
  try {
    return !same(answers<T>(model, shape), expected);
  } catch (const Error&) {
    return true;
  }
}

/// Saves `unusual`; loads it into `plain`, which differs in weights and in every setting, and as a new model.
template <Real T, class M> void check_whole(const M& unusual, M plain, const Shape& shape) {
  const std::string type = type_name<M>();
  CAPTURE(type);
  const auto expected = answers<T>(unusual, shape);
  const std::vector<std::string> settings = settings_of(unusual), others = settings_of(plain);
  REQUIRE(settings.size() == others.size());
  for (std::size_t i = 0; i < settings.size(); ++i) CHECK(settings[i] != others[i]);
  CHECK(differs<T>(plain, shape, expected));

  const std::string bytes = to_bytes(unusual);
  from_bytes(plain, bytes);
  CHECK(settings_of(plain) == settings);
  CHECK(same(answers<T>(plain, shape), expected));
  const auto content = safetensors::decode(bytes);
  REQUIRE(content.find("wsym.type") != nullptr);
  CHECK(*content.find("wsym.type") == type);
  CHECK(same(answers<T>(model_of<M>(content, "f"), shape), expected));
}

constexpr MlpSize size{.in = 4, .hidden = 5, .out = 4, .hidden_layers = 1};
const Shape rows{12, 4}, of_members{3, 4, 4};
constexpr GateOptions gumbel{.kind = GateKind::gumbel,
                             .temperature = 0.7,
                             .samples = 3,
                             .dropout = 0.25,
                             .dropout_by_batch = true,
                             .balance = 0.5};
const RouterOptions routes{.choices = 2,
                           .renormalise = true,
                           .noise = 0.5,
                           .noise_scale = RouterOptions::NoiseScale::own_experts,
                           .noise_experts = 5,
                           .members = 3,
                           .shared = 2,
                           .balance = {.weight = 0.02, .importance = 0.25, .load = 0.75, .gshard = 0.125, .z = 0.01}};
const SparseMoeOptions tight{.train = {.ratio = 0.75, .rounding = Capacity::Rounding::nearest, .multiple_of = 2},
                             .evaluate = {.ratio = dropless, .rounding = Capacity::Rounding::nearest, .multiple_of = 3},
                             .group = 2,
                             .order = ClaimOrder::by_weight,
                             .dropout = 0.25};

}  // namespace

TEST_CASE_TEMPLATE("files: a layer without settings is its weights", T, float, double) {
  check_whole<T>(Linear<T>(4, 3, Key(1)), Linear<T>(4, 3, Key(2)), rows);
  LayerNorm<T> norm(4);
  norm.scale = Parameter<T>(test::random_tensor<T>({4}, Key(1)));
  check_whole<T>(norm, LayerNorm<T>(4), rows);
  check_whole<T>(Mlp<T>(size, Key(1)), Mlp<T>(size, Key(2)), rows);
  check_whole<T>(Mlp<T>(size, {.mask = Key(5)}, Key(1)), Mlp<T>(size, {.mask = Key(6), .n_fix = {1, 1}}, Key(2)), rows);
  check_whole<T>(SigmaMlp<T>(size, Key(5), Key(1)), SigmaMlp<T>(size, Key(6), Key(2)), rows);
  check_whole<T>(MemberHeads<T>(3, 4, 2, Key(1)), MemberHeads<T>(3, 4, 2, Key(2)), of_members);
  const auto batch_ensemble = [](std::uint64_t seed) {
    return BatchEnsembleLinear<T>(Linear<T>(4, 2, Key(seed)), 3, ScaleInit::gaussian, ScaleInit::sign, Key(seed));
  };
  check_whole<T>(batch_ensemble(1), batch_ensemble(2), of_members);
}

TEST_CASE_TEMPLATE("files: dropout rates are restored", T, float, double) {
  check_whole<T>(FeedForward<T>(4, 5, Key(1), 0.25), FeedForward<T>(4, 5, Key(2)), rows);
  using Block = ResidualBlock<T>;
  check_whole<T>(Block{LayerNorm<T>(4), FeedForward<T>(4, 5, Key(1), 0.25)},
                 Block{LayerNorm<T>(4), FeedForward<T>(4, 5, Key(2))}, rows);
  using Layer = BatchEnsembleFeedForward<T>;
  check_whole<T>(Layer(4, 5, 3, ScaleInit::sign, Key(1), 0.25), Layer(4, 5, 3, ScaleInit::sign, Key(2)), of_members);
  check_whole<T>(TabM<T>({size, 3, 0.25}, Key(1)), TabM<T>({size, 3}, Key(2)), rows);
  check_whole<T>(TabMMini<T>({size, 3, 0.25}, Key(1)), TabMMini<T>({size, 3}, Key(2)), rows);
}

TEST_CASE_TEMPLATE("files: gates and dense mixtures of all kinds are restored", T, float, double) {
  check_whole<T>(Gate<T>(4, 3, gumbel, Key(1)), Gate<T>(4, 3, {}, Key(2)), rows);
  using Dense = MixtureOfExperts<T>;
  check_whole<T>(Dense(2, size, gumbel, Key(1)), Dense(2, size, {}, Key(2)), rows);
  using Others = MixtureOfExperts<T, FeedForward<T>>;
  const auto others = [](const GateOptions& options, std::uint64_t seed, double rate) {
    return Others(Gate<T>(4, 2, options, Key(seed)), {2, FeedForward<T>(4, 5, Key(seed), rate)});
  };
  check_whole<T>(others(gumbel, 1, 0.25), others({}, 2, 0), rows);
  using Interpolated = MixtureOfInterpolatedExperts<T>;
  check_whole<T>(Interpolated(2, size, gumbel, Key(1), nullptr, {.relu = true, .average_outputs = true}),
                 Interpolated(2, size, {}, Key(2)), rows);
}

TEST_CASE_TEMPLATE("files: routers and sparse mixtures are restored", T, float) {
  const RouterOptions plain{.choices = 1};
  const SparseMoeOptions loose{.experts_choose = true, .partition_only = true};
  check_whole<T>(Router<T>(4, 8, routes, Key(1)), Router<T>(4, 8, plain, Key(2)), of_members);
  SparseMoe<T> moe(8, size, routes, tight, Key(1)), other(8, size, plain, loose, Key(2));
  check_whole<T>(moe, other, of_members);
  moe.router.bias = test::random_tensor<T>({8}, Key(3));
  other.router.bias = Tensor<T>({8});
  check_whole<T>(moe, other, of_members);
  using Others = SparseMoe<T, FeedForward<T>>;
  const auto others = [](const RouterOptions& options, const SparseMoeOptions& own, std::uint64_t seed, double rate) {
    return Others(Router<T>(4, 8, options, Key(seed)), {8, FeedForward<T>(4, 5, Key(seed), rate)}, own);
  };
  SparseMoeOptions bare = tight;
  bare.dropout = 0;
  CHECK_NOTHROW(answers<T>(others(routes, bare, 1, 0.25), of_members));
  Others loaded = others(plain, loose, 2, 0);
  from_bytes(loaded, to_bytes(others(routes, bare, 1, 0.25)));
  CHECK(same(answers<T>(loaded, of_members), answers<T>(others(routes, bare, 1, 0.25), of_members)));
  check_whole<T>(SoftMoe<T>(2, size, 1, 3, Key(1)), SoftMoe<T>(2, size, 1, 0, Key(2)), rows);
}

TEST_CASE_TEMPLATE("files: networks are restored with the settings of their layers", T, float) {
  const ResidualMlpSize backbone{.in = 4, .out = 3, .width = 4, .hidden = 5};
  ResidualMlpSize several = backbone;
  several.members = 2;
  check_whole<T>(ResidualMlp<T>(several, Key(1), 0.25), ResidualMlp<T>(backbone, Key(2)), rows);
  using Sparse = ResidualMlp<T, SparseMoe<T>>;
  RouterOptions one = routes;
  one.members = 1;
  SparseMoeOptions roomy = tight;
  roomy.train.ratio = 2.5;
  const auto sparse = [&](const RouterOptions& router, const SparseMoeOptions& options, std::uint64_t seed,
                          double rate) {
    return Sparse(
        seed == 1 ? backbone : several, Key(seed),
        [&](const Key& key) { return SparseMoe<T>(8, size, router, options, key); }, rate);
  };
  const RouterOptions plain{.choices = 1, .members = 2};
  const SparseMoeOptions loose{.experts_choose = true, .partition_only = true};
  check_whole<T>(sparse(one, roomy, 1, 0.25), sparse(plain, loose, 2, 0), rows);
  check_whole<T>(MultiPred<T>{sparse(one, roomy, 1, 0.25)}, MultiPred<T>{sparse(plain, loose, 2, 0)}, rows);
  using BatchEnsemble = ResidualMlp<T, BatchEnsembleFeedForward<T>>;
  const auto batch_ensemble = [&](Index members, std::uint64_t seed, double rate) {
    ResidualMlpSize of_members = backbone;
    of_members.members = members;
    return BatchEnsemble(
        of_members, Key(seed),
        [&](const Key& key) { return BatchEnsembleFeedForward<T>(4, 5, 3, ScaleInit::sign, key, rate); }, rate);
  };
  check_whole<T>(batch_ensemble(3, 1, 0.25), batch_ensemble(1, 2, 0), rows);
  Sparse e3 = sparse(routes, tight, 1, 0.25), other = sparse(plain, loose, 2, 0);
  e3.members = 3;
  check_whole<T>(e3, other, rows);
  const MlpSize wide{.in = 16, .hidden = 5, .out = 8, .hidden_layers = 1};
  const MimoOptions four{.members = 4, .replication = 0.25, .repeats = 2};
  check_whole<T>(Mimo<T>(Mlp<T>(wide, Key(1)), four), Mimo<T>(Mlp<T>(wide, Key(2)), {}), rows);
}

TEST_CASE("files: settings outside their range are refused with the layer's place and words") {
  const auto load_error = [](auto model, auto edit) -> std::string {
    auto wrong = model;
    edit(wrong);
    try {
      from_bytes(model, to_bytes(wrong), "f");
    } catch (const FormatError& error) {
      return error.what();
    }
    return "no error";
  };
  const MixtureOfExperts<float> mixture(2, size, {}, Key(1));
  CHECK(load_error(mixture, [](auto& m) { m.gate.options.samples = 0; }) ==
        "f: gate: Gate: temperature 2 and 0 samples; a positive temperature and at least 1 sample are needed");
  CHECK(load_error(mixture, [](auto& m) { m.gate.options.dropout = std::numeric_limits<double>::quiet_NaN(); }) ==
        "f: gate: Gate: dropout nan and balance 0; dropout is from 0 to below 1, balance not negative");
  CHECK(load_error(Router<float>(4, 8, {}, Key(1)), [](auto& r) { r.options.choices = 9; }) ==
        "f: Router: 9 choices of 8 experts; they must be from 1 to 8");
  CHECK(load_error(SoftMoe<float>(2, size, 1, 3, Key(1)), [](auto& m) { m.group = -1; }) ==
        "f: SoftMoe: groups of -1; they are not negative");
  CHECK(load_error(Mimo<float>(Mlp<float>(size, Key(1)), {}), [](auto& m) { m.options.members = 0; }) ==
        "f: Mimo: 0 members, 1 repeats, replication 0.5; at least one of both, and a replication in [0, 1]");
}
