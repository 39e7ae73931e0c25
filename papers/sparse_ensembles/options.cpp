// SPDX-License-Identifier: MIT
#include "sparse_ensembles/options.hpp"

#include <algorithm>
#include <cmath>

#include "lab/command_line.hpp"
#include "lab/text.hpp"
#include "sparse_ensembles/maker.hpp"
#include "sparse_ensembles/studies.hpp"
#include "wsym/core/parallel.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::add_option;
using lab::one_of;
using lab::Usage;
using lab::whole;
using lab::within;

const CLI::Validator count = whole<Index>(), seed = whole<std::uint64_t>();

void add_what(CLI::App& app, Options& o, std::string& experiment) {
  const char* const group = "What to run";
  add_option(app, group, "--data", "DIR", o.data, "folder of the data", "$WSYM_DATA_DIR, else ./data");
  add_option(app, group, "--experiment", "NAME", experiment, "efficient; the others: --help without it", "");
  add_option(app, group, "--study", "LIST", o.studies, "all systems of tables and figures of the paper", "none")
      ->delimiter(',')
      ->check(one_of(study_names()));
  add_option(app, group, "--scale", "NAME", o.scale, "smoke: seconds, quick: minutes, paper: hours", "quick")
      ->check(one_of({"smoke", "quick", "paper"}));
  add_option(app, group, "--ood", "DIR", o.ood, "idx files of other images, for out-of-distribution rows", "none");
  app.set_help_flag("-h,--help", "print this and exit")->group(group);
}

void add_systems(CLI::App& app, Options& o) {
  const char* const group = "Systems [smoke | quick | paper]";
  add_option(app, group, "--models", "LIST", o.models, "their names stand below", "mlp,moe,e3,deep_ensemble")
      ->delimiter(',')
      ->check(one_of(model_names()));
  add_option(app, group, "--members", "LIST", o.members, "M, of models that have members", "2")
      ->delimiter(',')
      ->check(count);
  add_option(app, group, "--experts", "LIST", o.experts, "E, of all members together", "4 | 16 | 16")
      ->delimiter(',')
      ->check(count);
  add_option(app, group, "--top-k", "LIST", o.top_k, "K, experts of a row", "1")->delimiter(',')->check(count);
  add_option(app, group, "--repeats", "N", o.repeats, "repetitions; all share one split", "1 | 2 | 5")->check(count);
}

void add_layers(CLI::App& app, Options& o) {
  System& s = o.common;
  const char* const group = "Backbone and sparse layers [smoke | quick | paper]";
  add_option(app, group, "--width", "D", s.width, "of the residual stream", "16 | 128 | 128")->check(count);
  add_option(app, group, "--hidden", "F", s.hidden, "inside a block, and of experts", "32 | 256 | 256")->check(count);
  add_option(app, group, "--blocks", "N", s.blocks, "residual blocks", "4")->check(count);
  add_option(app, group, "--sparse-blocks", "N", s.special, "of every second block, from the last", "2")->check(count);
  add_option(app, group, "--capacity", "C", s.capacity, "of experts in training", "1.5");
  add_option(app, group, "--eval-capacity", "C", s.eval_capacity, "of experts at evaluation", "8");
  add_option(app, group, "--order", "NAME", s.order, "who claims slots first: row, or priority, the largest gate",
             "row")
      ->check(one_of(words_of("order")));
  add_option(app, group, "--balance", "X", s.balance, "weight of the balance losses (lambda)", "0.01");
  add_option(app, group, "--noise", "X", s.noise, "of routers, times 1 / experts", "1");
  add_option(app, group, "--noise-scale", "NAME", s.noise_scale, "of e3: total, 1 / E; subset, 1 / (E / M)", "total")
      ->check(one_of(words_of("noise_scale")));
  add_option(app, group, "--expert-start", "NAME", s.expert_start, "apart, or equal: experts begin as one", "apart")
      ->check(one_of(words_of("expert_start")));
  add_option(app, group, "--perturbation", "X", s.perturbation, "standard deviation of noise on experts' first weights",
             "0");
  add_option(app, group, "--dropout", "X", s.dropout, "in experts, while training", "0.1");
  add_option(app, group, "--shared", "N", s.shared, "overlap: experts of all members", "0")->check(count);
  add_option(app, group, "--scales", "NAME", s.scales, "batch_ensemble: sign or gaussian", "sign")
      ->check(one_of(words_of("scales")));
  add_option(app, group, "--scale-rate", "X", s.scale_rate, "batch_ensemble: factor of its scales' learning rate", "1");
  add_option(app, group, "--batch-repeats", "N", s.repeats, "mimo: uses of a row in a batch", "1")->check(count);
  add_option(app, group, "--replication", "X", s.replication, "mimo: share of rows that all members see", "0.5");
  add_option(app, group, "--base", "NAME", s.base, "deep_ensemble: of moe or mlp", "moe")
      ->check(one_of(words_of("base")));
  add_option(app, group, "--start", "NAME", s.start, "scratch, or upstream: fine-tuned from another task", "scratch")
      ->check(one_of(words_of("start")));
  add_option(app, group, "--upstream-k", "K", s.upstream_k, "of the upstream network", "1")->check(count);
  add_option(app, group, "--permutation", "N", s.permutation, "e3 from upstream: which order of its experts; 0: theirs",
             "0")
      ->check(count);
  add_option(app, group, "--classes", "NAME", s.classes, "all, or seen: train without the last third", "all")
      ->check(one_of(words_of("classes")));
}

void add_training(CLI::App& app, Options& o) {
  const char* const group = "Training [smoke | quick | paper]";
  add_option(app, group, "--recipe", "NAME", o.recipe, "adamw: as the others; sgd: momentum, cosine, clipping", "adamw")
      ->check(one_of({"adamw", "sgd"}));
  add_option(app, group, "--epochs", "N", o.epochs, "at most; sgd: exactly", "3 | 40 | 1000; sgd: 50")->check(count);
  add_option(app, group, "--patience", "N", o.patience, "epochs without a lower validation loss that end adamw", "16")
      ->check(count);
  add_option(app, group, "--batch-size", "N", o.batch_size, "rows a step", "256; sgd: 512")->check(count);
  add_option(app, group, "--lr", "X", o.lr, "learning rate", "0.001; sgd: 0.03");
  add_option(app, group, "--weight-decay", "X", o.weight_decay, "on kernels, decoupled: theta -= lr x this x theta",
             "0.03; sgd: 0");
  add_option(app, group, "--momentum", "X", o.momentum, "of sgd", "0.9");
  add_option(app, group, "--clip-norm", "X", o.clip_norm, "sgd: largest norm of a gradient", "10");
  add_option(app, group, "--warm-up", "X", o.warm_up, "sgd: share of the steps, linear", "0.05");
  add_option(app, group, "--end-lr", "X", o.end_lr, "sgd: where the cosine ends", "1e-5");
  add_option(app, group, "--seed", "N", o.seed, "of the split, weights, batches and noise", "0")->check(seed);
}

void add_results(CLI::App& app, Options& o) {
  const char* const group = "Results";
  add_option(app, group, "--out", "DIR", o.out, "folder of journal, tables, figures",
             "results/PROGRAM-efficient[-STUDY]-SCALE");
  add_option(app, group, "--threads", "N", o.threads, "systems trained at once", "all cores");
  app.add_flag("--quiet", o.quiet, "print nothing but warnings and errors")->group(group);
}

std::string footer() {
  return "Models: " + lab::join(model_names(), ", ") + "\nStudies: " + lab::join(study_names(), ", ") +
         "\n"
         "Run the same command again after an interruption, or with more repeats, models or another study:\n"
         "it continues from the journal in --out. Exit codes: 0 done, 2 wrong usage, 1 anything else.";
}

/// Fills what the user left open from --scale and --recipe.
void fill(Options& o, const CLI::App& app, const datasets::Program& program) {
  const bool smoke = o.scale == "smoke", paper = o.scale == "paper", sgd = o.recipe == "sgd";
  const auto set = [&](const char* option, auto& value, auto fallback) {
    if (app.count(option) == 0) value = fallback;
  };
  set("--models", o.models, std::vector<std::string>{"mlp", "moe", "e3", "deep_ensemble"});
  set("--members", o.members, std::vector<Index>{2});
  set("--experts", o.experts, std::vector<Index>{smoke ? 4 : 16});
  set("--top-k", o.top_k, std::vector<Index>{1});
  set("--repeats", o.repeats, smoke ? 1 : paper ? 5 : 2);
  set("--width", o.common.width, smoke ? 16 : 128);
  set("--hidden", o.common.hidden, smoke ? 32 : 256);
  set("--epochs", o.epochs, smoke ? 3 : sgd ? 50 : paper ? 1000 : 40);
  set("--batch-size", o.batch_size, sgd ? 512 : 256);
  set("--lr", o.lr, sgd ? 0.03 : 1e-3);
  set("--weight-decay", o.weight_decay, sgd ? 0.0 : 3e-2);
  o.common.experts = o.experts[0];
  const std::string study = o.studies.empty() ? "" : "-" + lab::join(o.studies, "-");
  set("--out", o.out, "results/" + program.name + "-efficient" + study + "-" + o.scale);
}

void not_below(const char* option, double value, double least) {
  if (!(value >= least) || std::isinf(value))
    throw Usage(message(option, ": ", value, " came; at least ", least, " is needed"), 2);
}

/// Throws Usage where a number of the recipe is outside its range, or belongs to the other one.
void check_training(const Options& o, const CLI::App& app) {
  constexpr Index many = 1'000'000;
  within("--epochs", o.epochs, 1, many);
  within("--patience", o.patience, 1, many);
  within("--batch-size", o.batch_size, 1, many);
  if (!(o.lr > 0) || std::isinf(o.lr)) throw Usage(message("--lr: ", o.lr, " came; it must be above 0"), 2);
  not_below("--weight-decay", o.weight_decay, 0);
  if (o.recipe != "sgd")
    for (const char* option : {"--momentum", "--clip-norm", "--warm-up", "--end-lr"})
      if (app.count(option) > 0) throw Usage(message(option, ": came with --recipe adamw; it belongs to sgd"), 2);
  for (const auto& [option, value] : {std::pair("--momentum", o.momentum), std::pair("--warm-up", o.warm_up)})
    if (!(value >= 0 && value < 1))
      throw Usage(message(option, ": ", value, " came; at least 0 and below 1 is needed"), 2);
  if (!(o.clip_norm > 0)) throw Usage(message("--clip-norm: ", o.clip_norm, " came; it must be above 0"), 2);
  not_below("--end-lr", o.end_lr, 0);
}

void check(const Options& o, const CLI::App& app, const datasets::Program& program) {
  constexpr Index many = 1'000'000;
  if (!o.studies.empty())
    for (const char* option : {"--models", "--members", "--top-k", "--shared", "--batch-repeats", "--base", "--start",
                               "--upstream-k", "--permutation", "--classes"})
      if (app.count(option) > 0) throw Usage(message(option, ": came with --study, which names its systems itself"), 2);
  if (!o.studies.empty() && o.experts.size() > 1) throw Usage("--experts: one number goes with --study", 2);
  if (o.ood.empty() && std::find(o.studies.begin(), o.studies.end(), "ood") != o.studies.end())
    throw Usage("--study ood: its rows come from --ood", 2);
  if (app.count("--shared") > 0 && std::find(o.models.begin(), o.models.end(), "overlap") == o.models.end())
    throw Usage("--shared: came without --models overlap, which alone has shared experts", 2);
  if (!o.ood.empty() && program.name != "mnist")
    throw Usage(message("--ood: came with ", program.name, "; it belongs to mnist, whose images it stands beside"), 2);
  for (const Index m : o.members) within("--members", m, 1, 64);
  for (const Index e : o.experts) within("--experts", e, 1, 4096);
  for (const Index k : o.top_k) within("--top-k", k, 1, 4096);
  within("--repeats", o.repeats, 1, many);
  within("--threads", o.threads, 1, 4096);
  within("--width", o.common.width, 1, 65536);
  within("--hidden", o.common.hidden, 1, 65536);
  not_below("--balance", o.common.balance, 0);
  not_below("--noise", o.common.noise, 0);
  not_below("--perturbation", o.common.perturbation, 0);
  not_below("--scale-rate", o.common.scale_rate, 0);
  check_training(o, app);
}

}  // namespace

bool asks_for_efficient(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i] == "--experiment=efficient" ||
        (arguments[i] == "--experiment" && i + 1 < arguments.size() && arguments[i + 1] == "efficient"))
      return true;
  return false;
}

Options parse_options(const datasets::Program& program, const std::vector<std::string>& arguments) {
  if (program.regression())
    throw Usage(message("--experiment: efficient is for classes; ", program.name,
                        " predicts a number, and the paper's metrics (NLL, ECE, disagreement) are of classes"),
                2);
  Options o;
  o.threads = available_threads();
  CLI::App app(program.title + ": sparse experts and efficient ensembles.", program.name);
  app.get_formatter()->column_width(24);
  std::string experiment;
  add_what(app, o, experiment);
  add_systems(app, o);
  add_layers(app, o);
  add_training(app, o);
  add_results(app, o);
  app.footer(footer());
  lab::parse(app, arguments);
  fill(o, app, program);
  check(o, app, program);
  return o;
}

std::vector<System> systems_of(const Options& o) {
  const Maker make(o.common);
  std::vector<System> systems;
  for (const std::string& model : o.models)
    for (const Index experts : o.experts)
      for (const Index top_k : o.top_k)
        for (const Index members : o.members) {
          const System system = make(model.c_str(), top_k, members, [=](System& s) { s.experts = experts; });
          if (std::find(systems.begin(), systems.end(), system) == systems.end()) systems.push_back(system);
        }
  return systems;
}

}  // namespace wsym::sparse_ensembles
