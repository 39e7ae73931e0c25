// SPDX-License-Identifier: MIT
#include "lab/journal_lines.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>

#include "lab/text.hpp"
#include "wsym/data/gzip.hpp"

namespace wsym::lab {
namespace {

bool is_packed(const std::string& file) {
  return file.ends_with(".jsonl.gz");
}

std::string text_of(const std::string& file) {
  if (!is_packed(file)) return read_file(file);
  InputFile input(file, std::uint64_t{1} << 30);
  std::string text;
  for (std::size_t got = 1; got > 0;) {
    constexpr std::size_t piece = 1 << 20;
    text.resize(text.size() + piece);
    got = input.read(text.data() + text.size() - piece, piece);
    text.resize(text.size() - piece + got);
  }
  return text;
}

void read_lines(const std::string& file, std::vector<JournalLine>& lines, std::vector<std::string>& warnings) {
  const std::string text = text_of(file);
  Index number = 1;
  for (std::size_t start = 0; start < text.size(); ++number) {
    const std::size_t end = text.find('\n', start);
    if (end == text.npos) {
      expect<FormatError>(!is_packed(file), file, ":", number, ": the last line has no end");
      warnings.push_back(message(file, ":", number, ": the last line was cut off by a kill; it is left out"));
      break;
    }
    lines.push_back({file, number, Json::parse(text.substr(start, end - start), message(file, ":", number))});
    start = end + 1;
  }
}

/// "option: there it is x, now it is y" for each member that differs.
std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> list;
  const auto text = [](const Json* value) {
    return value ? value->dump() : std::string("unknown");
  };
  for (const auto& [name, value] : before.members())
    if (const Json* other = now.find(name); !other || *other != value)
      list.push_back((now.contains(name) ? name : shown(name)) + " was " + value.dump() + ", now it is " + text(other));
  for (const auto& [name, value] : now.members())
    if (!before.contains(name)) list.push_back(name + " was unknown, now it is " + value.dump());
  return list;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

/// Compares with every run before this one.
void compare(const std::string& out, const RunHeader& header, const std::vector<Json>& runs,
             std::vector<std::string>& warnings) {
  std::set<std::string> builds;
  for (const Json& run : runs) {
    const auto changed = differences(run.at("identity"), header.identity);
    expect<ConfigError>(changed.empty(), out, " holds the results of other settings: ", joined(changed),
                        "; use the same settings or another --out");
    const auto built = differences(run.at("build"), header.build);
    if (!built.empty()) builds.insert(joined(built));
  }
  for (const std::string& change : builds)
    warnings.push_back(out + " continues with another build: " + change +
                       "; networks trained from here on need not have the same bits");
}

/// A name of its own for each process, in the order of their starts.
std::string journal_name() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return message(milliseconds, "-", getpid(), ".jsonl");
}

/// Whether a file is what write_file_atomically leaves when it is killed, NAME.tmp-PROCESS-NUMBER, and the process is
/// gone, or had our own number.
bool is_leftover(const std::string& name) {
  const std::size_t mark = name.rfind(".tmp-"), dash = name.rfind('-');
  if (mark == name.npos || dash < mark + 5) return false;
  const auto digits = [&](std::size_t begin, std::size_t end) {
    return begin < end && end - begin < 10 && name.find_first_not_of("0123456789", begin) >= end;
  };
  if (!digits(mark + 5, dash) || !digits(dash + 1, name.size())) return false;
  const pid_t process = static_cast<pid_t>(std::stol(name.substr(mark + 5, dash - mark - 5)));
  return process == getpid() || (kill(process, 0) != 0 && errno == ESRCH);
}

/// Removes them from the folders that programs write into; for the holder of the lock.
void remove_leftovers(const std::string& out) {
  namespace fs = std::filesystem;
  std::error_code absent;
  std::vector<fs::path> folders = {out, out + "/journal", out + "/figures", out + "/tables"};
  for (const auto& entry : fs::directory_iterator(out + "/weights", absent)) folders.push_back(entry.path());
  std::vector<fs::path> leftovers;
  for (const fs::path& folder : folders)
    for (const auto& entry : fs::directory_iterator(folder, absent))
      if (is_leftover(entry.path().filename().string()) && fs::is_regular_file(entry.symlink_status()))
        leftovers.push_back(entry.path());
  for (const fs::path& path : leftovers) fs::remove(path);
}

std::string lock_of(const std::string& out) {
  make_directories(out + "/journal");
  return out + "/lock";
}

}  // namespace

std::string journal_of(const std::string& results) {
  return is_packed(results) ? results : results + "/journal";
}

std::vector<std::string> journal_files(const std::string& journal) {
  std::vector<std::string> files;
  if (is_packed(journal) && std::filesystem::is_regular_file(journal)) return {journal};
  if (!std::filesystem::is_directory(journal)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(journal))
    if (entry.path().extension() == ".jsonl" || is_packed(entry.path().string()))
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    return std::pair(!is_packed(a), a) < std::pair(!is_packed(b), b);
  });
  return files;
}

std::vector<JournalLine> read_journal_lines(const std::string& journal, std::vector<std::string>& warnings) {
  std::vector<JournalLine> lines;
  for (const std::string& file : journal_files(journal)) read_lines(file, lines, warnings);
  return lines;
}

std::vector<Json> runs_of(const std::vector<JournalLine>& lines) {
  std::vector<Json> runs;
  for_each_line(lines, [&](const JournalLine& line) {
    const bool run = line.kind() == "run";
    expect<FormatError>(run || line.number > 1, "kind ", shown(line.kind()),
                        "; a journal begins with the line of its run");
    if (!run) return;
    for (const char* const part : {"identity", "build", "session"}) line.json.members(part);
    runs.push_back(line.json);
  });
  return runs;
}

Json without_session(const Json& line) {
  Json rest = Json::object();
  for (const auto& [name, value] : line.members())
    if (name != "session") rest[name] = value;
  return rest;
}

std::string canonical_journal(const std::string& folder) {
  std::vector<std::string> warnings;
  std::set<std::string> lines;
  for (const JournalLine& line : read_journal_lines(folder, warnings)) lines.insert(without_session(line.json).dump());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

LineJournal::LineJournal(const std::string& out, const RunHeader& header)
    : folder_(out + "/journal"),
      run_(Json::object(
          {{"kind", "run"}, {"identity", header.identity}, {"build", header.build}, {"session", header.session}})),
      lock_(lock_of(out)),
      lines_(read_journal_lines(folder_, warnings_)) {
  remove_leftovers(out);
  compare(out, header, runs_of(lines_), warnings_);
}

const Json& LineJournal::start() {
  file_.emplace(folder_ + "/" + journal_name());
  write(run_);
  return run_;
}

void LineJournal::write(const Json& line) {
  const std::lock_guard guard(mutex_);
  lock_.expect_held();
  file_->write_line(line.dump());
  file_->sync();
}

}  // namespace wsym::lab
