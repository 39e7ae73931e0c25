// SPDX-License-Identifier: MIT
#include "asymmetry/record.hpp"

#include <unistd.h>

#include <charconv>

#include "asymmetry/cells.hpp"

namespace wsym::asymmetry {
namespace {

std::string host() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

Json session(double seconds) {
  return Json::object({{"seconds", Json::number_or_null(seconds)}, {"host", host()}});
}

Index count(const Json& line, const char* key, Index least) {
  const Index value = line.index(key);
  expect<FormatError>(value >= least, key, " is ", value, "; at least ", least, " is needed");
  return value;
}

double number_or_undefined(const Json& json, const std::string& key) {
  return json.at(key).is_null() ? undefined : json.number(key);
}

Json score_json(const Setting& setting, const Score& score) {
  return Json::object(
      {{setting.metric, Json::number_or_null(score.metric)}, {setting.loss(), Json::number_or_null(score.loss)}});
}

Score score_from(const Setting& setting, const Json& json) {
  return {number_or_undefined(json, setting.metric), number_or_undefined(json, setting.loss())};
}

Json start_line(const char* kind, const Setting& setting, const Cell& cell) {
  Json line = Json::object({{"kind", kind},
                            {"experiment", cell.experiment},
                            {"dataset", setting.dataset},
                            {"preset", setting.preset},
                            {"variant", cell.variant},
                            {"hidden", cell.hidden},
                            {"model", cell.model},
                            {"repeat", cell.repeat}});
  if (cell.mixture()) {
    line["gate"] = cell.gate;
    line["experts"] = cell.experts;
  }
  return line;
}

/// What stands in drawings and pages comes in known words alone.
Cell cell_of(const Setting& setting, const Json& line) {
  known_word("dataset", line.string("dataset"), {setting.dataset});
  known_word("preset", line.string("preset"), {setting.preset});
  const bool mixture = known_word("experiment", line.string("experiment"), unit_words) == "moe";
  Cell cell{line.string("experiment"), known_variant(line.string("variant")), count(line, "hidden", 1),
            known_word("model", line.string("model"), model_words), count(line, "repeat", 0)};
  expect<FormatError>(mixture == line.contains("gate"), "experiment '", cell.experiment, "' ",
                      mixture ? "without" : "with", " a gate; mixtures have one, ensembles none");
  if (mixture) {
    cell.gate = known_word("gate", line.string("gate"), gate_words);
    cell.experts = count(line, "experts", 1);
  }
  return cell;
}

/// A number that is not finite is null.
Json numbers_json(const std::vector<double>& values) {
  Json::Array items;
  for (const double value : values) items.push_back(Json::number_or_null(value));
  return items;
}

std::vector<double> numbers_from(const Json& json) {
  std::vector<double> values;
  for (const Json& item : json.items()) values.push_back(item.is_null() ? undefined : item.number());
  return values;
}

Json gate_json(const GateHistory& gate) {
  Json::Array entropy, least, greatest, means;
  for (const GateRecord& epoch : gate.epochs) {
    entropy.push_back(Json::number_or_null(epoch.entropy));
    least.push_back(Json::number_or_null(epoch.least));
    greatest.push_back(Json::number_or_null(epoch.greatest));
    if (!epoch.mean.empty()) means.push_back(numbers_json(epoch.mean));
  }
  return Json::object({{"entropy", std::move(entropy)},
                       {"least", std::move(least)},
                       {"greatest", std::move(greatest)},
                       {"means", std::move(means)},
                       {"reported", Json::object({{"entropy", Json::number_or_null(gate.reported.entropy)},
                                                  {"least", Json::number_or_null(gate.reported.least)},
                                                  {"greatest", Json::number_or_null(gate.reported.greatest)},
                                                  {"mean", numbers_json(gate.reported.mean)}})}});
}

GateHistory gate_from(const Json& json) {
  const std::vector<double> entropy = numbers_from(json.at("entropy")), least = numbers_from(json.at("least")),
                            greatest = numbers_from(json.at("greatest"));
  const Json::Array& means = json.items("means");
  expect<FormatError>(least.size() == entropy.size() && greatest.size() == entropy.size() &&
                          (means.empty() || means.size() == entropy.size()),
                      "gates: entropy, least, greatest and means need one entry an epoch");
  GateHistory gate;
  for (std::size_t i = 0; i < entropy.size(); ++i)
    gate.epochs.push_back(
        {entropy[i], least[i], greatest[i], means.empty() ? std::vector<double>() : numbers_from(means[i])});
  const Json& reported = json.at("reported");
  gate.reported = {number_or_undefined(reported, "entropy"), number_or_undefined(reported, "least"),
                   number_or_undefined(reported, "greatest"), numbers_from(reported.at("mean"))};
  return gate;
}

Json size_json(const Setting& setting, const SizeRecord& record) {
  Json::Array views;
  for (const View& view : record.views) {
    Json json = Json::object({{"groups", view.groups}, {"average", view.average}});
    json[setting.metric] = Json::number_or_null(view.score.metric);
    json[setting.loss()] = Json::number_or_null(view.score.loss);
    views.push_back(std::move(json));
  }
  return Json::object({{"size", record.size},
                       {"views", std::move(views)},
                       {"averaged_weights", score_json(setting, record.averaged_weights)},
                       {"diversity", Json::number_or_null(record.diversity)},
                       {"disagreement", Json::number_or_null(record.disagreement)}});
}

/// What views average.
const Words view_words = {"logits", "probabilities", "outputs"};

SizeRecord size_from(const Setting& setting, const Json& json) {
  SizeRecord record;
  record.size = count(json, "size", 1);
  record.averaged_weights = score_from(setting, json.at("averaged_weights"));
  record.diversity = number_or_undefined(json, "diversity");
  record.disagreement = number_or_undefined(json, "disagreement");
  for (const Json& view : json.items("views"))
    record.views.push_back({known_word("groups", view.string("groups"), group_words),
                            known_word("average", view.string("average"), view_words), score_from(setting, view)});
  return record;
}

}  // namespace

std::string describe_network(const Cell& cell) {
  return message(cell.model, ", hidden ", cell.hidden, cell.mixture() ? ", " + cell.gate + " gate" : "",
                 cell.variant.empty() ? "" : ", ", cell.variant);
}

std::string describe(const Cell& cell) {
  const std::string mixture = cell.mixture() ? message(", ", cell.gate, " gate, ", cell.experts, " experts") : "";
  return message(cell.model, ", hidden ", cell.hidden, mixture, ", repetition ", cell.repeat,
                 cell.variant.empty() ? "" : ", ", cell.variant);
}

Json key_of(const Setting& setting, const Cell& cell, Index member, std::uint64_t seed) {
  Json key = start_line("member", setting, cell);
  key["member"] = member;
  key["seed"] = seed;
  return key;
}

Json to_json(const Setting& setting, const MemberRecord& record) {
  Json line = key_of(setting, record.cell, record.member, record.seed);
  line["train"] = score_json(setting, record.train);
  line["validation"] = score_json(setting, record.validation);
  line["test"] = score_json(setting, record.test);
  line["epochs"] = record.epochs_run;
  line["best_epoch"] = record.best_epoch;
  line["parameters"] = record.parameters;
  line["weights"] = record.weights;
  line["frozen"] = record.frozen;
  line["diverged"] = record.diverged;
  if (record.cell.mixture()) line["gates"] = gate_json(record.gate);
  line["session"] = session(record.seconds);
  return line;
}

MemberRecord member_from_json(const Setting& setting, const Json& line) {
  MemberRecord record;
  record.cell = cell_of(setting, line);
  record.member = count(line, "member", 0);
  record.seed = line.natural("seed");
  record.train = score_from(setting, line.at("train"));
  record.validation = score_from(setting, line.at("validation"));
  record.test = score_from(setting, line.at("test"));
  record.epochs_run = line.index("epochs");
  record.best_epoch = line.index("best_epoch");
  record.parameters = line.index("parameters");
  record.weights = line.index("weights");
  record.frozen = line.index("frozen");
  record.diverged = line.boolean("diverged");
  if (record.cell.mixture()) record.gate = gate_from(line.at("gates"));
  record.seconds = number_or_undefined(line.at("session"), "seconds");
  return record;
}

Json to_json(const Setting& setting, const CellRecord& record) {
  Json line = start_line("cell", setting, record.cell);
  line["members"] = record.members;
  line["healthy"] = record.healthy;
  line["distance"] = Json::object({{"all", Json::number_or_null(record.distance.all)},
                                   {"free", Json::number_or_null(record.distance.free)},
                                   {"frozen", Json::number_or_null(record.distance.frozen)}});
  line["keeps_frozen"] = record.keeps_frozen;
  line["sizes"] = Json::array();
  for (const SizeRecord& size : record.sizes) line["sizes"].push_back(size_json(setting, size));
  line["session"] = session(record.seconds);
  return line;
}

CellRecord cell_from_json(const Setting& setting, const Json& line) {
  CellRecord record;
  record.cell = cell_of(setting, line);
  record.members = count(line, "members", 1);
  record.healthy = count(line, "healthy", 0);
  const Json& distance = line.at("distance");
  record.distance = {number_or_undefined(distance, "all"), number_or_undefined(distance, "free"),
                     number_or_undefined(distance, "frozen")};
  record.keeps_frozen = line.boolean("keeps_frozen");
  for (const Json& size : line.items("sizes")) record.sizes.push_back(size_from(setting, size));
  record.seconds = number_or_undefined(line.at("session"), "seconds");
  return record;
}

}  // namespace wsym::asymmetry
