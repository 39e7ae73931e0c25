// SPDX-License-Identifier: MIT
#include "asymmetry/cells.hpp"

#include <algorithm>

#include "asymmetry/names.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

using Field = std::string Method::*;

/// What a variant may change: the key, and the values that it may have.
struct Known {
  const char* key;
  Field field;
  bool number;
  Words words = {};

  bool takes(const std::string& value) const {
    return (number && is_plain_number(value)) || std::find(words.begin(), words.end(), value) != words.end();
  }
};

/// In the order in which they stand in a variant.
const std::vector<Known>& known_fields() {
  static const std::vector<Known> fields = {{"mask_scope", &Method::mask_scope, false, scope_words},
                                            {"mask_seed", &Method::mask_seed, true},
                                            {"frozen", &Method::frozen, false, frozen_words},
                                            {"kappa", &Method::kappa, true, {"free"}},
                                            {"n_fix", &Method::n_fix, true, {"rule"}},
                                            {"weights", &Method::weights, false, {"best", "last"}},
                                            {"weight_decay", &Method::weight_decay, true},
                                            {"temperature", &Method::temperature, true},
                                            {"gate_samples", &Method::gate_samples, true},
                                            {"moie_average", &Method::moie_average, false, moie_average_words},
                                            {"expert_dropout", &Method::expert_dropout, true},
                                            {"balance", &Method::balance, true}};
  return fields;
}

/// f(field, value) for each pair of a variant. Throws FormatError unless the keys are known, each once and in order,
/// and take their values.
template <class F> void for_each_pair(const std::string& variant, F f) {
  auto next = known_fields().begin();
  for (std::size_t start = 0; start < variant.size();) {
    const std::size_t end = std::min(variant.find(';', start), variant.size());
    const std::string pair = variant.substr(start, end - start), key = pair.substr(0, pair.find('='));
    const auto known = std::find_if(next, known_fields().end(), [&](const Known& field) { return key == field.key; });
    expect<FormatError>(known != known_fields().end() && key.size() < pair.size() &&
                            known->takes(pair.substr(key.size() + 1)) && end + 1 != variant.size(),
                        "variant ", shown(variant), ": ", shown(pair),
                        " is no pair of a known key and a value of its own, in order");
    f(*known, pair.substr(key.size() + 1));
    next = known + 1;
    start = end + 1;
  }
}

/// Who shares a mask: a mixture has one for all its experts, so there `member` means each repetition.
std::string scope_of(const std::string& scope, bool mixture) {
  return mixture && scope == "member" ? "repetition" : scope;
}

Method preset_method(const Options& options, bool mixture) {
  Method method;
  method.mask_scope = scope_of(preset_mask_scope(options.preset), mixture);
  method.weights = preset_weights(options.preset);
  method.weight_decay = shortest(options.weight_decay);
  return method;
}

Method plain_method(const Options& o, const Cell& cell) {
  Method method = preset_method(o, cell.mixture());
  if (asymmetric(cell.model)) {
    method.mask_scope = scope_of(o.mask_scope, cell.mixture());
    method.mask_seed = std::to_string(o.mask_seed);
  }
  if (cell.gate == "gumbel") {
    method.temperature = shortest(o.temperature);
    method.gate_samples = std::to_string(o.gate_samples);
    if (interpolates(cell.model)) method.moie_average = o.moie_average;
  }
  return method;
}

std::string variant_text(const Method& method, const Method& preset) {
  std::vector<std::string> pairs;
  for (const Known& known : known_fields())
    if (method.*known.field != preset.*known.field) pairs.push_back(message(known.key, "=", method.*known.field));
  return join(pairs, ";");
}

/// Changes one field of the plain method, for the cells that it says something about.
struct Control {
  enum Applies { asymmetric_ensembles, ensembles, mixtures };

  const char* name;
  Field field;
  Applies applies;
  std::vector<std::string> values;

  bool applies_to(const Cell& cell) const {
    if (cell.mixture()) return applies == mixtures;
    return applies == ensembles || (applies == asymmetric_ensembles && asymmetric(cell.model));
  }
};

std::vector<Control> all_controls(const Options& o, Index inputs) {
  std::vector<std::string> seeds, n_fix, decays;
  for (std::uint64_t i = 1; i <= 3; ++i) seeds.push_back(std::to_string(o.mask_seed + i));
  for (const Index n : {0, 1, 2, 4, 8, 16})
    if (n < inputs && std::all_of(o.hidden.begin(), o.hidden.end(), [&](Index width) { return n < width; }))
      n_fix.push_back(std::to_string(n));
  for (const double factor : {3.0, 10.0}) decays.push_back(shortest(factor * o.weight_decay));
  return {{"mask_scope", &Method::mask_scope, Control::asymmetric_ensembles, scope_words},
          {"mask_seed", &Method::mask_seed, Control::asymmetric_ensembles, seeds},
          {"kappa", &Method::kappa, Control::asymmetric_ensembles, {"0.25", "0.5", "1", "2", "free"}},
          {"frozen", &Method::frozen, Control::asymmetric_ensembles, {frozen_words.begin() + 1, frozen_words.end()}},
          {"n_fix", &Method::n_fix, Control::asymmetric_ensembles, n_fix},
          {"weights", &Method::weights, Control::ensembles, {"best", "last"}},
          {"weight_decay", &Method::weight_decay, Control::mixtures, decays},
          {"expert_dropout", &Method::expert_dropout, Control::mixtures, {"0.1", "0.3"}},
          {"balance", &Method::balance, Control::mixtures, {"0.01", "0.1"}}};
}

/// Those that were asked for; none unless the experiment is that of the controls.
std::vector<Control> chosen_controls(const Options& options, Index inputs) {
  std::vector<Control> chosen;
  if (options.experiment != "controls") return chosen;
  for (const Control& control : all_controls(options, inputs))
    if (std::count(options.controls.begin(), options.controls.end(), control.name) > 0) chosen.push_back(control);
  return chosen;
}

/// The plain cell, then its controls.
void add_with_controls(const Options& options, const std::vector<Control>& controls, Cell cell,
                       std::vector<Cell>& cells) {
  const Method preset = preset_method(options, cell.mixture()), plain = plain_method(options, cell);
  cell.variant = variant_text(plain, preset);
  cells.push_back(cell);
  for (const Control& control : controls)
    for (const std::string& value : control.values) {
      if (!control.applies_to(cell) || plain.*control.field == value) continue;
      Method method = plain;
      method.*control.field = value;
      cell.variant = variant_text(method, preset);
      cells.push_back(cell);
    }
}

/// The cells of one repetition of one width, without variants.
std::vector<Cell> ensembles_of(const Options& o, Index hidden, Index repeat) {
  std::vector<Cell> cells;
  for (const std::string& model : o.models)
    if (!interpolates(model)) cells.push_back({"ensemble", "", hidden, model, repeat});
  return cells;
}

std::vector<Cell> mixtures_of(const Options& o, Index hidden, Index repeat) {
  std::vector<Index> experts = o.experts;
  std::sort(experts.rbegin(), experts.rend());
  std::vector<Cell> cells;
  for (const Index count : experts)
    for (const std::string& gate : o.gates)
      for (const std::string& model : o.models) cells.push_back({"moe", "", hidden, model, repeat, gate, count});
  return cells;
}

}  // namespace

std::vector<std::string> control_names() {
  std::vector<std::string> names;
  for (const Control& control : all_controls({}, 0)) names.push_back(control.name);
  return names;
}

std::string plain_variant(const Options& options, const Cell& cell) {
  return variant_text(plain_method(options, cell), preset_method(options, cell.mixture()));
}

const std::string& known_variant(const std::string& text) {
  for_each_pair(text, [](const Known&, const std::string&) {});
  return text;
}

Method method_of(const Options& options, const Cell& cell) {
  Method method = preset_method(options, cell.mixture());
  for_each_pair(cell.variant, [&](const Known& known, const std::string& value) { method.*known.field = value; });
  return method;
}

bool alike_without_asymmetry(const Options& options, const Cell& a, const Cell& b) {
  Method of_a = method_of(options, a);
  const Method of_b = method_of(options, b);
  for (const Field field : {&Method::mask_scope, &Method::mask_seed, &Method::frozen, &Method::kappa, &Method::n_fix})
    of_a.*field = of_b.*field;
  return of_a == of_b;
}

std::vector<Cell> cells_of(const Options& options, Index inputs) {
  const std::vector<Control> controls = chosen_controls(options, inputs);
  const auto about = [&](bool mixtures) {
    return std::any_of(controls.begin(), controls.end(),
                       [&](const Control& control) { return (control.applies == Control::mixtures) == mixtures; });
  };
  const bool mixtures = options.experiment == "moe" || about(true),
             ensembles = options.experiment == "ensemble" || about(false);
  std::vector<Cell> cells;
  for (const Index hidden : options.hidden)
    for (Index repeat = 0; repeat < options.repeats; ++repeat) {
      if (mixtures)
        for (const Cell& cell : mixtures_of(options, hidden, repeat)) add_with_controls(options, controls, cell, cells);
      if (ensembles)
        for (const Cell& cell : ensembles_of(options, hidden, repeat))
          add_with_controls(options, controls, cell, cells);
    }
  return cells;
}

}  // namespace wsym::asymmetry
