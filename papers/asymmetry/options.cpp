// SPDX-License-Identifier: MIT
#include "asymmetry/options.hpp"

#include <algorithm>
#include <cmath>

#include "asymmetry/cells.hpp"
#include "asymmetry/names.hpp"
#include "lab/command_line.hpp"
#include "lab/text.hpp"
#include "wsym/core/parallel.hpp"

namespace wsym::asymmetry {
namespace {

struct Scale {
  std::vector<Index> hidden;
  Index members, repeats, epochs;
};

Scale scale_of(const Options& o, const Program& program) {
  if (o.scale == "smoke") return {{16}, 4, 1, 20};
  if (o.scale == "quick") return {{64}, 16, 3, program.quick_epochs};
  if (o.experiment == "controls") return {{64}, 32, 10, 1000};
  if (o.experiment == "moe") return {{64}, 1, 10, 1000};
  return {{64, 128, 256}, 64, 10, 1000};
}

/// Numbers of experts: of the paper's figures those that the scale has time for; its text ends at 64, its code at 128.
std::vector<Index> experts_of(const Options& o) {
  if (o.experiment == "controls") return {o.scale == "smoke" ? 2 : 8};
  const Index most = o.scale == "smoke" ? 4 : o.scale == "quick" ? 16 : o.preset == "code" ? 128 : 64;
  std::vector<Index> experts;
  for (Index count = 2; count <= most; count *= 2) experts.push_back(count);
  return experts;
}

const CLI::Validator count = whole<Index>(), seed = whole<std::uint64_t>();

void add_what(CLI::App& app, Options& o) {
  const char* const group = "What to run";
  add_option(app, group, "--data", "DIR", o.data, "folder of the data", "$WSYM_DATA_DIR, else ./data");
  add_option(app, group, "--experiment", "NAME", o.experiment,
             "ensemble, moe: mixtures of experts, controls, efficient", "ensemble")
      ->check(one_of({"ensemble", "moe", "controls", "efficient"}));
  add_option(app, group, "--scale", "NAME", o.scale, "smoke: seconds, quick: minutes, paper: many hours", "quick")
      ->check(one_of({"smoke", "quick", "paper"}));
  add_option(app, group, "--preset", "NAME", o.preset, "text: as the paper says, code: as its authors' code does",
             "text")
      ->check(one_of(preset_words));
  app.add_flag("--describe", o.describe, "print the data set's row of the paper's Table 1 and exit")->group(group);
  app.set_help_flag("-h,--help", "print this and exit")->group(group);
}

void add_networks(CLI::App& app, Options& o) {
  const char* const group = "Networks [smoke | quick | paper]";
  add_option(app, group, "--models", "LIST", o.models, "mlp; wmlp: W-asymmetric; imlp, iwmlp: interpolated",
             "mlp,wmlp; moe: all")
      ->delimiter(',')
      ->check(one_of(model_words));
  add_option(app, group, "--hidden", "LIST", o.hidden, "widths of the hidden layers",
             "16 | 64 | 64,128,256; others: 64")
      ->delimiter(',')
      ->check(count);
  add_option(app, group, "--members", "N", o.members, "networks of an ensemble; its sizes: 2, 4, 8, ..",
             "4 | 16 | 64; controls: 32")
      ->check(count);
  add_option(app, group, "--repeats", "N", o.repeats, "repetitions; all share one split", "1 | 3 | 10")->check(count);
  add_option(app, group, "--mask-scope", "NAME", o.mask_scope, "who has one wmlp mask: shared, repetition, member",
             "shared; code: member")
      ->check(one_of(scope_words));
  add_option(app, group, "--mask-seed", "N", o.mask_seed, "of masks and frozen values", "0")->check(seed);
}

void add_mixtures(CLI::App& app, Options& o) {
  const char* const group = "Mixtures of experts, and controls";
  add_option(app, group, "--gates", "LIST", o.gates, "of softmax and gumbel", "softmax,gumbel")
      ->delimiter(',')
      ->check(one_of(gate_words));
  add_option(app, group, "--experts", "LIST", o.experts, "experts of a mixture",
             "2,4 | 2,..,16 | 2,..,64; code: 2,..,128")
      ->delimiter(',')
      ->check(count);
  add_option(app, group, "--temperature", "X", o.temperature, "of Gumbel gates", "2");
  add_option(app, group, "--gate-samples", "N", o.gate_samples, "of a Gumbel gate at evaluation", "10")->check(count);
  add_option(app, group, "--moie-average", "NAME", o.moie_average, "what those samples average: gates | outputs",
             "gates")
      ->check(one_of(moie_average_words));
  add_option(app, group, "--controls", "LIST", o.controls, "which; their names stand below", "all")
      ->delimiter(',')
      ->check(one_of(control_names()));
}

void add_training(CLI::App& app, Options& o, const Program& program) {
  const char* const group = "Training by AdamW [smoke | quick | paper]";
  add_option(app, group, "--epochs", "N", o.epochs, "at most",
             "20 | " + std::to_string(program.quick_epochs) + " | 1000")
      ->check(count);
  add_option(app, group, "--patience", "N", o.patience, "epochs without a lower validation loss that end it", "16")
      ->check(count);
  add_option(app, group, "--batch-size", "N", o.batch_size, "rows a step", "256")->check(count);
  add_option(app, group, "--lr", "X", o.lr, "learning rate", "0.001");
  add_option(app, group, "--weight-decay", "X", o.weight_decay, "decoupled, on all parameters", "0.03");
  add_option(app, group, "--seed", "N", o.seed, "of weights and batches, and of the text preset's split", "0")
      ->check(seed);
}

void add_results(CLI::App& app, Options& o) {
  const char* const group = "Results";
  add_option(app, group, "--average", "NAME", o.average, "what classifiers average: logits | probabilities", "logits")
      ->check(one_of(average_words));
  add_option(app, group, "--groups", "NAME", o.groups, "k networks: the first k, or all disjoint groups of k", "first")
      ->check(one_of(group_words));
  add_option(app, group, "--out", "DIR", o.out, "folder of journal, tables, figures",
             "results/PROGRAM[-EXPERIMENT]-PRESET-SCALE");
  app.add_flag("--keep-weights", o.keep_weights, "keep every network's safetensors file")->group(group);
  add_option(app, group, "--threads", "N", o.threads, "networks trained at once", "all cores")->check(whole<int>());
  app.add_flag("--quiet", o.quiet, "print nothing but warnings and errors")->group(group);
}

std::string footer(const Program& program) {
  return "Example: " + program.name + " --hidden 64,128 --members 8 --repeats 2 --out results/" + program.name +
         "\n"
         "Controls: of W-asymmetric ensembles mask_scope, mask_seed, kappa, frozen, n_fix; of all ensembles\n"
         "weights; of mixtures weight_decay, expert_dropout, balance.\n"
         "Run the same command again after an interruption, or with more members, repeats, widths or\n"
         "models: it continues from the journal in --out. Exit codes: 0 done, 2 wrong usage, 1 anything else.";
}

template <class T> void refuse_twice(const char* option, const std::vector<T>& list) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (std::find(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(i), list[i]) !=
        list.begin() + static_cast<std::ptrdiff_t>(i))
      throw Usage(message(option, ": ", list[i], " came twice"), 2);
}

/// An option that says nothing about the experiment is a mistake.
void refuse_elsewhere(const Options& o, const CLI::App& app) {
  const std::pair<const char*, std::vector<std::string>> homes[] = {
      {"--gates", {"moe", "controls"}},        {"--experts", {"moe", "controls"}},
      {"--temperature", {"moe", "controls"}},  {"--gate-samples", {"moe", "controls"}},
      {"--moie-average", {"moe", "controls"}}, {"--controls", {"controls"}},
      {"--members", {"ensemble", "controls"}}, {"--average", {"ensemble", "controls"}},
      {"--groups", {"ensemble", "controls"}}};
  for (const auto& [option, experiments] : homes)
    if (app.count(option) > 0 && std::find(experiments.begin(), experiments.end(), o.experiment) == experiments.end())
      throw Usage(
          message(option, ": came with --experiment ", o.experiment, "; it belongs to ", join(experiments, " and ")),
          2);
  if (o.experiment != "ensemble") return;
  for (const std::string& model : o.models)
    if (interpolates(model))
      throw Usage(message("--models: ", model, " came with --experiment ensemble; it knows mlp and wmlp"), 2);
}

void check(const Options& o) {
  constexpr Index many = 1'000'000;
  for (const Index width : o.hidden) within("--hidden", width, 1, 65536);
  refuse_twice("--hidden", o.hidden);
  refuse_twice("--models", o.models);
  refuse_twice("--gates", o.gates);
  refuse_twice("--controls", o.controls);
  for (const Index experts : o.experts) within("--experts", experts, 1, 4096);
  refuse_twice("--experts", o.experts);
  within("--gate-samples", o.gate_samples, 1, 10'000);
  within("--members", o.members, 1, many);
  within("--repeats", o.repeats, 1, many);
  within("--epochs", o.epochs, 1, many);
  within("--patience", o.patience, 1, many);
  within("--batch-size", o.batch_size, 1, many);
  within("--threads", o.threads, 1, 4096);
  if (!(o.lr > 0) || std::isinf(o.lr)) throw Usage(message("--lr: ", o.lr, " came; it must be above 0"), 2);
  if (!(o.temperature > 0) || std::isinf(o.temperature))
    throw Usage(message("--temperature: ", o.temperature, " came; it must be above 0"), 2);
  if (!(o.weight_decay >= 0) || std::isinf(o.weight_decay))
    throw Usage(message("--weight-decay: ", o.weight_decay, " came; at least 0 is needed"), 2);
}

/// Fills what the user left open from --scale, --preset and --experiment.
void fill(Options& o, const CLI::App& app, const Program& program) {
  const Scale scale = scale_of(o, program);
  if (app.count("--hidden") == 0) o.hidden = scale.hidden;
  if (app.count("--members") == 0) o.members = scale.members;
  if (app.count("--repeats") == 0) o.repeats = scale.repeats;
  if (app.count("--epochs") == 0) o.epochs = scale.epochs;
  if (app.count("--mask-scope") == 0) o.mask_scope = preset_mask_scope(o.preset);
  if (app.count("--experts") == 0) o.experts = experts_of(o);
  if (app.count("--controls") == 0) o.controls = control_names();
  if (app.count("--models") == 0) {
    o.models = {"mlp", "wmlp"};
    if (o.experiment == "moe") o.models.insert(o.models.end(), {"imlp", "iwmlp"});
  }
  const std::string experiment = o.experiment == "ensemble" ? "" : "-" + o.experiment;
  if (app.count("--out") == 0) o.out = "results/" + program.name + experiment + "-" + o.preset + "-" + o.scale;
}

}  // namespace

std::string preset_mask_scope(const std::string& preset) {
  return preset == "code" ? "member" : "shared";
}

std::string preset_weights(const std::string& preset) {
  return preset == "code" ? "last" : "best";
}

bool interpolates(const std::string& model) {
  return model[0] == 'i';
}

bool asymmetric(const std::string& model) {
  return model.find('w') != model.npos;
}

Options parse_options(const Program& program, const std::vector<std::string>& arguments) {
  Options o;
  o.threads = available_threads();
  CLI::App app(
      program.title + ": deep ensembles and mixtures of plain and W-asymmetric MLPs, from raw file to figures.",
      program.name);
  app.get_formatter()->column_width(22);
  add_what(app, o);
  add_networks(app, o);
  add_mixtures(app, o);
  add_training(app, o, program);
  add_results(app, o);
  app.footer(footer(program));
  parse(app, arguments);
  fill(o, app, program);
  refuse_elsewhere(o, app);
  check(o);
  return o;
}

}  // namespace wsym::asymmetry
