// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wsym/nn/experts/sparse_moe.hpp"

/// One sparse layer of MLP experts without drops, forward and backward, and what dense products of its size take.
namespace wsym::bench {

inline constexpr Index token_count = 4096;

struct SparseCase {
  Index width, hidden, experts, choices;
  std::string name() const {
    return "D" + std::to_string(width) + "_F" + std::to_string(hidden) + "_E" + std::to_string(experts) + "_K" +
           std::to_string(choices);
  }
};

inline std::vector<SparseCase> sparse_cases() {
  std::vector<SparseCase> list;
  for (const Index k : {1, 2}) {
    list.push_back({256, 1024, 32, k});
    list.push_back({64, 128, 16, k});
  }
  return list;
}

inline std::optional<SparseCase> find_sparse_case(std::string_view name) {
  for (const SparseCase& c : sparse_cases())
    if (c.name() == name) return c;
  return std::nullopt;
}

inline Tensor<float> normal_tensor(Shape shape, const Key& key) {
  Tensor<float> x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>(key.normal(i));
  return x;
}

/// Of the layer that peers compute too: no noise, and no losses of its own.
inline RouterOptions plain_router() {
  return {.noise = 0, .balance = {.weight = 0}};
}

struct SparseTraining {
  SparseMoe<float> moe;
  Parameter<float> x;
  Tensor<float> cotangent;
  Tape<float> tape{};
  std::uint64_t steps = 0;

  /// options.choices is the case's.
  explicit SparseTraining(const SparseCase& c, RouterOptions options = {})
      : moe(c.experts, {c.width, c.hidden, c.width, 1}, with_choices(options, c.choices),
            {.train = {dropless}, .equal_start = false}, Key(1)),
        x(normal_tensor({token_count, c.width}, Key(2))),
        cotangent(normal_tensor({token_count, c.width}, Key(3))) {}

  /// Router, balance losses, dispatch and experts, forward and backward; returns the output.
  Var<float> step() {
    tape.clear();
    AuxiliaryLoss<float> auxiliary;
    Pass<float> pass = Pass<float>::train(Key(4).child(++steps), &auxiliary);
    const Var<float> y = moe(tape.use(x), pass), loss = seed(y);
    tape.backward(auxiliary ? add(loss, *auxiliary) : loss);
    return y;
  }

 private:
  static RouterOptions with_choices(RouterOptions options, Index choices) {
    options.choices = choices;
    return options;
  }

  /// Stands for a loss whose gradient is the cotangent, at the cost of a copy.
  Var<float> seed(Var<float> y) {
    const Var<float> loss = tape.result(Shape{1}, y);
    *loss.out().data() = 0;
    const float* g = cotangent.data();
    loss.pull([=] { y.add(ConstMatMap<float>(g, y.rows(), y.cols())); });
    return loss;
  }
};

/// y = h w_2, h = x w_1 and the gradients of all four, on tokens x K rows.
class DenseProducts {
 public:
  explicit DenseProducts(const SparseCase& c)
      : rows_(token_count * c.choices),
        x_(normal_tensor({rows_, c.width}, Key(2))),
        w1_(normal_tensor({c.hidden, c.width}, Key(3))),
        w2_(normal_tensor({c.width, c.hidden}, Key(4))),
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
  }
  Index work() const { return 12 * rows_ * w1_.size(); }

 private:
  Index rows_;
  Tensor<float> x_, w1_, w2_, y_, h_, dh_, dw1_, dw2_;
};

}  // namespace wsym::bench
