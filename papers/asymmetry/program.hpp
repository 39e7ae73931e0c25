// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <string>

#include "asymmetry/options.hpp"

namespace wsym::asymmetry {

/// Runs an experiment of deep ensembles, mixtures or controls: trains the networks that are not in the journal yet,
/// then writes tables, figures and page. `data` is the folder of the data, `command` the whole command line. Returns
/// the process's exit code: 0 done, 1 interrupted, or everything diverged.
int run_experiment(const Program& program, const Options& options, const std::string& data, const std::string& command,
                   const std::atomic<bool>& stop);

}  // namespace wsym::asymmetry
