// SPDX-License-Identifier: MIT
#include "asymmetry/runner.hpp"

#include <filesystem>

#include "wsym/core/parallel.hpp"

namespace wsym::asymmetry {
namespace {

namespace fs = std::filesystem;

const MemberRecord* find(const Records& records, const Cell& cell, Index member) {
  const auto place = records.members.find({cell, member});
  return place == records.members.end() ? nullptr : &place->second;
}

bool is_ready(const Cell& cell, Index member, const Records& records, const RunnerOptions& options) {
  const MemberRecord* record = find(records, cell, member);
  return record != nullptr && (record->diverged || fs::exists(weights_file(options.out, cell, member)));
}

/// Moves a weights file to where nothing is removed, under a name that is free there; returns its place.
std::string set_aside(const std::string& file, const std::string& out) {
  const fs::path path(file);
  const std::string folder = out + "/set-aside",
                    name = message(folder, '/', path.parent_path().filename().string(), '-', path.stem().string());
  make_directories(folder);
  std::string place = name + ".safetensors";
  for (int count = 2; fs::exists(place); ++count) place = message(name, '-', count, ".safetensors");
  fs::rename(file, place);
  return place;
}

class Run {
 public:
  Run(const std::vector<Work>& work, const Trainer& trainer, Journal& journal, const RunnerOptions& options,
      ProgressBar& bar, const std::atomic<bool>& stop)
      : trainer_(trainer), journal_(journal), options_(options), bar_(bar), stop_(stop), before_(journal.records()) {
    for (const Work& item : work) left_[item.cell] += item.member.has_value();
  }

  void operator()(const Work& item) {
    if (stop_ || failed_) return;
    try {
      if (item.member && !train(item.cell, *item.member)) return;
      if (item.member && --left_.at(item.cell) > 0) return;
      finish(item.cell);
    } catch (...) {
      failed_ = true;
      throw;
    }
  }

  bool complete() const {
    for (const auto& [cell, left] : left_)
      if (left > 0) return false;
    return !stop_;
  }

 private:
  bool train(const Cell& cell, Index member) {
    make_directories(weights_folder(options_.out, cell));
    const auto record = trainer_.train(cell, member, weights_file(options_.out, cell, member), stop_);
    if (!record) return false;
    if (record->diverged) fs::remove(weights_file(options_.out, cell, member));  // of a run that lost its line
    if (find(before_, cell, member) == nullptr) journal_.append(*record);
    bar_.step(message(cell.model, " hidden ", cell.hidden) +
              (cell.mixture() ? message(", ", cell.experts, " experts") : ""));
    return true;
  }

  void finish(const Cell& cell) {
    std::vector<std::string> weights;
    const Index members = networks_of(cell, options_);
    for (Index member = 0; member < members; ++member)
      if (std::string file = weights_file(options_.out, cell, member); fs::exists(file)) weights.push_back(file);
    if (before_.finished(cell, members) == nullptr) journal_.append(trainer_.evaluate(cell, members, weights));
    if (!options_.keep_weights) fs::remove_all(weights_folder(options_.out, cell));
  }

  const Trainer& trainer_;
  Journal& journal_;
  const RunnerOptions& options_;
  ProgressBar& bar_;
  const std::atomic<bool>& stop_;
  const Records before_;  // a copy: the journal grows meanwhile
  std::map<Cell, std::atomic<Index>> left_;
  std::atomic<bool> failed_ = false;
};

}  // namespace

Index networks_of(const Cell& cell, const RunnerOptions& options) {
  return cell.mixture() ? 1 : options.members;
}

std::string weights_folder(const std::string& out, const Cell& cell) {
  const std::string mixture = cell.mixture() ? message("-", cell.gate, "-experts", cell.experts) : "";
  return message(out, "/weights/", cell.experiment, '-', cell.model, mixture, "-hidden", cell.hidden, "-repeat",
                 cell.repeat, cell.variant.empty() ? "" : "-", cell.variant);
}

std::string weights_file(const std::string& out, const Cell& cell, Index member) {
  return message(weights_folder(out, cell), '/', member, ".safetensors");
}

std::vector<Work> work_left(const std::vector<Cell>& cells, const Records& records, const RunnerOptions& options) {
  std::vector<Work> work;
  for (const Cell& cell : cells) {
    const Index members = networks_of(cell, options);
    const bool finished = records.finished(cell, members) != nullptr;
    if (finished && !options.keep_weights) continue;
    const std::size_t before = work.size();
    for (Index member = 0; member < members; ++member)
      if (!is_ready(cell, member, records, options)) work.push_back({cell, member});
    if (work.size() == before && !finished) work.push_back({cell, std::nullopt});
  }
  return work;
}

std::vector<std::string> set_aside_faulty_weights(const std::vector<Cell>& cells, const Records& records,
                                                  const Trainer& trainer, const RunnerOptions& options) {
  std::vector<std::string> said;
  for (const Cell& cell : cells) {
    const Index members = networks_of(cell, options);
    if (records.finished(cell, members) != nullptr) continue;
    for (Index member = 0; member < members; ++member) {
      const std::string file = weights_file(options.out, cell, member);
      const MemberRecord* const record = find(records, cell, member);
      if (record == nullptr || !fs::exists(file)) continue;
      const std::string fault =
          record->diverged ? file + ": its network diverged and has no weights" : trainer.fault(cell, member, file);
      if (fault.empty()) continue;
      const std::string place = set_aside(file, options.out);
      said.push_back(message(describe(cell), ", member ", member, ": ", fault, "; the file is now ", place,
                             record->diverged ? "" : ", and the network is trained again"));
    }
  }
  return said;
}

void remove_leftover_weights(const std::vector<Cell>& cells, const Records& records, const RunnerOptions& options) {
  if (options.keep_weights) return;
  for (const Json& run : records.runs)
    if (const Json* kept = run.at("session").find("keep_weights"); kept != nullptr && kept->boolean()) return;
  for (const Cell& cell : cells)
    if (records.finished(cell, networks_of(cell, options)) != nullptr)
      fs::remove_all(weights_folder(options.out, cell));
}

bool run(const std::vector<Work>& work, const Trainer& trainer, Journal& journal, const RunnerOptions& options,
         ProgressBar& bar, const std::atomic<bool>& stop) {
  Run one(work, trainer, journal, options, bar, stop);
  parallel_for(static_cast<Index>(work.size()), Parallel{options.threads},
               [&](Index i) { one(work[static_cast<std::size_t>(i)]); });
  std::error_code not_empty;
  fs::remove(options.out + "/weights", not_empty);
  return one.complete();
}

}  // namespace wsym::asymmetry
