// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "wsym/nn/mlp.hpp"
#include "wsym/nn/module.hpp"
#include "wsym/nn/symmetry/w_asymmetry.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/evaluate.hpp"

/// The training steps that every benchmark and every peer runs: one data shape, one width, batches of 256 rows that are
/// gathered before the clock starts (what differs between libraries is the step; step_bench also times fit(), which
/// gathers).
namespace wsym::bench {

inline constexpr Index batch_rows = 256, batch_count = 16;
inline constexpr double rate = 1e-3, decay = 3e-2;

struct Case {
  std::string data;
  Index features, hidden;
  Task task;
  std::string name() const { return data + "_" + std::to_string(hidden); }
};

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const Index hidden : {64, 128, 256}) {
    list.push_back({"california", 8, hidden, {TaskKind::regression, 1}});
    list.push_back({"otto", 93, hidden, {TaskKind::classification, 9}});
    list.push_back({"mnist", 784, hidden, {TaskKind::classification, 10}});
  }
  return list;
}

inline Case find_case(std::string_view name) {
  for (const Case& c : cases())
    if (c.name() == name) return c;
  throw ConfigError("no case is named '" + std::string(name) + "'; one is 'otto_128'");
}

/// Rows of standard normal features with a target that can be learned from them: the sine of the first feature's sum
/// with the second (regression), or the largest of the first features (classification).
inline Dataset<float> make_rows(const Case& c, Index rows, const Key& key) {
  Dataset<float> data{Tensor<float>(Shape{rows, c.features}), Tensor<float>(), {}, c.task};
  for (Index i = 0; i < data.x.size(); ++i) data.x[i] = static_cast<float>(key.normal(i));
  if (c.task.kind == TaskKind::regression) data.y = Tensor<float>(Shape{rows, 1});
  for (Index row = 0; row < rows; ++row) {
    const float* x = data.x.data() + row * c.features;
    if (c.task.kind == TaskKind::regression)
      data.y[row] = std::sin(x[0] + x[1]);
    else
      data.labels.push_back(static_cast<std::int32_t>(std::max_element(x, x + c.task.outputs) - x));
  }
  return data;
}

inline Mlp<float> make_mlp(const Case& c, bool asymmetric = false, std::uint64_t member = 0) {
  const MlpSize size{c.features, c.hidden, c.task.outputs};
  const Key init = Key(1).child(member);
  return asymmetric ? Mlp<float>(size, WAsymmetry{.mask = Key(2)}, init) : Mlp<float>(size, init);
}

inline std::vector<Dataset<float>> make_batches(const Case& c) {
  std::vector<Dataset<float>> batches;
  for (Index b = 0; b < batch_count; ++b) batches.push_back(make_rows(c, batch_rows, Key(3).child(b)));
  return batches;
}

/// A network and its optimiser; step() is what fit() does with a batch.
struct Member {
  Mlp<float> model;
  AdamW<float> optimizer{{.rate = rate, .decay = decay}};

  float step(const Dataset<float>& batch, Tape<float>& tape) {
    tape.clear();
    Pass<float> pass = Pass<float>::train(Key(4));
    const Var<float> output = model(tape.constant(batch.x), pass);
    const Var<float> loss = task_loss<float>(batch.task, output, batch.y.span(), batch.labels, {});
    tape.backward(loss);
    optimizer.step(model, tape);
    return loss.item();
  }
};

/// One network that goes through the batches in turn.
struct Training {
  Member member;
  std::vector<Dataset<float>> batches;
  Tape<float> tape{};
  std::size_t at = 0;

  explicit Training(const Case& c, bool asymmetric = false)
      : member{make_mlp(c, asymmetric)}, batches(make_batches(c)) {}
  float step() { return member.step(batches[at++ % batches.size()], tape); }
};

}  // namespace wsym::bench
