// SPDX-License-Identifier: MIT
#include "sparse_ensembles/program.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <optional>

#include "lab/progress.hpp"
#include "lab/run_header.hpp"
#include "lab/text.hpp"
#include "lab/usage.hpp"
#include "sparse_ensembles/figures.hpp"
#include "sparse_ensembles/report.hpp"
#include "sparse_ensembles/tables.hpp"
#include "sparse_ensembles/trainer.hpp"
#include "wsym/core/parallel.hpp"

namespace wsym::sparse_ensembles {
namespace {

/// Systems that are trained at once.
struct Work {
  std::vector<System> nested;
  Index repeat;
};

/// Puts a system to those that it nests with, or on its own.
void add(const System& system, Index repeat, std::vector<Work>& work) {
  const auto smaller = [](const System& a, const System& b) {
    return a.members < b.members;
  };
  for (Work& item : work)
    if (item.repeat == repeat && nest(item.nested[0], system)) {
      item.nested.insert(std::upper_bound(item.nested.begin(), item.nested.end(), system, smaller), system);
      return;
    }
  work.push_back({{system}, repeat});
}

/// Repetition by repetition, so that an interrupted run has whole ones.
std::vector<Work> work_left(const std::vector<System>& systems, Index repeats, const Records& records) {
  std::vector<Work> work;
  for (Index repeat = 0; repeat < repeats; ++repeat)
    for (const System& system : systems)
      if (!records.contains({to_text(system), repeat})) add(system, repeat, work);
  return work;
}

std::size_t count_of(const std::vector<Work>& work) {
  return std::accumulate(work.begin(), work.end(), std::size_t{0},
                         [](std::size_t sum, const Work& item) { return sum + item.nested.size(); });
}

Json identity_of(const Options& o, const datasets::Prepared<float>& data) {
  Json identity = Json::object({{"program", data.name},
                                {"data", lab::hexadecimal(data.fingerprint)},
                                {"experiment", "efficient"},
                                {"preset", "text"},
                                {"recipe", o.recipe},
                                {"lr", o.lr},
                                {"weight_decay", o.weight_decay},
                                {"batch_size", o.batch_size},
                                {"epochs", o.epochs},
                                {"patience", o.patience},
                                {"seed", o.seed},
                                {"other", o.ood},
                                {"precision", "float"}});
  if (o.recipe == "sgd") {
    identity["momentum"] = o.momentum, identity["clip_norm"] = o.clip_norm;
    identity["warm_up"] = o.warm_up, identity["end_lr"] = o.end_lr;
  }
  return identity;
}

/// The test images of another data set, scaled as the network's own.
Tensor<float> other_rows(const std::string& folder, const datasets::Prepared<float>& data) {
  if (folder.empty()) return {};
  const Table table = datasets::read_mnist_test(folder);
  std::vector<Index> rows(static_cast<std::size_t>(table.rows));
  std::iota(rows.begin(), rows.end(), Index{0});
  return data.preprocessor.transform<float>(table, std::span<const Index>(rows));
}

/// Trains what is left. Returns false if `stop` became true before all was done.
bool run(const std::vector<Work>& work, const Trainer& trainer, Journal& journal, const Options& options,
         const std::atomic<bool>& stop) {
  lab::ProgressBar bar(options.quiet ? nullptr : lab::terminal(), static_cast<Index>(work.size()));
  std::atomic<bool> failed = false;
  parallel_for(static_cast<Index>(work.size()), Parallel{options.threads}, [&](Index i) {
    if (stop || failed) return;
    const Work& item = work[static_cast<std::size_t>(i)];
    try {
      for (const Record& record : trainer.train(item.nested, item.repeat, stop)) journal.append(record);
    } catch (...) {
      failed = true;
      throw;
    }
    bar.step(item.nested[0].model);
  });
  return !stop;
}

/// Throws Usage, exit code 2, for a system that cannot be built.
void refuse_impossible(const std::vector<System>& systems, const Trainer& trainer) try {
  for (const System& system : systems) trainer.check(system);
} catch (const ConfigError& error) {
  throw lab::Usage(error.what(), 2);
}

/// What the studies in --out are made of; a folder has those of one kind. Throws ConfigError for another.
System common_of(const Options& options) {
  const std::optional<System> before = studied_in(options.out + "/journal");
  expect<ConfigError>(options.studies.empty() || !before || *before == options.common, options.out,
                      " holds studies of '", before ? to_text(*before) : "", "', now they are of '",
                      to_text(options.common), "'; use another --out");
  return before.value_or(options.common);
}

void print(const std::vector<Study>& studies, const Records& records) {
  for (const Study& study : studies) {
    std::printf("%s\n", printed_study(study, records).c_str());
    if (study.name != "fig9") continue;
    for (const GainOverDense& g : gains_over_dense(study, records))
      std::printf("%s: NLL %.4f, dense %.4f, gain %s %%, normalised %s %%\n", g.label.c_str(), g.nll, g.dense,
                  lab::with_sign(g.gain, 2).c_str(), lab::with_sign(g.normalised, 2).c_str());
  }
}

/// How many systems were asked for, if each repetition of each diverged; otherwise 0.
std::size_t count_if_all_diverged(const std::vector<System>& systems, Index repeats, const Records& records) {
  for (const System& system : systems)
    for (Index repeat = 0; repeat < repeats; ++repeat) {
      const auto place = records.find({to_text(system), repeat});
      if (place == records.end() || !place->second.diverged) return 0;
    }
  return systems.size() * static_cast<std::size_t>(repeats);
}

}  // namespace

int run_efficient(const datasets::Program& program, const Options& options, const std::string& folder,
                  const std::string& command, const std::atomic<bool>& stop) {
  const datasets::Prepared<float> data =
      datasets::prepare<float>(program.name, folder, datasets::Preset::text, Key(options.seed).child("split"));
  const Trainer trainer(data, options, other_rows(options.ood, data));
  const std::vector<Study> studies =
      options.studies.empty()
          ? std::vector<Study>{listed(systems_of(options), options.common)}
          : studies_of(options.studies, options.common, data.train.task.outputs, !options.ood.empty());
  const std::vector<System> systems = systems_of(studies);
  refuse_impossible(systems, trainer);

  const System common = common_of(options);
  lab::RunHeader header = lab::run_header(identity_of(options, data), command, options.threads);
  if (!options.studies.empty()) header.session["studied"] = to_text(options.common);
  Journal journal(options.out, header);
  for (const std::string& warning : journal.warnings())
    std::fprintf(stderr, "%s: warning: %s\n", program.name.c_str(), warning.c_str());
  const std::vector<Work> work = work_left(systems, options.repeats, journal.records());
  if (!options.quiet)
    std::fprintf(stderr, "%zu of %zu systems to train\n", count_of(work),
                 systems.size() * static_cast<std::size_t>(options.repeats));
  if (!run(work, trainer, journal, options, stop)) {
    std::fprintf(stderr, "%s: interrupted; %zu systems are in the journal. To continue: %s\n", program.name.c_str(),
                 journal.records().size(), command.c_str());
    return 1;
  }
  Subject subject{program.name, program.title, common, data.train.task.outputs, !options.ood.empty(),
                  {},           journal.runs()};
  for (const Study& study : studies) subject.studies.push_back(study.name);
  const std::string said = write_report(options.out, subject, journal.records());
  if (!options.quiet) {
    print(studies, journal.records());
    std::printf("%s\n", said.c_str());
  }
  const std::size_t diverged = count_if_all_diverged(systems, options.repeats, journal.records());
  if (diverged == 0) return 0;
  std::fprintf(stderr, "%s: all %zu systems diverged, so there are no results; a lower --lr than %g may help\n",
               program.name.c_str(), diverged, options.lr);
  return 1;
}

}  // namespace wsym::sparse_ensembles
