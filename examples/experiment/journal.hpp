// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "experiment/record.hpp"
#include "wsym/io/file.hpp"

namespace wsym::experiment {

/// What the journals of one results folder say together.
struct Records {
  std::map<std::pair<Cell, Index>, MemberRecord> members;  // by cell and member
  std::map<std::pair<Cell, Index>, CellRecord> cells;      // by cell and its number of members
  std::vector<Json> runs;                                  // one line a process
  std::vector<std::string> warnings;                       // a line cut off by a kill, two unequal lines of one network

  /// The finished cell with at least that many members, nullptr if there is none.
  const CellRecord* finished(const Cell& cell, Index members) const;
};

/// Reads every file of a journal folder, in the order of their names; no folder: no records. A last line without its
/// line end was cut off by a kill and is left out, with a warning. Throws FormatError, with file and line, for any
/// other line that does not parse.
Records read_journal(const std::string& folder, const Setting& setting);

/// All lines but for what may differ between two runs of the same command (the session parts), sorted, each once:
/// equal for any number of threads and for any kill and restart.
std::string canonical_journal(const std::string& folder);

/// Who runs: what must not change between runs of one results folder, and what a change of is warned of.
struct RunHeader {
  Json identity;  // an object: option -> value
  Json build;     // an object: library, compiler, instructions
  Json session;   // free: command, time, host
};

/// The append-only record of one results folder. Every process writes its own file; the folder belongs to one process
/// at a time. Appending is safe from any thread, and a line that append() has returned for survives a kill.
class Journal {
 public:
  /// Locks `out`, reads what is there and adds this run's line. Throws Error if another process holds the folder, and
  /// ConfigError, naming each option and both values, if the folder belongs to another identity.
  Journal(const std::string& out, Setting setting, const RunHeader& header);

  void append(const MemberRecord& record);
  void append(const CellRecord& record);

  const Setting& setting() const { return setting_; }
  /// What stood there at the start and what was appended since. Not while others append.
  const Records& records() const { return records_; }

 private:
  void write(const Json& line);

  Setting setting_;
  FileLock lock_;
  Records records_;
  AppendFile file_;
  std::mutex mutex_;
};

}  // namespace wsym::experiment
