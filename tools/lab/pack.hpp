// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "lab/journal_lines.hpp"

namespace wsym::lab {

/// The lines of a journal as one text that depends on what they say alone: first the lines of processes, each once, in
/// the order of the last time that each came; then the others by their text without the session part, each once, the
/// first of equals. Of the processes host, system, processor and time of start are left out.
std::string packed_text(const std::vector<JournalLine>& lines);

/// Packs the journal of a results folder, or the file NAME.jsonl.gz, into `file`, by gzip with time 0: equal lines give
/// equal bytes. `file` is replaced as a whole; the folder stays as it is. Throws FormatError, with file and line, for a
/// line that does not parse, Error in a build without zlib.
void pack_journal(const std::string& folder, const std::string& file, std::vector<std::string>& warnings);

/// Packs the journal of a results folder in place: FOLDER/journal/packed.jsonl.gz takes the place of all its files. May
/// be repeated; after a kill the folder says what it said before. Throws also where another process holds the folder.
void pack_journal(const std::string& folder, std::vector<std::string>& warnings);

}  // namespace wsym::lab
