// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>

#include "efficient/options.hpp"

namespace wsym::efficient {

/// Runs --experiment efficient: trains the systems that are not in the journal yet, then writes tables, figures and
/// page. `data` is the folder of the data, `command` the whole command line. Returns the process's exit code: 0 done, 1
/// interrupted.
int run_efficient(const experiment::Program& program, const Options& options, const std::string& data,
                  const std::string& command, const std::atomic<bool>& stop);

}  // namespace wsym::efficient
