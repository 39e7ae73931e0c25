// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "sparse_ensembles/claims.hpp"
#include "sparse_ensembles/studies.hpp"

namespace wsym::sparse_ensembles {

/// What a results folder is about.
struct Subject {
  std::string dataset, title;
  System common;  // of what the studies' systems are made
  Index classes = 0;
  bool other = false;                // rows of another data set were there
  std::vector<std::string> studies;  // names of those that were asked for
  std::vector<Json> runs;            // the journal's run lines
};

/// Writes into `out`: tables/STUDY.csv of every study that was asked for or has a record of every system,
/// tables/systems.csv of systems that no such study names, table10.csv, metrics.csv, claims.csv, figures/, and
/// report.html, one page with all of it that needs no other file. Returns what to tell the user.
std::string write_report(const std::string& out, const Subject& subject, const Records& records);

}  // namespace wsym::sparse_ensembles
