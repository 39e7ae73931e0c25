// SPDX-License-Identifier: MIT
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/io/file.hpp"
#include "wsym/io/json.hpp"

namespace wsym::lab {

/// One line of a journal, and its place.
struct JournalLine {
  std::string file;
  Index number;
  Json json;

  const std::string& kind() const { return json.string("kind"); }
};

/// Where the journal of a results folder is: RESULTS/journal, or, where a packed journal NAME.jsonl.gz is given in
/// place of a folder, that file.
std::string journal_of(const std::string& results);

/// The files of a journal: of a folder the packed ones, *.jsonl.gz, before the plain ones, *.jsonl, by name; of a
/// packed file itself; none where nothing is there.
std::vector<std::string> journal_files(const std::string& journal);

/// Every line of every file of a journal, in the order of journal_files(). A last line of a plain file without its line
/// end was cut off by a kill and is left out, with a warning. Throws FormatError, with file and line, for any other
/// line that is no JSON; for a packed file also DataError, FormatError and Error as InputFile does.
std::vector<JournalLine> read_journal_lines(const std::string& journal, std::vector<std::string>& warnings);

/// f(line) for each; a FormatError gets the line's place.
template <class F> void for_each_line(const std::vector<JournalLine>& lines, F f) {
  for (const JournalLine& line : lines) try {
      f(line);
    } catch (const FormatError& error) {
      throw FormatError(message(line.file, ":", line.number, ": ", error.what()));
    }
}

/// The lines of processes, in order. Throws FormatError, with file and line, for a file that does not begin with one,
/// and for one that has no identity, build and session.
std::vector<Json> runs_of(const std::vector<JournalLine>& lines);

/// A line without what may differ between two runs of the same command.
Json without_session(const Json& line);

/// All lines but for their session parts, sorted, each once: equal for any number of threads and for any kill and
/// restart.
std::string canonical_journal(const std::string& folder);

/// Who runs: what must not change between runs of one results folder, and what a change of is warned of.
struct RunHeader {
  Json identity;  // an object: option -> value
  Json build;     // an object: library, compiler, instructions
  Json session;   // free: command, time, host
};

/// The append-only record of one results folder, as lines. Every process writes its own file; the folder belongs to one
/// process at a time.
class LineJournal {
 public:
  /// Locks `out`, removes the temporary files of killed processes and reads what is there. Throws Error if another
  /// process holds the folder, and ConfigError, naming each option and both values, if the folder belongs to another
  /// identity.
  LineJournal(const std::string& out, const RunHeader& header);

  /// What stood there.
  const std::vector<JournalLine>& lines() const { return lines_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Adds this run's line and returns it; write() follows.
  const Json& start();
  /// Safe from any thread; a line that it has returned for survives a kill. Throws Error if the journal's file or the
  /// lock is no longer in its place.
  void write(const Json& line);

 private:
  std::string folder_;
  Json run_;
  FileLock lock_;
  std::vector<std::string> warnings_;
  std::vector<JournalLine> lines_;
  std::optional<AppendFile> file_;
  std::mutex mutex_;
};

}  // namespace wsym::lab
