// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>

#include "sparse_ensembles/options.hpp"

namespace wsym::sparse_ensembles {

/// Runs --experiment efficient: trains the systems that are not in the journal yet, then writes tables, figures and
/// page. `data` is the folder of the data, `command` the whole command line. Returns the process's exit code: 0 done, 1
/// interrupted.
int run_efficient(const datasets::Program& program, const Options& options, const std::string& data,
                  const std::string& command, const std::atomic<bool>& stop);

}  // namespace wsym::sparse_ensembles
