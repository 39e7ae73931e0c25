// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/preprocess.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/nn/mlp.hpp"

namespace wsym {

/// What a program needs to answer with an ensemble: the networks, and how a row of a table becomes their input.
template <class M> struct ServedModel {
  DeepEnsemble<M> ensemble;
  Preprocessor preprocessor;
};

/// How a model type is rebuilt from a file: Architecture<M>::blank(content, prefix, source) is an M whose members have
/// the names and shapes of the file's tensors under `prefix`; values are set afterwards. It throws FormatError that
/// names the source when there are none. Specialise it for your own module.
template <class M> struct Architecture;

namespace detail {
inline const safetensors::TensorView* find_tensor(const safetensors::Content& content, const std::string& name) {
  for (const safetensors::TensorView& tensor : content.tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}
}  // namespace detail

template <Real T> struct Architecture<Mlp<T>> {
  static Mlp<T> blank(const safetensors::Content& content, const std::string& prefix, std::string_view source) {
    Mlp<T> mlp;
    for (std::size_t l = 0;; ++l) {
      const std::string layer = prefix + "layers." + std::to_string(l);
      const auto* weight = detail::find_tensor(content, layer + ".weight");
      const auto* bias = detail::find_tensor(content, layer + ".bias");
      expect<FormatError>(l > 0 || (weight && bias), source, ": tensor '", layer, ".weight' or its bias is missing");
      if (weight == nullptr || bias == nullptr) return mlp;
      Linear<T> linear;
      linear.weight = Parameter<T>(Tensor<T>(weight->shape));
      linear.bias = Parameter<T>(Tensor<T>(bias->shape));
      mlp.layers.push_back(std::move(linear));
    }
  }
};

/// Writes ensemble, preprocessing and task as one safetensors file that replaces `path` as a whole: tensors are named
/// "members.0.layers.0.weight", the rest is text in the metadata. Throws Error with the path and the reason.
template <class M> void save_model(const ServedModel<M>& model, const std::string& path) {
  const DeepEnsemble<M>& ensemble = model.ensemble;
  const Json about = Json::object({
      {"members", ensemble.members.size()},
      {"task", ensemble.task.kind == TaskKind::regression ? "regression" : "classification"},
      {"outputs", ensemble.task.outputs},
      {"average", ensemble.average == Average::logits ? "logits" : "probabilities"},
      {"preprocessor", to_json(model.preprocessor)},
  });
  save(ensemble, path, {{"wsym.model", about.dump()}});
}

/// Reads what save_model wrote: predictions are bit-identical to those of the saved model. Throws Error if the file
/// cannot be read, FormatError that names the file and what is wrong in it.
template <class M> ServedModel<M> load_model(const std::string& path) {
  const std::string bytes = safetensors::read(path);
  const safetensors::Content content = safetensors::decode(bytes, path);
  const std::string* text = content.find("wsym.model");
  expect<FormatError>(text != nullptr, path, ": no model; a file of save_model() has the metadata 'wsym.model'");
  const Json about = Json::parse(*text, message(path, ": wsym.model"));
  const auto one_of = [&](const char* key, const char* first, const char* second) {
    const std::string& word = about.string(key);
    expect<FormatError>(word == first || word == second, path, ": ", key, " is '", word, "'; ", first, " or ", second,
                        " is needed");
    return word == first;
  };
  ServedModel<M> model;
  DeepEnsemble<M>& ensemble = model.ensemble;
  ensemble.task.kind = one_of("task", "regression", "classification") ? TaskKind::regression : TaskKind::classification;
  ensemble.task.outputs = about.index("outputs");
  ensemble.average = one_of("average", "logits", "probabilities") ? Average::logits : Average::probabilities;
  model.preprocessor = preprocessor_from_json(about["preprocessor"]);
  const std::uint64_t members = about.natural("members");
  expect<FormatError>(members >= 1 && members <= content.tensors.size(), path, ": ", members, " members, but ",
                      content.tensors.size(), " tensors");
  for (std::uint64_t i = 0; i < members; ++i)
    ensemble.members.push_back(Architecture<M>::blank(content, "members." + std::to_string(i) + ".", path));
  set_weights(ensemble, content, path);
  return model;
}

/// The model's predictions for the given rows of a table, as predict() gives them for a DeepEnsemble.
template <Real T, class M>
Tensor<T> predict(const ServedModel<M>& model, const Table& table, std::span<const Index> rows) {
  return predict(model.ensemble, model.preprocessor.template transform<T>(table, rows));
}

}  // namespace wsym
