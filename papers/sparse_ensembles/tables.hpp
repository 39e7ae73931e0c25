// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "lab/moments.hpp"
#include "sparse_ensembles/record.hpp"
#include "sparse_ensembles/studies.hpp"

namespace wsym::sparse_ensembles {

/// A metric of a system over its repetitions.
lab::Moments moments_of(const Records& records, const System& system, const std::string& metric);

/// What a metric is called in tables for people, and how it is written: errors and differences in percent, FLOPs in
/// thousands a row.
std::string title_of(const std::string& metric);
std::string text_of(const std::string& metric, const lab::Moments& value);
/// 100 for what is shown in percent, 1 for the rest.
double shown_factor(const std::string& metric);

/// The rows of a study that have a record: label, system, n, and of each metric mean and standard error.
std::string study_csv(const Study& study, const Records& records);

/// The same for people, with mean ± standard error; rows without a record are left out.
std::string printed_study(const Study& study, const Records& records);

/// metrics.csv, in the long form of the other experiments: every number of every system, one row each. Split: test, but
/// for the validation loss and what is of training.
std::string metrics_csv(const std::string& dataset, const Records& records);

}  // namespace wsym::sparse_ensembles
