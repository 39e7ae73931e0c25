// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "asymmetry/summary.hpp"

namespace wsym::asymmetry {

/// Journals that one identity (data, preset, training options) wrote, from one or several results folders.
struct Source {
  std::vector<std::string> folders;
  Json identity;
  std::unique_ptr<Records> records;
};

/// What the results folders say about one data set under one preset.
struct Study {
  Setting setting;
  std::string title, unit;  // of the data set; unit of the rmse
  std::vector<Source> sources;
  std::vector<Group> groups;  // of all sources, whose records they point into
};

/// Reads the journals of results folders: one study for each data set and preset, data sets in the order of the paper's
/// figures, preset text first. Folders of one identity are put together. Throws ConfigError for a folder without a
/// journal, and if two identities hold the same networks: which of them to show is not for this function to say.
std::vector<Study> read_studies(const std::vector<std::string>& folders);

/// "California housing · preset code".
std::string title_of(const Study& study);

}  // namespace wsym::asymmetry
