// SPDX-License-Identifier: MIT
#include "experiment/program.hpp"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "efficient/program.hpp"
#include "experiment/cells.hpp"
#include "experiment/controls.hpp"
#include "experiment/report.hpp"
#include "experiment/report_page.hpp"
#include "experiment/run_main.hpp"
#include "experiment/tables.hpp"
#include "experiment/trainers.hpp"
#include "wsym/io/atomic_file.hpp"

#ifndef WSYM_EXAMPLES_DATA
#define WSYM_EXAMPLES_DATA "examples/data"
#endif

namespace wsym::experiment {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may write it");

/// The first Ctrl-C, SIGTERM or closing of the terminal asks for a stop, a second one stops at once. Who ignores the
/// closing, as nohup does, goes on.
void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    interrupted = true;
  };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  struct sigaction before = {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

std::string data_folder(const Program& program, const std::string& asked) {
  if (!asked.empty()) return asked;
  if (program.comes_with_data && std::filesystem::is_directory(WSYM_EXAMPLES_DATA)) return WSYM_EXAMPLES_DATA;
  const char* const variable = std::getenv("WSYM_DATA_DIR");
  return variable != nullptr && *variable != '\0' ? variable : "data";
}

std::string joined(int argc, char** argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) command += (i ? " " : "") + std::string(argv[i]);
  return command;
}

void warn(const Program& program, const std::string& text) {
  std::fprintf(stderr, "%s: warning: %s\n", program.name.c_str(), text.c_str());
}

void say(const Options& options, const std::string& text) {
  if (!options.quiet) std::fprintf(stderr, "%s\n", text.c_str());
}

/// Tables, figures and summary.json of everything that the journal holds.
void write_results(const Options& options, const Prepared<float>& data, const Journal& journal,
                   const RunHeader& header) {
  const std::vector<Group> groups = groups_of(journal.records());
  const ViewChoice view{options.groups, options.average};
  const Setting& setting = journal.setting();
  write_file_atomically(options.out + "/summary.csv", summary_csv(setting, groups, view));
  write_file_atomically(options.out + "/metrics.csv", metrics_csv(setting, groups));
  write_file_atomically(options.out + "/summary.json", summary_json(options, data, journal, header));
  std::string printed = printed_table(setting, data.unit, groups, view), tables = "summary.csv, metrics.csv, ";
  if (options.experiment == "controls") {
    const std::vector<ControlResult> controls = compare_controls(setting, groups, options);
    write_file_atomically(options.out + "/controls.csv", controls_csv(setting, controls));
    printed = printed_controls(setting, controls);
    tables += "controls.csv, ";
  }
  const std::string drawn = write_report(options.out, {options.out}, view);
  if (options.quiet) return;
  std::printf("%s\ntables: %s/%ssummary.json\n%s\n", printed.c_str(), options.out.c_str(), tables.c_str(),
              drawn.c_str());
}

/// How many networks the cells have, if the journal says of each that it diverged; otherwise 0.
Index count_if_all_diverged(const std::vector<Cell>& cells, const Journal& journal, const RunnerOptions& options) {
  Index count = 0;
  for (const Cell& cell : cells)
    for (Index member = 0; member < networks_of(cell, options); ++member, ++count) {
      const auto place = journal.records().members.find({cell, member});
      if (place == journal.records().members.end() || !place->second.diverged) return 0;
    }
  return count;
}

int run_experiment(const Program& program, const Options& options, const std::string& command) {
  const std::string folder = data_folder(program, options.data);
  const Preset preset = options.preset == "code" ? Preset::code : Preset::text;
  const Prepared<float> data = prepare<float>(program.name, folder, preset, Key(options.seed).child("split"));
  const Trainers trainer(data, options);
  const std::vector<Cell> cells = cells_of(options, data.train.features());
  for (const Cell& cell : cells) trainer.cost(cell);  // what cannot be built is an error before anything is trained

  const RunHeader header = run_header(options, data, command);
  Journal journal(options.out, {program.name, options.preset, data.metric}, header);
  if (data.rows != program.rows)
    warn(program, message("the data have ", data.rows, " rows, the original files ", program.rows));
  for (const std::string& warning : journal.records().warnings) warn(program, warning);
  const RunnerOptions how{options.out, options.members, options.threads, options.keep_weights};
  remove_leftover_weights(cells, journal.records(), how);
  for (const std::string& said : set_aside_faulty_weights(cells, journal.records(), trainer, how)) warn(program, said);
  const std::vector<Work> work = work_left(cells, journal.records(), how);
  say(options, estimate(work, trainer, how));

  catch_signals();
  bool complete = false;
  {
    ProgressBar bar(options.quiet ? nullptr : terminal(), static_cast<Index>(work.size()));
    complete = run(work, trainer, journal, how, bar, interrupted);
  }
  if (!complete) {
    std::fprintf(stderr, "%s: interrupted; %td networks are in the journal. To continue: %s\n", program.name.c_str(),
                 static_cast<Index>(journal.records().members.size()), command.c_str());
    return 1;
  }
  write_results(options, data, journal, header);
  const Index diverged = count_if_all_diverged(cells, journal, how);
  if (diverged == 0) return 0;
  std::fprintf(stderr, "%s: all %td networks diverged, so there are no results; a lower --lr than %g may help\n",
               program.name.c_str(), diverged, options.lr);
  return 1;
}

int run_arguments(const Program& program, const std::vector<std::string>& arguments, const std::string& command) {
  if (efficient::asks_for_efficient(arguments)) {
    const efficient::Options options = efficient::parse_options(program, arguments);
    catch_signals();
    return efficient::run_efficient(program, options, data_folder(program, options.data), command, interrupted);
  }
  const Options options = parse_options(program, arguments);
  if (options.describe) {
    std::fputs(describe(program).c_str(), stdout);
    return 0;
  }
  return run_experiment(program, options, command);
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  return run_main(program.name.c_str(), argc, argv, [&](const std::vector<std::string>& arguments) {
    return run_arguments(program, arguments, joined(argc, argv));
  });
}

}  // namespace wsym::experiment
