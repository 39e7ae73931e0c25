// SPDX-License-Identifier: MIT
#include "sparse_ensembles/system.hpp"

#include <algorithm>
#include <map>

#include "lab/text.hpp"
#include "lab/words.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::shortest;
using lab::shown;

std::string word_of(const std::string& value) {
  return value;
}
std::string word_of(Index value) {
  return std::to_string(value);
}
std::string word_of(double value) {
  return shortest(value);
}

void read(const std::string& key, const std::string& word, std::string& value) {
  value = lab::known_word(key.c_str(), word, key == "model" ? model_names() : words_of(key));
}
template <class Number> void read(const std::string&, const std::string& word, Number& value) {
  value = lab::number_of<Number>(word);
}

/// Key and word of every field.
std::vector<std::pair<std::string, std::string>> fields_of(const System& system) {
  std::vector<std::pair<std::string, std::string>> words;
  System::visit(system, [&](const char* key, const auto& value) { words.emplace_back(key, word_of(value)); });
  return words;
}

/// The pairs that differ from `usual`, but for those of some keys.
std::vector<std::string> differences(const System& system, const System& usual, const std::vector<std::string>& but) {
  const auto words = fields_of(system), others = fields_of(usual);
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& [key, word] = words[i];
    if (word != others[i].second && std::find(but.begin(), but.end(), key) == but.end())
      pairs.push_back(key + "=" + word);
  }
  return pairs;
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = {
      "mlp",  "moe",           "e3",  "tiling", "partitioning", "overlap", "multi_pred", "batch_ensemble", "mc_dropout",
      "mimo", "deep_ensemble", "tabm"};
  return names;
}

const std::vector<std::string>& words_of(const std::string& field) {
  static const std::map<std::string, std::vector<std::string>> words = {
      {"noise_scale", {"total", "subset"}}, {"order", {"row", "priority"}},
      {"expert_start", {"apart", "equal"}}, {"base", {"moe", "mlp"}},
      {"start", {"scratch", "upstream"}},   {"scales", {"sign", "gaussian"}},
      {"classes", {"all", "seen"}}};
  return words.at(field);
}

bool sparse(const System& system) {
  const std::string& model = system.model;
  return model == "deep_ensemble" ? system.base == "moe"
                                  : model != "mlp" && model != "batch_ensemble" && model != "tabm";
}

bool divides(const System& system) {
  return system.model == "e3" || system.model == "overlap" || system.model == "partitioning";
}

System own(const System& system) {
  const System usual;
  System result = system;
  const std::string& model = system.model;
  const auto forget = [&](auto... fields) {
    ((result.*fields = usual.*fields), ...);
  };
  if (model == "mlp" || model == "moe" || model == "multi_pred") forget(&System::members);
  if (!sparse(system))
    forget(&System::experts, &System::top_k, &System::noise, &System::balance, &System::capacity,
           &System::eval_capacity, &System::order, &System::expert_start, &System::perturbation, &System::dropout,
           &System::upstream_k);
  if (model != "overlap") forget(&System::shared);
  if (!divides(system)) forget(&System::noise_scale);
  if (model != "e3") forget(&System::permutation);
  if (model != "deep_ensemble") forget(&System::base);
  if (model != "batch_ensemble") forget(&System::scales, &System::scale_rate);
  if (model != "mimo") forget(&System::repeats, &System::replication);
  if (system.start == "scratch") forget(&System::upstream_k, &System::permutation);
  return result;
}

std::string to_text(const System& system) {
  std::vector<std::string> pairs = differences(system, {}, {"model"});
  pairs.insert(pairs.begin(), "model=" + system.model);
  return lab::join(pairs, ";");
}

System system_of(const std::string& text) {
  System system;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(';', start), text.size());
    const std::string pair = text.substr(start, end - start), key = pair.substr(0, pair.find('='));
    bool known = false;
    System::visit(system, [&](const std::string& name, auto& value) {
      if (name != key || key.size() == pair.size()) return;
      known = true;
      read(key, pair.substr(key.size() + 1), value);
    });
    expect<FormatError>(known, "system ", shown(text), ": ", shown(pair), " is no pair of a known key and a value");
    start = end + 1;
  }
  expect<FormatError>(to_text(system) == text, "system ", shown(text), " is written '", to_text(system), "'");
  return system;
}

std::string describe(const System& system, const System& common) {
  std::vector<std::string> numbers;
  if (sparse(system)) numbers.push_back(message("K=", system.top_k));
  if (system.members > 1) numbers.push_back(message("M=", system.members));
  std::string text = system.model + (numbers.empty() ? "" : " (" + lab::join(numbers, ", ") + ")");
  System usual = common;
  usual.model = system.model;
  for (const std::string& pair : differences(system, own(usual), {"model", "top_k", "members"})) text += ", " + pair;
  return text;
}

Index held_out(Index classes) {
  return std::max<Index>(1, classes / 3);
}

}  // namespace wsym::sparse_ensembles
