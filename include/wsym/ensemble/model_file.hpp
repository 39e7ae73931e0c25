// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/data/preprocess.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"
#include "wsym/io/load_any.hpp"
#include "wsym/metrics/temperature.hpp"

namespace wsym::inline WSYM_SIMD {

/// Where a served model comes from: the version of the library that made it, and what its maker knows; empty: unknown.
struct Provenance {
  std::string version = WSYM_VERSION;
  std::string command = {}, data_hash = {}, commit = {};
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

/// What a program needs to answer with an ensemble: the networks, how a file of rows is read (read_rows), how a row
/// becomes their input, and how far their probabilities are to be trusted.
template <class M> struct ServedModel {
  DeepEnsemble<M> ensemble;
  Preprocessor preprocessor;
  std::optional<TableSchema> schema = {};  // empty: the rows come from elsewhere than a CSV file
  double temperature = 1;                  // classification: what the logits are divided by, see fit_temperature
  Provenance provenance = {};
};

namespace detail {
inline constexpr const char* model_key = "wsym.model";

/// The text about a model in a file of save_model(). Throws FormatError.
inline Json about_model(const safetensors::Content& content, std::string_view source) {
  format_of(content, source);
  const std::string* text = content.find(model_key);
  expect<FormatError>(text != nullptr, source, ": no model; a file of save_model() has the metadata '", model_key, "'");
  return Json::parse(*text, message(source, ": ", model_key));
}

/// Throws E unless the parts of a served model fit together: a network answers a row of the preprocessor's features
/// with the outputs of its task. Runs every network on one group of rows.
template <class E, class M> void check(const ServedModel<M>& model, std::string_view source) {
  const DeepEnsemble<M>& ensemble = model.ensemble;
  const Task wanted = model.preprocessor.task();
  expect<E>(!ensemble.members.empty(), source, ": there are no networks");
  expect<E>(ensemble.task == wanted, source, ": the task is a ", setting_text(ensemble.task.kind), " of ",
            ensemble.task.outputs, " outputs, but the preprocessor's a ", setting_text(wanted.kind), " of ",
            wanted.outputs);
  expect<E>(model.temperature > 0 && std::isfinite(model.temperature), source, ": temperature ",
            setting_text(model.temperature), "; it is positive");
  try {
    if (model.schema) input_schema(model.preprocessor, *model.schema);
  } catch (const ConfigError& error) {
    throw E(message(source, ": ", error.what()));
  }
  try {
    bool answered = false;
    for_each_parameter(ensemble, [&]<Real T>(const Parameter<T>&) {
      if (!std::exchange(answered, true))
        predict(ensemble, Tensor<T>(Shape{rows_together(ensemble), model.preprocessor.features()}));
    });
    expect<ShapeError>(answered, "they have no parameters");
  } catch (const Error& error) {
    throw E(message(source, ": the networks do not fit the preprocessor and the task: ", error.what()));
  }
}

/// Divides the logits of a classification by the temperature; of probabilities p makes p^(1/t), normalised.
template <class M, Real T> void calibrate(Tensor<T>& y, const ServedModel<M>& model) {
  const double t = model.temperature;
  if (t == 1 || model.ensemble.task.kind != TaskKind::classification) return;
  if (model.ensemble.average == Average::logits) {
    y = with_temperature(y, t);
    return;
  }
  for (Index row = 0; row < y.rows(); ++row) {
    T* p = y.data() + row * y.cols();
    const double top = *std::max_element(p, p + y.cols());  // over which no power of 1/t vanishes for all classes
    double total = 0;
    const auto scaled = [&](T of_class) {
      return std::pow(static_cast<double>(of_class) / top, 1 / t);
    };
    for (Index c = 0; c < y.cols(); ++c) total += scaled(p[c]);
    for (Index c = 0; c < y.cols(); ++c) p[c] = static_cast<T>(scaled(p[c]) / total);
  }
}

/// Task and average of a file of format 1, where they stood in the text about the model.
template <class M> void take_old_task(DeepEnsemble<M>& ensemble, const Json& about) {
  set_from_json(ensemble.task.kind, about["task"]);
  set_from_json(ensemble.task.outputs, about["outputs"]);
  set_from_json(ensemble.average, about["average"]);
  const std::uint64_t networks = about.natural("members");
  expect<FormatError>(networks == ensemble.members.size(), networks, " members, but the tensors are of ",
                      ensemble.members.size());
}

template <class M> ServedModel<M> served_model(const safetensors::Content& content, std::string_view source) {
  const Json about = about_model(content, source);
  ServedModel<M> model{blank<DeepEnsemble<M>>(content, source), {}};
  try {
    if (format_of(content, source) == 1) take_old_task(model.ensemble, about);
    model.preprocessor = preprocessor_from_json(about["preprocessor"]);
    if (const Json* schema = about.find("schema")) model.schema = table_schema_from_json(*schema);
    if (const Json* temperature = about.find("temperature")) model.temperature = temperature->number();
    model.provenance.version = about.contains("version") ? about.string("version") : "0.1.0";
    for (auto [key, text] :
         {std::pair("command", &model.provenance.command), std::pair("data_hash", &model.provenance.data_hash),
          std::pair("commit", &model.provenance.commit)})
      if (about.contains(key)) *text = about.string(key);
  } catch (const FormatError& error) {
    throw FormatError(message(source, ": ", model_key, ": ", error.what()));
  }
  set_weights(model.ensemble, content, source);
  check<FormatError>(model, source);
  return model;
}
}  // namespace detail

/// Writes ensemble, schema, preprocessing, calibration and provenance as one safetensors file that replaces `path` as a
/// whole; docs/files.md lists its names and keys. Throws Error with the path and the reason, ConfigError where the
/// parts do not fit together.
template <class M> void save_model(const ServedModel<M>& model, const std::string& path) {
  detail::check<ConfigError>(model, path);
  Json about = Json::object({{"preprocessor", to_json(model.preprocessor)},
                             {"temperature", model.temperature},
                             {"version", model.provenance.version}});
  if (model.schema) about["schema"] = to_json(*model.schema);
  for (auto [key, text] :
       {std::pair("command", &model.provenance.command), std::pair("data_hash", &model.provenance.data_hash),
        std::pair("commit", &model.provenance.commit)})
    if (!text->empty()) about[key] = *text;
  save(model.ensemble, path, {{detail::model_key, about.dump()}});
}

/// Reads what save_model wrote: predictions are bit-identical to those of the saved model. Throws Error if the file
/// cannot be read, FormatError that names the file and what is wrong in it.
template <class M> ServedModel<M> load_model(const std::string& path) {
  const std::string bytes = safetensors::read(path);
  return detail::served_model<M>(safetensors::decode(bytes, path), path);
}

/// The same for a model whose type is the one of Models that the file names, as load_any: std::visit answers with it.
template <class... Models> std::variant<ServedModel<Models>...> load_any_model(const std::string& path) {
  const std::string bytes = safetensors::read(path);
  const safetensors::Content content = safetensors::decode(bytes, path);
  detail::about_model(content, path);
  using Any = std::variant<ServedModel<Models>...>;
  return detail::for_type<Any, DeepEnsemble<Models>...>(detail::type_of(content, path), path, [&]<class Ensemble>() {
    using M = typename decltype(Ensemble::members)::value_type;
    return Any(std::in_place_type<ServedModel<M>>, detail::served_model<M>(content, path));
  });
}

/// The rows of a CSV file that the model is to answer: its columns by name, in any order, others ignored, the target
/// there or not (see input_schema). Throws ConfigError for a model without a schema, and as read_columns.
template <class M> Table read_rows(const ServedModel<M>& model, const std::string& path) {
  expect<ConfigError>(model.schema.has_value(), path, ": the model has no schema that says how to read it");
  return read_columns(path, input_schema(model.preprocessor, *model.schema));
}

/// The model's predictions for the given rows of a table, as predict() gives them for a DeepEnsemble: numbers in the
/// unit of the table, also where the preprocessor scales the target; logits divided by the temperature; of
/// probabilities p, p^(1/t) over its sum.
template <Real T, class M>
Tensor<T> predict(const ServedModel<M>& model, const Table& table, std::span<const Index> rows) {
  Tensor<T> y = predict(model.ensemble, model.preprocessor.template transform<T>(table, rows));
  detail::calibrate(y, model);
  model.preprocessor.unscale_target(y.mat());
  return y;
}

/// What each member of the networks answers for the given rows of a table, as predict_members() gives it for a
/// DeepEnsemble: numbers in the unit of the table; logits before the temperature, which is fitted to their mean.
template <Real T, class M>
std::vector<Tensor<T>> predict_members(const ServedModel<M>& model, const Table& table, std::span<const Index> rows) {
  std::vector<Tensor<T>> members =
      predict_members(model.ensemble, model.preprocessor.template transform<T>(table, rows));
  for (Tensor<T>& member : members) model.preprocessor.unscale_target(member.mat());
  return members;
}

}  // namespace wsym::inline WSYM_SIMD
