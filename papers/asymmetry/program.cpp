// SPDX-License-Identifier: MIT
#include "asymmetry/program.hpp"

#include <cstdio>

#include "asymmetry/cells.hpp"
#include "asymmetry/controls.hpp"
#include "asymmetry/report.hpp"
#include "asymmetry/report_page.hpp"
#include "asymmetry/tables.hpp"
#include "asymmetry/trainers.hpp"
#include "wsym/io/atomic_file.hpp"

namespace wsym::asymmetry {
namespace {

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

}  // namespace

int run_experiment(const Program& program, const Options& options, const std::string& folder,
                   const std::string& command, const std::atomic<bool>& stop) {
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

  bool complete = false;
  {
    ProgressBar bar(options.quiet ? nullptr : terminal(), static_cast<Index>(work.size()));
    complete = run(work, trainer, journal, how, bar, stop);
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

}  // namespace wsym::asymmetry
