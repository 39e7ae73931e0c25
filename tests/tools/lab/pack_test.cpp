// SPDX-License-Identifier: MIT
#include "lab/pack.hpp"

#include <doctest/doctest.h>

#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::lab;

namespace {

std::string run_line(const std::string& command, const std::string& started, const std::string& host) {
  return R"({"kind":"run","identity":{"seed":0},"build":{"wsym":"1"},"session":{"command":")" + command +
         R"(","started":")" + started + R"(","threads":2,"on":{"host":")" + host +
         R"(","system":"s","processor":"p","cores":2},"commit":"c"}})" + "\n";
}

std::string packed_run_line(const std::string& command) {
  return R"({"kind":"run","identity":{"seed":0},"build":{"wsym":"1"},"session":{"command":")" + command +
         R"(","threads":2,"on":{"cores":2},"commit":"c"}})" + "\n";
}

std::string line(int member, double seconds) {
  return message(R"({"kind":"member","member":)", member, R"(,"session":{"seconds":)", seconds, "}}\n");
}

/// A results folder with two journal files that share a network.
void write_journal(const std::string& out) {
  make_directories(out + "/journal");
  write_file_atomically(out + "/journal/1-1.jsonl", run_line("a", "yesterday", "x") + line(2, 1.5) + line(1, 2.5));
  write_file_atomically(out + "/journal/2-1.jsonl",
                        run_line("b", "today", "x") + line(3, 1.5) + line(1, 9.5) + run_line("a", "now", "y"));
}

std::string text_in(const std::string& journal) {
  std::vector<std::string> warnings;
  std::string text;
  for (const JournalLine& one : read_journal_lines(journal, warnings)) text += one.json.dump() + "\n";
  CHECK(warnings.empty());
  return text;
}

}  // namespace

TEST_CASE("pack: processes come first, each once and without machine and time, then lines by their text, each once") {
  const ScratchFolder folder;
  write_journal(folder.path);
  std::vector<std::string> warnings;
  CHECK(packed_text(read_journal_lines(folder.path + "/journal", warnings)) ==
        packed_run_line("b") + packed_run_line("a") + line(1, 2.5) + line(2, 1.5) + line(3, 1.5));
}

TEST_CASE("pack: a packed journal is read like the plain one, can be packed again, and is the same bytes then") {
  const ScratchFolder folder;
  write_journal(folder.path);
  const std::string before = canonical_journal(folder.path + "/journal"), file = folder.path + "/x.jsonl.gz",
                    packed = folder.path + "/journal/packed.jsonl.gz";
  std::vector<std::string> warnings;
  pack_journal(folder.path, file, warnings);
  CHECK(journal_files(folder.path + "/journal").size() == 2);
  pack_journal(folder.path, warnings);
  CHECK(journal_files(folder.path + "/journal") == std::vector<std::string>{packed});
  CHECK(read_file(packed) == read_file(file));
  CHECK(text_in(file) == text_in(folder.path + "/journal"));
  pack_journal(folder.path, warnings);
  CHECK(read_file(packed) == read_file(file));
  pack_journal(file, folder.path + "/y.jsonl.gz", warnings);
  CHECK(read_file(folder.path + "/y.jsonl.gz") == read_file(file));

  write_file_atomically(folder.path + "/journal/3-1.jsonl", run_line("c", "later", "x") + line(0, 1));
  CHECK(journal_files(folder.path + "/journal") ==
        std::vector<std::string>{packed, folder.path + "/journal/3-1.jsonl"});
  pack_journal(folder.path, warnings);
  CHECK(text_in(folder.path + "/journal") == packed_run_line("b") + packed_run_line("a") + packed_run_line("c") +
                                                 line(0, 1) + line(1, 2.5) + line(2, 1.5) + line(3, 1.5));
  CHECK(canonical_journal(folder.path + "/journal") != before);
  CHECK(warnings.empty());
}

TEST_CASE("pack: the gzip file has no time and no name") {
  const ScratchFolder folder;
  write_journal(folder.path);
  std::vector<std::string> warnings;
  pack_journal(folder.path, folder.path + "/x.jsonl.gz", warnings);
  const std::string bytes = read_file(folder.path + "/x.jsonl.gz");
  CHECK(bytes.substr(0, 8) == std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
}

TEST_CASE("pack: what cannot be packed is refused, and the files stay") {
  const ScratchFolder folder;
  std::vector<std::string> warnings;
  CHECK_THROWS_WITH_AS(pack_journal(folder.path + "/none", warnings), doctest::Contains("holds no journal"),
                       ConfigError);
  write_journal(folder.path);
  CHECK_THROWS_WITH_AS(pack_journal(folder.path, folder.path + "/x.gz", warnings),
                       doctest::Contains("a packed journal is named NAME.jsonl.gz"), ConfigError);
  {
    const FileLock other(folder.path + "/lock");
    CHECK_THROWS_WITH_AS(pack_journal(folder.path, warnings), doctest::Contains("is held by another process"), Error);
  }
  write_file_atomically(folder.path + "/journal/4-1.jsonl", run_line("c", "later", "x") + "no json\n" + line(0, 1));
  CHECK_THROWS_WITH_AS(pack_journal(folder.path, warnings), doctest::Contains("4-1.jsonl:2:"), FormatError);
  CHECK(journal_files(folder.path + "/journal").size() == 3);
}

TEST_CASE("pack: a damaged or torn packed journal is an error with its name") {
  const ScratchFolder folder;
  write_journal(folder.path);
  std::vector<std::string> warnings;
  const std::string file = folder.path + "/x.jsonl.gz";
  pack_journal(folder.path, file, warnings);
  const std::string bytes = read_file(file);
  write_file_atomically(file, bytes.substr(0, bytes.size() - 9));
  CHECK_THROWS_WITH_AS(read_journal_lines(file, warnings), doctest::Contains("x.jsonl.gz: the gzip file is cut short"),
                       FormatError);
  write_file_atomically(file, "{}\n");
  CHECK_THROWS_WITH_AS(read_journal_lines(file, warnings), doctest::Contains("x.jsonl.gz: not a gzip file"),
                       FormatError);
}

TEST_CASE("pack: a line cut off by a kill is left out, and said so") {
  const ScratchFolder folder;
  write_journal(folder.path);
  write_file_atomically(folder.path + "/journal/4-1.jsonl", run_line("c", "later", "x") + "{\"kind\":");
  std::vector<std::string> warnings;
  pack_journal(folder.path, warnings);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].ends_with("4-1.jsonl:2: the last line was cut off by a kill; it is left out"));
}
