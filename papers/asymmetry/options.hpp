// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/names.hpp"
#include "asymmetry/words.hpp"
#include "datasets/program.hpp"
#include "wsym/core/error.hpp"

namespace wsym::asymmetry {

/// What the user asked for, with --scale and --preset filled in. Choices are kept as their words, which is also how
/// they stand in journals and tables.
struct Options {
  std::string data;  // empty: $WSYM_DATA_DIR, else ./data (digits: the copy that comes with the sources)
  std::string experiment = "ensemble";
  std::string scale = "quick";
  std::string preset = "text";

  std::vector<std::string> models = {"mlp", "wmlp"};  // and imlp, iwmlp
  std::vector<Index> hidden;
  Index members = 0;
  Index repeats = 0;
  std::string mask_scope;  // shared | repetition | member
  std::uint64_t mask_seed = 0;

  std::vector<std::string> gates = gate_words;
  std::vector<Index> experts;
  double temperature = 2;
  Index gate_samples = 10;
  std::string moie_average = "gates";  // gates | outputs
  std::vector<std::string> controls;   // of control_names()

  Index epochs = 0;
  Index patience = 16;
  Index batch_size = 256;
  double lr = 1e-3;
  double weight_decay = 3e-2;
  std::uint64_t seed = 0;

  std::string average = "logits";
  std::string groups = "first";

  int threads = 1;
  std::string out;
  bool keep_weights = false;
  bool describe = false;
  bool quiet = false;
};

/// The mask scope that a preset stands for: the authors' code gave every member its own (spec D1).
std::string preset_mask_scope(const std::string& preset);

/// Which epoch's weights a preset reports: "best" on the validation set, or "last" (spec D4).
std::string preset_weights(const std::string& preset);

/// True for a mixture of experts whose weights are interpolated, not their outputs.
bool interpolates(const std::string& model);

/// True for a model with W-asymmetric networks.
bool asymmetric(const std::string& model);

/// Reads a command line (without the program's name). Throws Usage for --help (exit code 0) and for what cannot be
/// obeyed (2); the text says which option, what came and what is allowed.
Options parse_options(const Program& program, const std::vector<std::string>& arguments);

}  // namespace wsym::asymmetry
