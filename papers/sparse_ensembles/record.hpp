// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lab/journal_lines.hpp"
#include "sparse_ensembles/system.hpp"

namespace wsym::sparse_ensembles {

/// What one system did in one repetition.
struct Record {
  System system;
  Index repeat = 0;
  bool diverged = false;
  std::vector<std::pair<std::string, double>> numbers = {};  // metrics by name, in a fixed order; NaN: undefined
  std::vector<std::vector<double>> load = {};                // of each sparse layer: shares of the test rows by expert
  std::vector<std::vector<double>> reliability = {};         // of each bin: rows, mean confidence, accuracy
  double seconds = 0;                                        // stands in the line's session part

  /// A metric; not a number where there is none of that name.
  double number(const std::string& name) const;
};

/// Journal lines, kind "system". from_json throws FormatError for a line that is not what to_json writes.
Json to_json(const Record& record);
Record record_from_json(const Json& line);

/// By system (as text) and repetition.
using Records = std::map<std::pair<std::string, Index>, Record>;

/// The repetitions of a system that did not diverge, in order.
std::vector<const Record*> repeats_of(const Records& records, const System& system);

/// What a folder's journal says. Throws FormatError, with file and line, for a line that does not parse.
Records read_records(const std::string& folder, std::vector<std::string>& warnings);

/// What the systems had in common that the last --study in a folder was of; nothing if none was.
std::optional<System> studied_in(const std::string& folder);

/// The journal of one results folder, see lab::LineJournal.
class Journal {
 public:
  Journal(const std::string& out, const lab::RunHeader& header);

  /// Safe from any thread.
  void append(const Record& record);

  /// Not while others append.
  const Records& records() const { return records_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// One line a process, this one's last.
  const std::vector<Json>& runs() const { return runs_; }

 private:
  lab::LineJournal lines_;
  Records records_;
  std::vector<Json> runs_;
  std::vector<std::string> warnings_;
  std::mutex mutex_;
};

}  // namespace wsym::sparse_ensembles
