// SPDX-License-Identifier: MIT
#include "lab/pack.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#if defined(WSYM_ZLIB)
#include <zlib.h>
#endif

#include "wsym/io/atomic_file.hpp"

namespace wsym::lab {
namespace {

#if defined(WSYM_ZLIB)
/// A gzip file of one member, without a name or a time.
std::string gzip(const std::string& text) {
  z_stream stream{};
  expect<Error>(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK,
                "gzip: zlib cannot start");
  std::string bytes(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const bool fits = text.size() < (std::size_t{1} << 32) && deflate(&stream, Z_FINISH) == Z_STREAM_END;
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  expect<Error>(fits, "gzip: a journal of ", text.size(), " bytes cannot be packed");
  return bytes;
}
#else
std::string gzip(const std::string&) {
  throw Error("gzip: built without zlib; configure with -DWSYM_ZLIB=ON");
}
#endif

Json object_without(const Json& object, const std::vector<std::string>& names) {
  Json rest = Json::object();
  for (const auto& [name, value] : object.members())
    if (std::find(names.begin(), names.end(), name) == names.end()) rest[name] = value;
  return rest;
}

/// The line of a process without what names a machine and a time.
Json without_machine(const Json& run) {
  Json rest = run, session = object_without(run.at("session"), {"started"});
  if (const Json* const on = session.find("on")) session["on"] = object_without(*on, {"host", "system", "processor"});
  rest["session"] = session;
  return rest;
}

}  // namespace

std::string packed_text(const std::vector<JournalLine>& lines) {
  std::vector<std::string> runs;
  std::map<std::string, std::string> others;
  for (const Json& run : runs_of(lines)) {
    const std::string text = without_machine(run).dump();
    std::erase(runs, text);
    runs.push_back(text);
  }
  for (const JournalLine& line : lines)
    if (line.kind() != "run") others.try_emplace(without_session(line.json).dump(), line.json.dump());
  std::string text;
  for (const std::string& run : runs) text += run + "\n";
  for (const auto& [key, line] : others) text += line + "\n";
  return text;
}

void pack_journal(const std::string& folder, const std::string& file, std::vector<std::string>& warnings) {
  expect<ConfigError>(file.ends_with(".jsonl.gz"), file, ": a packed journal is named NAME.jsonl.gz");
  const std::vector<JournalLine> lines = read_journal_lines(journal_of(folder), warnings);
  expect<ConfigError>(!lines.empty(), folder, " holds no journal; the folder of a run (--out) is needed");
  write_file_atomically(file, gzip(packed_text(lines)));
}

void pack_journal(const std::string& folder, std::vector<std::string>& warnings) {
  expect<ConfigError>(std::filesystem::is_directory(folder + "/journal"), folder,
                      " holds no journal; the folder of a run (--out) is needed");
  const FileLock lock(folder + "/lock");
  const std::string packed = folder + "/journal/packed.jsonl.gz";
  const std::vector<std::string> files = journal_files(folder + "/journal");
  pack_journal(folder, packed, warnings);
  for (const std::string& file : files)
    if (file != packed) std::filesystem::remove(file);
}

}  // namespace wsym::lab
