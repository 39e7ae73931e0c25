// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/journal.hpp"
#include "asymmetry/names.hpp"
#include "asymmetry/options.hpp"
#include "asymmetry/runner.hpp"
#include "datasets/datasets.hpp"
#include "lab/run_header.hpp"

namespace wsym::asymmetry {

/// The paper's Table 1 for one data set: its size, columns, task and the parts of both presets.
std::string describe(const Program& program);

/// The options of a run that must not change between runs of one results folder.
Json identity_of(const Options& options, const Prepared<float>& data);

/// Who runs, for the journal: options that must stay as they are, and the build.
RunHeader run_header(const Options& options, const Prepared<float>& data, const std::string& command);

/// summary.json: what was run, on what, and with what.
std::string summary_json(const Options& options, const Prepared<float>& data, const Journal& journal,
                         const RunHeader& header);

/// What is ahead, for the user: networks, time at most, disk. The time is measured on one epoch unless the work is
/// small.
std::string estimate(const std::vector<Work>& work, const Trainer& trainer, const RunnerOptions& options);

}  // namespace wsym::asymmetry
