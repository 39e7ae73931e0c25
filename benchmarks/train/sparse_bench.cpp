// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "peak.hpp"
#include "timing.hpp"
#include "wsym/nn/sparse_moe.hpp"

// One sparse layer, forward and backward, on one thread: router, noise, balance losses, dispatch and experts, without
// drops. of_dense compares its executed operations a second with those of dense products alone: the six of one MLP of
// the same width on tokens x K rows.
namespace {
using namespace wsym;
using namespace wsym::bench;

constexpr Index tokens = 4096;

struct Case {
  Index width, hidden, experts, choices;
  std::string name() const {
    return "D" + std::to_string(width) + "_F" + std::to_string(hidden) + "_E" + std::to_string(experts) + "_K" +
           std::to_string(choices);
  }
};

Tensor<float> noise(Shape shape, const Key& key) {
  Tensor<float> x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>(key.normal(static_cast<std::uint64_t>(i)));
  return x;
}

/// Stands for a loss with that gradient, at the cost of a copy.
Var<float> seed(Var<float> y, const Tensor<float>& gradient) {
  const Var<float> loss = y.tape().result(Shape{1}, y);
  *loss.out().data() = 0;
  const float* g = gradient.data();
  loss.pull([=] { y.add(ConstMatMap<float>(g, y.rows(), y.cols())); });
  return loss;
}

class Sparse {
 public:
  explicit Sparse(const Case& c)
      : moe_(c.experts, {c.width, c.hidden, c.width, 1}, {.choices = c.choices},
             {.train = {dropless}, .equal_start = false}, Key(1)),
        x_(noise({tokens, c.width}, Key(2))),
        cotangent_(noise({tokens, c.width}, Key(3))) {}

  void step() {
    tape_.clear();
    AuxiliaryLoss<float> auxiliary;
    Pass<float> pass = Pass<float>::train(Key(4).child(++steps_), &auxiliary);
    const Var<float> y = moe_(tape_.use(x_), pass);
    tape_.backward(add(seed(y, cotangent_), *auxiliary));
  }
  Index work() const { return tape_.work(); }

 private:
  SparseMoe<float> moe_;
  Parameter<float> x_;
  Tensor<float> cotangent_;
  Tape<float> tape_;
  std::uint64_t steps_ = 0;
};

/// y = h w_2, h = x w_1 and the gradients of all four.
class Dense {
 public:
  explicit Dense(const Case& c)
      : rows_(tokens * c.choices),
        x_(noise({rows_, c.width}, Key(2))),
        w1_(noise({c.hidden, c.width}, Key(3))),
        w2_(noise({c.width, c.hidden}, Key(4))),
        y_(x_),
        h_({rows_, c.hidden}),
        dh_(h_),
        dw1_(w1_),
        dw2_(w2_) {}

  void step() {
    const auto view = [](const Tensor<float>& x) {
      return kernels::view<float>(x.mat());
    };
    const auto out = [](Tensor<float>& x) {
      return kernels::view<float>(x.mat());
    };
    kernels::gemm(out(h_), view(x_), view(w1_).transposed());
    kernels::gemm(out(y_), view(h_), view(w2_).transposed());
    kernels::gemm(out(dw2_), view(y_).transposed(), view(h_));
    kernels::gemm(out(dh_), view(y_), view(w2_));
    kernels::gemm(out(dw1_), view(dh_).transposed(), view(x_));
    kernels::gemm(out(y_), view(dh_), view(w1_));
    benchmark::DoNotOptimize(y_.data());
  }
  Index work() const { return 12 * rows_ * w1_.size(); }

 private:
  Index rows_;
  Tensor<float> x_, w1_, w2_, y_, h_, dh_, dw1_, dw2_;
};

/// The time shown is the sparse layer's.
void of_dense(benchmark::State& state, const Case& c) {
  Sparse sparse(c);
  Dense dense(c);
  sparse.step(), dense.step();
  PairedRatio paired;
  for (auto _ : state) state.SetIterationTime(paired.round([&] { sparse.step(); }, [&] { dense.step(); }));
  const double work = static_cast<double>(sparse.work());
  state.counters["of_dense"] = work / static_cast<double>(dense.work()) / paired.median();
  state.counters["of_peak"] = benchmark::Counter(work / fma_peak(), benchmark::Counter::kIsIterationInvariantRate);
}

/// What more experts cost at the same number of choices; the time shown is that of the many.
void many_over_few(benchmark::State& state, const Case& many, const Case& few) {
  Sparse a(many), b(few);
  a.step(), b.step();
  PairedRatio paired;
  for (auto _ : state) state.SetIterationTime(paired.round([&] { a.step(); }, [&] { b.step(); }));
  state.counters["ratio"] = paired.median();
}

void register_all() {
  const auto add = [](const std::string& name, auto function) {
    benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMillisecond)->UseManualTime();
  };
  for (const Index k : {1, 2})
    for (const Case& c : {Case{256, 1024, 32, k}, Case{64, 128, 16, k}}) {
      add("sparse/" + c.name(), [c](benchmark::State& s) { of_dense(s, c); });
      const Case many{c.width, c.hidden, 64, k}, few{c.width, c.hidden, 8, k};
      add("experts_8_to_64/" + c.name(), [many, few](benchmark::State& s) { many_over_few(s, many, few); });
    }
}
}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
