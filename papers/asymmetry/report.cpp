// SPDX-License-Identifier: MIT
#include "asymmetry/report.hpp"

#include <cmath>

#include "asymmetry/names.hpp"
#include "lab/commit.hpp"
#include "lab/text.hpp"
#include "wsym/core/parallel.hpp"
#include "wsym/kernels/simd.hpp"

namespace wsym::asymmetry {
namespace {

Json options_json(const Options& o) {
  return Json::object({{"experiment", o.experiment},
                       {"scale", o.scale},
                       {"preset", o.preset},
                       {"models", Json::array(o.models)},
                       {"hidden", Json::array(o.hidden)},
                       {"members", o.members},
                       {"repeats", o.repeats},
                       {"mask_scope", o.mask_scope},
                       {"mask_seed", o.mask_seed},
                       {"gates", Json::array(o.gates)},
                       {"experts", Json::array(o.experts)},
                       {"temperature", o.temperature},
                       {"gate_samples", o.gate_samples},
                       {"moie_average", o.moie_average},
                       {"controls", Json::array(o.controls)},
                       {"epochs", o.epochs},
                       {"patience", o.patience},
                       {"batch_size", o.batch_size},
                       {"lr", o.lr},
                       {"weight_decay", o.weight_decay},
                       {"seed", o.seed},
                       {"average", o.average},
                       {"groups", o.groups},
                       {"threads", o.threads},
                       {"keep_weights", o.keep_weights}});
}

Json data_json(const Prepared<float>& data) {
  return Json::object({{"name", data.name},
                       {"fingerprint", hexadecimal(data.fingerprint)},
                       {"rows", data.rows},
                       {"features", data.train.features()},
                       {"train", data.train.rows()},
                       {"validation", data.valid.rows()},
                       {"test", data.test.rows()},
                       {"preprocessing", data.fitted}});
}

}  // namespace

std::string describe(const Program& program) {
  const auto part = [](Index rows, double share) {
    return static_cast<Index>(std::ceil(share * static_cast<double>(rows)));
  };
  const Index test = part(program.rows, 0.2), rest = program.rows - test;
  const auto split = [&](double share) {
    return message(rest - part(rest, share), "/", part(rest, share), "/", test);
  };
  const std::vector<std::pair<std::string, std::string>> columns = {
      {"data set", program.name},
      {"rows", std::to_string(program.rows)},
      {"numeric", std::to_string(program.numeric)},
      {"categorical", std::to_string(program.categorical)},
      {"inputs", std::to_string(program.inputs)},
      {"task", program.regression() ? "regression" : std::to_string(program.outputs) + " classes"},
      {"metric", program.metric()},
      {"train/validation/test (text)", split(0.2)},
      {"(code)", split(0.1)}};
  std::string head, row;
  for (const auto& [name, value] : columns) {
    const std::size_t width = std::max(name.size(), value.size()) + (&value == &columns.back().second ? 0 : 2);
    head += name + std::string(width - name.size(), ' ');
    row += value + std::string(width - value.size(), ' ');
  }
  return head + "\n" + row + "\n";
}

Json identity_of(const Options& o, const Prepared<float>& data) {
  return Json::object({{"program", data.name},
                       {"data", hexadecimal(data.fingerprint)},
                       {"preset", o.preset},
                       {"network", "4 affine layers, gelu"},
                       {"optimiser", "adamw"},
                       {"lr", o.lr},
                       {"weight_decay", o.weight_decay},
                       {"batch_size", o.batch_size},
                       {"epochs", o.epochs},
                       {"patience", o.patience},
                       {"weights", preset_weights(o.preset)},
                       {"seed", o.seed},
                       {"precision", "float"}});
}

RunHeader run_header(const Options& o, const Prepared<float>& data, const std::string& command) {
  RunHeader header = lab::run_header(identity_of(o, data), command, o.threads);
  header.session["keep_weights"] = o.keep_weights;
  return header;
}

std::string summary_json(const Options& options, const Prepared<float>& data, const Journal& journal,
                         const RunHeader& header) {
  double seconds = 0;
  Index diverged = 0;
  for (const auto& [place, record] : journal.records().members) {
    seconds += std::isfinite(record.seconds) ? record.seconds : 0;
    diverged += record.diverged;
  }
  return Json::object({{"program", data.name},
                       {"command", header.session.string("command")},
                       {"options", options_json(options)},
                       {"identity", header.identity},
                       {"data", data_json(data)},
                       {"metric", journal.setting().metric},
                       {"unit", data.unit},
                       {"networks", journal.records().members.size()},
                       {"diverged", diverged},
                       {"cells", journal.records().cells.size()},
                       {"training_seconds", seconds},
                       {"processes", journal.records().runs.size()},
                       {"written", utc_now()},
                       {"versions", versions()},
                       {"environment", environment()}})
      .dump_indented();
}

std::string estimate(const std::vector<Work>& work, const Trainer& trainer, const RunnerOptions& options) {
  double flops = 0, disk = 0;
  Index networks = 0;
  const Work* first = nullptr;
  for (const Work& item : work) {
    if (!item.member) continue;
    const Trainer::Cost cost = trainer.cost(item.cell);
    flops += cost.epoch_flops * static_cast<double>(cost.epochs);
    disk += cost.weight_bytes + 1000;  // and the journal line
    if (first == nullptr) first = &item;
    ++networks;
  }
  if (first == nullptr) return "nothing to train";
  std::string text = message(networks, networks == 1 ? " network" : " networks", " to train, ", bytes(disk), " of disk",
                             options.keep_weights ? "" : " at most while it runs");
  if (flops < 1e11) return text;
  const double epoch = trainer.time_epoch(first->cell), rate = trainer.cost(first->cell).epoch_flops / epoch;
  const double seconds = flops / rate / std::min<double>(options.threads, static_cast<double>(networks));
  return text + message("; at most ", duration(seconds), " if every network takes all its epochs (one epoch of ",
                        describe(first->cell), " took ", rounded(1000 * epoch, 0), " ms), less where they stop early");
}

}  // namespace wsym::asymmetry
