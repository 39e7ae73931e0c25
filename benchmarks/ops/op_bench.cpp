// SPDX-License-Identifier: MIT
// Every op on its own, forward and backward through the tape, on 256 rows: ns a row, and, for ops
// with products, the part of the FMA peak that their executed operations (Tape::work) reach. Time and peak are both
// the best of short rounds that alternate.
#include <benchmark/benchmark.h>

#include <memory>

#include "peak.hpp"
#include "wsym/nn/experts/dense_moe.hpp"
#include "wsym/nn/experts/interpolated_moe.hpp"
#include "wsym/ops/activation.hpp"
#include "wsym/ops/elementwise.hpp"
#include "wsym/ops/loss.hpp"
#include "wsym/ops/softmax.hpp"

namespace {
using namespace wsym;

constexpr Index rows = 256;

Parameter<float> leaf(Shape shape, std::uint64_t name) {
  Tensor<float> value(shape);
  for (Index i = 0; i < value.size(); ++i) value[i] = static_cast<float>(Key(name).normal(i) / 8);
  return Parameter<float>(std::move(value));
}

std::vector<std::int32_t> labels(Index classes) {
  std::vector<std::int32_t> list;
  for (Index row = 0; row < rows; ++row) list.push_back(static_cast<std::int32_t>(row % classes));
  return list;
}

/// build(tape) records one op and returns its result.
template <class Build> void forward_and_backward(benchmark::State& state, Build build) {
  Tape<float> tape;
  double best = 1, peak = 1, work = 0;
  const std::vector<float> cotangent(static_cast<std::size_t>(rows) * 4096, 0.5f);
  for (auto _ : state) {
    best = std::min(best, bench::cpu_seconds([&] {
                      tape.clear();
                      const Var<float> y = build(tape);
                      tape.backward(y, std::span(cotangent).first(static_cast<std::size_t>(y.size())));
                    }));
    work = static_cast<double>(tape.work());
    state.PauseTiming();
    double probed = 0;
    const double probe = bench::cpu_seconds([&] { probed = bench::fma_rounds(20000); });
    peak = std::max(peak, probed / probe);
    state.ResumeTiming();
  }
  state.counters["us"] = best * 1e6;
  state.counters["ns/row"] = best / rows * 1e9;
  if (work > 0) state.counters["of_peak"] = work / best / peak;
}

template <class Build> void add(const std::string& name, Build build) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    forward_and_backward(state, build);
  })->MinTime(0.1);
}

/// x: a leaf with gradient of `cols` columns.
template <class Op> void add_elementwise(const std::string& name, Index cols, Op op) {
  const auto x = std::make_shared<Parameter<float>>(leaf(Shape{rows, cols}, 1));
  add(name + "/" + std::to_string(cols), [=](Tape<float>& tape) { return op(tape.use(*x)); });
}

void add_layers() {
  for (const Index d : {64, 128, 256}) {
    struct Layer {
      Parameter<float> x, w, b;
    };
    const auto l = std::make_shared<Layer>(Layer{leaf({rows, d}, 1), leaf({d, d}, 2), leaf({d}, 3)});
    const std::string size = "/" + std::to_string(d);
    add("linear" + size, [l](Tape<float>& tape) { return linear(tape.use(l->x), tape.use(l->w), tape.use(l->b)); });
    add("linear_gelu" + size,
        [l](Tape<float>& tape) { return linear_gelu(tape.use(l->x), tape.use(l->w), tape.use(l->b)); });
  }
}

template <class Mixture> void add_mixture(const std::string& name, Index experts) {
  const MlpSize size{93, 64, 9};
  const auto model = std::make_shared<Mixture>(experts, size, GateOptions{}, Key(1));
  const auto x = std::make_shared<Parameter<float>>(leaf(Shape{rows, size.in}, 2));
  add(name + "/" + std::to_string(experts), [=](Tape<float>& tape) {
    Pass<float> pass = Pass<float>::train(Key(3));
    return (*model)(tape.constant(x->value()), pass);
  });
}

void add_all() {
  add_layers();
  for (const Index cols : {64, 256}) {
    add_elementwise("gelu", cols, [](Var<float> x) { return gelu(x); });
    add_elementwise("relu", cols, [](Var<float> x) { return relu(x); });
    add_elementwise("add", cols, [](Var<float> x) { return wsym::add(x, x); });
    add_elementwise("multiply", cols, [](Var<float> x) { return multiply(x, x); });
  }
  for (const Index cols : {2, 9, 16, 128}) add_elementwise("softmax", cols, [](Var<float> x) { return softmax(x); });
  for (const Index cols : {2, 9, 10}) {
    const auto y = std::make_shared<std::vector<std::int32_t>>(labels(cols));
    add_elementwise("cross_entropy", cols, [y](Var<float> x) { return cross_entropy<float>(x, *y); });
  }
  const auto target = std::make_shared<Tensor<float>>(Shape{rows, 1});
  add_elementwise("mse", 1, [target](Var<float> x) { return mse(x, x.tape().constant(*target)); });
  add_mixture<MixtureOfExperts<float>>("mixture_of_experts", 16);
  add_mixture<MixtureOfInterpolatedExperts<float>>("mixture_of_interpolated_experts", 16);
}
}  // namespace

int main(int argc, char** argv) {
  add_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
