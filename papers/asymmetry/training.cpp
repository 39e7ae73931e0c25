// SPDX-License-Identifier: MIT
#include "asymmetry/training.hpp"

#include <algorithm>

#include "asymmetry/names.hpp"
#include "asymmetry/report.hpp"
#include "lab/text.hpp"
#include "wsym/data/gzip.hpp"
#include "wsym/metrics/classification.hpp"
#include "wsym/metrics/regression.hpp"

namespace wsym::asymmetry {
namespace {

WAsymmetry::Kind kind_of(const std::string& frozen) {
  using Kind = WAsymmetry::Kind;
  if (frozen == "same_rows") return Kind::same_rows;
  if (frozen == "whole_rows") return Kind::whole_rows;
  if (frozen == "trainable") return Kind::trainable;
  expect<ConfigError>(frozen == "entries", "frozen is '", frozen,
                      "'; entries, same_rows, whole_rows or trainable is needed");
  return Kind::frozen;
}

/// The same for every layer, or that of the layer's free weights.
std::vector<double> kappa_of(const std::string& kappa, const MlpSize& size) {
  std::vector<double> values;
  for (Index l = 0; l <= size.hidden_layers; ++l)
    values.push_back(kappa == "free" ? kappa_free(l == 0 ? size.in : size.hidden) : number_of<double>(kappa));
  return values;
}

/// Of names, types, shapes and values, in whatever order the tensors come.
std::string checksum(const safetensors::Content& content) {
  std::vector<const safetensors::TensorView*> tensors;
  for (const safetensors::TensorView& tensor : content.tensors) tensors.push_back(&tensor);
  std::sort(tensors.begin(), tensors.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  std::uint64_t hash = fnv1a({});
  for (const safetensors::TensorView* tensor : tensors) {
    hash = fnv1a(message(tensor->name, ' ', safetensors::info(tensor->dtype).name, ' ', tensor->shape, '\n'), hash);
    hash = fnv1a(tensor->bytes, hash);
  }
  return hexadecimal(hash);
}

}  // namespace

Score score_of(const Tensor<float>& outputs, const Dataset<float>& part) {
  if (part.task.kind == TaskKind::classification)
    return {accuracy<float>(outputs, part.labels), nll_from_logits<float>(outputs, part.labels)};
  return {rmse(outputs, part.y), mse(outputs, part.y)};
}

Key Training::key(const char* purpose, const Cell& cell, Index member) const {
  return Key(options_.seed).child(purpose).child(cell.repeat).child(member);
}

/// The authors' code has one more layer in interpolated experts (spec D5).
MlpSize Training::size(const Cell& cell) const {
  return {data_.train.features(), cell.hidden, data_.train.task.outputs, interpolates(cell.model) && code() ? 4 : 3};
}

/// The authors' code freezes two entries a row in all layers of interpolated experts (spec D7).
std::optional<WAsymmetry> Training::asymmetry(const Cell& cell, Index member) const {
  if (!asymmetric(cell.model)) return std::nullopt;
  const Method how = method(cell);
  const MlpSize network = size(cell);
  Key mask = Key(number_of<std::uint64_t>(how.mask_seed)).child("mask");
  if (how.mask_scope != "shared") mask = mask.child(cell.repeat);
  if (how.mask_scope == "member") mask = mask.child(member);
  WAsymmetry asymmetry{mask, {}, kappa_of(how.kappa, network), kind_of(how.frozen)};
  const auto layers = static_cast<std::size_t>(network.hidden_layers + 1);
  if (how.n_fix != "rule") asymmetry.n_fix.assign(layers, number_of<Index>(how.n_fix));
  if (how.n_fix == "rule" && network.hidden_layers == 4) asymmetry.n_fix.assign(layers, 2);
  return asymmetry;
}

safetensors::Metadata Training::marks(const Cell& cell, Index member, const safetensors::Content& weights) const {
  const Setting setting{data_.name, options_.preset, data_.metric};
  return {{"network", message(describe(cell), ", member ", member)},
          {"line", key_of(setting, cell, member, options_.seed).dump()},
          {"run", hexadecimal(fnv1a(identity_of(options_, data_).dump()))},
          {"checksum", checksum(weights)}};
}

std::string Training::fault(const Cell& cell, Index member, const std::string& weights) const try {
  const std::string bytes = safetensors::read(weights);
  const safetensors::Content content = safetensors::decode(bytes, weights);
  const safetensors::Metadata wanted = marks(cell, member, content);
  for (std::size_t i = 1; i < wanted.size(); ++i) {
    const std::string* const found = content.find(wanted[i].first);
    if (found != nullptr && *found == wanted[i].second) continue;
    if (found == nullptr) return message(weights, ": its metadata have no '", wanted[i].first, "'");
    const std::string* const network = content.find("network");
    if (wanted[i].first == "line")
      return message(weights, ": it holds the weights of ", shown(network ? *network : "another network"));
    return message(weights, wanted[i].first == "run" ? ": it was written by a run of other settings"
                                                     : ": its checksum does not fit: it was changed");
  }
  return {};
} catch (const Error& error) {
  return error.what();
}

FitOptions Training::fit_options(const Cell& cell) const {
  FitOptions fit;
  fit.epochs = options_.epochs;
  fit.patience = options_.patience;
  fit.batch_size = options_.batch_size;
  fit.restore_best = method(cell).weights == "best";
  return fit;
}

AdamW<float> Training::optimiser(const Cell& cell) const {
  return AdamW<float>({.rate = options_.lr, .decay = number_of<double>(method(cell).weight_decay)});
}

MemberRecord Training::record_of(const Cell& cell, Index member, const FitReport& report,
                                 const ParameterCount& counts) const {
  MemberRecord record;
  record.cell = cell;
  record.member = member;
  record.seed = options_.seed;
  record.epochs_run = report.epochs_run;
  record.best_epoch = report.best_epoch;
  record.diverged = report.diverged();
  record.parameters = counts.parameters;
  record.weights = counts.weights;
  record.frozen = counts.frozen;
  return record;
}

Trainer::Cost Training::cost(const ParameterCount& counts) const {
  Trainer::Cost cost;
  cost.weight_bytes = static_cast<double>(counts.parameters) * sizeof(float) +
                      static_cast<double>(counts.frozen) * sizeof(Index) + 2000;  // and the header
  // forward, gradients of weights and of inputs: two FLOPs a weight and row each; validation: forward alone
  cost.epoch_flops =
      static_cast<double>(counts.weights) * static_cast<double>(6 * data_.train.rows() + 2 * data_.valid.rows());
  cost.epochs = options_.epochs;
  return cost;
}

}  // namespace wsym::asymmetry
