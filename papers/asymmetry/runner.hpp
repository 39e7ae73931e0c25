// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/journal.hpp"
#include "asymmetry/names.hpp"
#include "asymmetry/trainer.hpp"
#include "lab/progress.hpp"

namespace wsym::asymmetry {

struct RunnerOptions {
  std::string out;
  Index members = 0;  // of an ensemble
  int threads = 1;
  bool keep_weights = false;
};

/// One network to train, or, with no member, a cell whose networks are all there and only its metrics are missing.
struct Work {
  Cell cell;
  std::optional<Index> member;
};

/// How many networks make up the cell: a mixture is one.
Index networks_of(const Cell& cell, const RunnerOptions& options);

/// Where a network's weights lie: out/weights/<cell>/<member>.safetensors.
std::string weights_folder(const std::string& out, const Cell& cell);
std::string weights_file(const std::string& out, const Cell& cell, Index member);

/// What is left to do for the cells, in their order: a network is done when its line is in the journal, and while its
/// cell is unfinished (or weights are kept) its weights lie in their place too.
std::vector<Work> work_left(const std::vector<Cell>& cells, const Records& records, const RunnerOptions& options);

/// Looks at the weights of unfinished cells, as far as the journal has their networks. What train() did not write for
/// its network (another one's file, a damaged file, one of a network that diverged) is moved to out/set-aside, so that
/// work_left() has the network. Returns a line for people about each.
std::vector<std::string> set_aside_faulty_weights(const std::vector<Cell>& cells, const Records& records,
                                                  const Trainer& trainer, const RunnerOptions& options);

/// Removes the weights of cells that are finished: a kill between a cell's line and their removal leaves them. Weights
/// that an earlier run was told to keep stay.
void remove_leftover_weights(const std::vector<Cell>& cells, const Records& records, const RunnerOptions& options);

/// Does the work: threads take networks from one list over all cells, so that no core idles at the end of a cell;
/// whoever finishes a cell's last network evaluates the cell. Weights are written before their journal line; a finished
/// cell's weights are removed unless kept. Returns false if `stop` became true before all was done. An error in one
/// network stops the others and is thrown.
bool run(const std::vector<Work>& work, const Trainer& trainer, Journal& journal, const RunnerOptions& options,
         ProgressBar& bar, const std::atomic<bool>& stop);

}  // namespace wsym::asymmetry
