// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "train/mixture_workload.hpp"
#include "train/time_steps.hpp"

// Whole training steps of mixtures through the public API, one thread. of_peak counts the operations of the products
// that were executed (Tape::work) against the FMA peak of the same run.
namespace {
using namespace wsym;
using namespace wsym::bench;

/// Hides that an expert is an MLP, so that the mixture calls one after the other.
struct Wrapped {
  Mlp<float> net;
  Var<float> operator()(Var<float> x, const Pass<float>& pass) const { return net(x, pass); }
  static void visit(auto& self, auto&& v) { v("net", self.net); }
};

MixtureOfExperts<float, Wrapped> one_by_one(const MixtureOfExperts<float>& model) {
  std::vector<Wrapped> experts;
  for (const Mlp<float>& expert : model.experts) experts.push_back({expert});
  return {model.gate, std::move(experts)};
}

template <class M> void step(benchmark::State& state, M model, const Case& c) {
  MixtureTraining<M> training(std::move(model), c);
  time_steps(state, training);
}

/// The forward pass of evaluation alone: with Gumbel gates the mean over ten samples.
template <class M> void forward(benchmark::State& state, const M& model, const Case& c) {
  const Dataset<float> rows = make_rows(c, batch_rows, Key(5));
  Tensor<float> y(Shape{batch_rows, c.task.outputs});
  Workspace<float> workspace;
  for (auto _ : state) predict(model, rows.x.mat(), y.mat(), workspace);
}

void register_all() {
  using Moe = MixtureOfExperts<float>;
  using Moie = MixtureOfInterpolatedExperts<float>;
  for (const std::string data : {"otto_64", "california_64"})
    for (const Index experts : {2, 16, 64})
      for (const GateKind gate : {GateKind::softmax, GateKind::gumbel}) {
        const Case c = find_case(data);
        const std::string name =
            data + "/" + std::to_string(experts) + (gate == GateKind::gumbel ? "/gumbel" : "/softmax");
        const auto add = [&](const std::string& what, auto function) {
          benchmark::RegisterBenchmark((what + "/" + name).c_str(), function)->Unit(benchmark::kMicrosecond);
        };
        add("moe", [=](benchmark::State& s) { step(s, make_mixture<Moe>(c, experts, gate), c); });
        add("moe_one_by_one",
            [=](benchmark::State& s) { step(s, one_by_one(make_mixture<Moe>(c, experts, gate)), c); });
        add("moie", [=](benchmark::State& s) { step(s, make_mixture<Moie>(c, experts, gate), c); });
        add("moe_forward", [=](benchmark::State& s) { forward(s, make_mixture<Moe>(c, experts, gate), c); });
        add("moie_forward", [=](benchmark::State& s) { forward(s, make_mixture<Moie>(c, experts, gate), c); });
      }
}
}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
