// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <utility>

#include "asymmetry/names.hpp"
#include "asymmetry/record.hpp"
#include "lab/journal_lines.hpp"

namespace wsym::asymmetry {

/// What the journals of one results folder say together.
struct Records {
  std::map<std::pair<Cell, Index>, MemberRecord> members;  // by cell and member
  std::map<std::pair<Cell, Index>, CellRecord> cells;      // by cell and its number of members
  std::vector<Json> runs;                                  // one line a process
  std::vector<std::string> warnings;                       // a line cut off by a kill, two unequal lines of one network

  /// The finished cell with at least that many members, nullptr if there is none.
  const CellRecord* finished(const Cell& cell, Index members) const;
};

/// What the lines of a journal folder say, see read_journal_lines. Throws FormatError, with file and line, for a line
/// that does not parse.
Records read_journal(const std::string& folder, const Setting& setting);

/// The same of lines that were read, and the warnings of reading them.
Records records_of(const std::vector<JournalLine>& lines, std::vector<std::string> warnings, const Setting& setting);

/// The record of the networks of one results folder, see LineJournal.
class Journal {
 public:
  /// Locks `out`, reads what is there and adds this run's line. Throws as LineJournal and read_journal.
  Journal(const std::string& out, Setting setting, const RunHeader& header);

  /// Safe from any thread; a line that it has returned for survives a kill.
  void append(const MemberRecord& record);
  void append(const CellRecord& record);

  const Setting& setting() const { return setting_; }
  /// What stood there at the start and what was appended since. Not while others append.
  const Records& records() const { return records_; }

 private:
  Setting setting_;
  LineJournal lines_;
  Records records_;
  std::mutex mutex_;
};

}  // namespace wsym::asymmetry
