// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "datasets/program.hpp"
#include "sparse_ensembles/system.hpp"

namespace wsym::sparse_ensembles {

/// What the user asked for, with --scale filled in.
struct Options {
  std::string data;
  std::string ood;  // folder with idx files of another data set of images: out-of-distribution rows
  std::string scale = "quick";
  std::vector<std::string> studies;  // of study_names(); empty: the systems of --models
  std::vector<std::string> models;
  std::vector<Index> members, experts, top_k;
  Index repeats = 0;
  System common;                 // what all systems share: the backbone, capacities, lambda, ...
  std::string recipe = "adamw";  // adamw | sgd
  Index epochs = 0, patience = 16, batch_size = 0;
  double lr = 0, weight_decay = 0;
  double momentum = 0.9, clip_norm = 10, warm_up = 0.05, end_lr = 1e-5;  // of sgd
  std::uint64_t seed = 0;
  int threads = 1;
  std::string out;
  bool quiet = false;
};

/// True if the command line asks for --experiment efficient.
bool asks_for_efficient(const std::vector<std::string>& arguments);

/// Reads such a command line. Throws lab::Usage, as XX::parse_options; for a regression too, since the
/// paper's metrics are of classification.
Options parse_options(const datasets::Program& program, const std::vector<std::string>& arguments);

/// The systems that --models, --members, --experts and --top-k make together: each model with what it has of them.
std::vector<System> systems_of(const Options& options);

}  // namespace wsym::sparse_ensembles
