// SPDX-License-Identifier: MIT
// wsym's side of compare.py: answers one line per line read. See compare.py for the questions.
#include <cstdio>
#include <iostream>
#include <sstream>

#include "peak.hpp"
#include "timing.hpp"
#include "train/by_hand.hpp"
#include "train/mixture_workload.hpp"
#include "train/sparse_workload.hpp"
#include "wsym/ensemble/row_predictor.hpp"

namespace {
using namespace wsym;
using namespace wsym::bench;

constexpr std::uint64_t ensemble_size = 64;
constexpr std::string_view mixture_case = "otto_64";

template <class T> void append(const std::string& path, const T* data, Index count, const char* mode = "ab") {
  std::FILE* file = std::fopen(path.c_str(), mode);
  expect<Error>(file != nullptr, path, ": cannot be written");
  const std::size_t written = std::fwrite(data, sizeof(T), static_cast<std::size_t>(count), file);
  expect<Error>(std::fclose(file) == 0 && written == static_cast<std::size_t>(count), path, ": cannot be written");
}

/// Begins a file of `first` and the model's parameters.
template <class M>
void save_parameters(const std::string& path, const M& model, std::initializer_list<const Tensor<float>*> first = {}) {
  append(path, "", 0, "wb");
  for (const Tensor<float>* x : first) append(path, x->data(), x->size());
  for_each_parameter(model, [&](const Parameter<float>& p) { append(path, p.value().data(), p.size()); });
}

/// weights.f32: weight (out, in) and bias of each layer; x.f32: 16 batches of 256 rows; y.f32 or y.i32: their targets.
/// mixture.f32, for one case: weight and bias of the gate, then the layers of every expert.
void save_case(const Case& c, const std::string& folder) {
  const Training training(c);
  const std::string y = c.task.kind == TaskKind::regression ? "/y.f32" : "/y.i32";
  for (const std::string& name : {std::string("/x.f32"), y}) append(folder + name, "", 0, "wb");
  save_parameters(folder + "/weights.f32", training.member.model);
  if (c.name() == mixture_case) save_parameters(folder + "/mixture.f32", make_mixture<MixtureOfExperts<float>>(c));
  for (const Dataset<float>& batch : training.batches) {
    append(folder + "/x.f32", batch.x.data(), batch.x.size());
    if (c.task.kind == TaskKind::regression)
      append(folder + y, batch.y.data(), batch.y.size());
    else
      append(folder + y, batch.labels.data(), static_cast<Index>(batch.labels.size()));
  }
}

/// sparse.f32: tokens, the gradient of the output, the router's weight, and weight and bias of every layer of every
/// expert; then the output of a step and the gradients of the tokens and the parameters, in the same order.
void save_sparse(const SparseCase& c, const std::string& folder) {
  SparseTraining training(c, plain_router());
  const Var<float> y = training.step();
  const std::string path = folder + "/sparse.f32";
  save_parameters(path, training.moe, {&training.x.value(), &training.cotangent});
  append(path, y.data(), y.size());
  const auto append_gradient = [&](const Parameter<float>& p) {
    const std::span<const float> gradient = training.tape.gradient(p);
    append(path, gradient.data(), static_cast<Index>(gradient.size()));
  };
  append_gradient(training.x);
  for_each_parameter(training.moe, append_gradient);
}

/// Microseconds of processor time of a call of f: the median over blocks that together take about `budget` seconds.
template <class F> double microseconds(double budget, F&& f) {
  for (int i = 0; i < 3; ++i) f();
  const double once = std::max(cpu_seconds(f), 1e-7);
  const int calls = std::max(1, static_cast<int>(budget / 20 / once));
  std::vector<double> blocks;
  for (double spent = 0; spent < budget || blocks.size() < 3; spent += blocks.back())
    blocks.push_back(cpu_seconds([&] {
      for (int i = 0; i < calls; ++i) f();
    }));
  return 1e6 * median(blocks) / calls;
}

/// One step of each of 64 networks in turn, as one thread of an ensemble's training does it.
double time_ensemble(const Case& c, double budget) {
  std::vector<Dataset<float>> batches = make_batches(c);
  while (batches.size() < ensemble_size) batches.push_back(batches[batches.size() % batch_count]);  // one a member
  std::vector<Member> members;
  for (std::uint64_t m = 0; m < ensemble_size; ++m) members.push_back({make_mlp(c, false, m)});
  Tape<float> tape;
  std::size_t at = 0;
  return microseconds(budget, [&] {
    members[at % members.size()].step(batches[at % batches.size()], tape);
    ++at;
  });
}

double time_prediction(const Case& c, Index rows, const std::string& variant, double budget) {
  DeepEnsemble<Mlp<float>> ensemble{{}, c.task};
  for (std::uint64_t m = 0; m < ensemble_size; ++m) ensemble.members.push_back(make_mlp(c, false, m));
  const Dataset<float> data = make_rows(c, rows, Key(7));
  Tensor<float> y(Shape{rows, c.task.outputs});
  Workspace<float> workspace;
  const ConstMatMap<float> x = std::as_const(data.x).mat();
  if (variant == "row_predictor") {
    const RowPredictor<float> predictor(ensemble);
    return microseconds(budget, [&] { predictor(x, y.mat(), workspace); });
  }
  return microseconds(budget, [&] { predict(ensemble, x, y.mat(), workspace); });
}

/// f(training), which has a tape and step().
template <class F> auto with_training(const std::string& kind, const std::string& variant, const Case& c, F&& f) {
  const auto mixture = [&]<class M>(M model) {
    MixtureTraining<M> training(std::move(model), c);
    return f(training);
  };
  if (kind == "moe") return mixture(make_mixture<MixtureOfExperts<float>>(c));
  if (kind == "moie") return mixture(make_mixture<MixtureOfInterpolatedExperts<float>>(c));
  expect<ConfigError>(kind == "step", "no kind '", kind, "'");
  Training training(c, variant == "w_asymmetric");
  return f(training);
}

double time_of(const std::string& kind, const std::string& variant, const Case& c, double budget) {
  if (kind == "predict_1") return time_prediction(c, 1, variant, budget);
  if (kind == "predict_4096") return time_prediction(c, 4096, variant, budget);
  if (kind == "ensemble") return time_ensemble(c, budget);
  if (variant == "by_hand") {
    ByHand by_hand(c);
    return microseconds(budget, [&] { by_hand.step(); });
  }
  return with_training(kind, variant, c,
                       [=](auto& training) { return microseconds(budget, [&] { training.step(); }); });
}

/// What is asked of a sparse layer; its losses are differences from itself.
double answer_sparse(const std::string& word, const std::string& variant, const SparseCase& c, double number) {
  const auto answer_with = [&](auto&& training, auto&& work) {
    if (word == "time") return microseconds(number, [&] { training.step(); });
    training.step();
    return static_cast<double>(work());
  };
  if (word == "losses") return 0;
  if (variant == "dense") {
    DenseProducts dense(c);
    return answer_with(dense, [&] { return dense.work(); });
  }
  SparseTraining training(c, plain_router());
  return answer_with(training, [&] { return training.tape.work(); });
}

std::string answer(const std::string& question) {
  std::istringstream in(question);
  std::ostringstream out;
  out.precision(9);
  std::string word, kind, variant, name, folder;
  in >> word;
  if (word == "list")
    return "step:mlp step:w_asymmetric step:by_hand ensemble:members predict_1:workspace predict_1:row_predictor "
           "predict_4096:workspace moe:stacked moie:stacked sparse:layer sparse:dense";
  if (word == "peak") {
    out << fma_peak();
    return out.str();
  }
  if (word == "save") {
    in >> name >> folder;
    if (const auto sparse = find_sparse_case(name))
      save_sparse(*sparse, folder);
    else
      save_case(find_case(name), folder);
    return "saved";
  }
  double number = 0;
  in >> kind >> variant >> name >> folder >> number;
  if (const auto sparse = find_sparse_case(name)) {
    out << answer_sparse(word, variant, *sparse, number);
    return out.str();
  }
  const Case c = find_case(name);
  if (word == "work") {
    out << with_training(kind, variant, c, [](auto& training) {
      training.step();
      return training.tape.work();
    });
  } else if (word == "time") {
    out << time_of(kind, variant, c, number);
  } else if (word == "losses") {
    with_training(kind, variant, c, [&](auto& training) {
      for (int i = 0; i < static_cast<int>(number); ++i) out << training.step() << ' ';
      return 0;
    });
  } else {
    throw ConfigError("no question '" + word + "'");
  }
  return out.str();
}
}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << answer(line) << std::endl;
    } catch (const std::exception& error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
}
