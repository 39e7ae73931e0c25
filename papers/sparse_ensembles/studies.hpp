// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "sparse_ensembles/record.hpp"

namespace wsym::sparse_ensembles {

/// The systems of one table or figure of the paper, and what is shown of them.
struct Study {
  struct Row {
    std::string label;
    System system;
  };

  std::string name, title;
  std::vector<std::string> metrics;  // of Record::numbers, the columns
  std::vector<Row> rows;
  enum class Needs { nothing, held_out_classes, other_rows };
  Needs needs = Needs::nothing;
};

/// What --study knows: "all", "tables", table2, table3, ... fig12, ood. Some names stand for one study: table5 and
/// table12.
std::vector<std::string> study_names();

/// The studies of some names, each once, of systems that have what `common` says. "all" and "tables": every one, or
/// every table, that fits the number of classes, and with rows of another data set (`other`) ood. Rows whose K or M
/// does not fit the experts are left out.
std::vector<Study> studies_of(const std::vector<std::string>& names, const System& common, Index classes,
                              bool other = false);

/// Some systems as a study of their own, "systems".
Study listed(const std::vector<System>& systems, const System& common);

/// The systems of all rows, each once, in order.
std::vector<System> systems_of(const std::vector<Study>& studies);

}  // namespace wsym::sparse_ensembles
