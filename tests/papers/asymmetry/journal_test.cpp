// SPDX-License-Identifier: MIT
#include "asymmetry/journal.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "papers/asymmetry/records.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

const auto half = [](Index) {
  return 0.5;
};

RunHeader header(double lr = 0.001, const char* instructions = "avx2") {
  return {Json::object({{"preset", "text"}, {"lr", lr}}), Json::object({{"instructions", instructions}}),
          Json::object({{"command", "digits"}})};
}

std::string only_file(const std::string& folder) {
  return std::filesystem::directory_iterator(folder)->path().string();
}

}  // namespace

TEST_CASE("journal: what was appended is there when it is opened again") {
  const ScratchFolder out;
  {
    Journal journal(out.path, sample::accuracy, header());
    journal.append(sample::member(sample::cell(), 0, 0.25));
    journal.append(sample::finished(sample::cell(), 4, half));
    CHECK(journal.records().members.size() == 1);
  }
  const Journal journal(out.path, sample::accuracy, header());
  CHECK(journal.records().members.at({sample::cell(), 0}).test.metric == 0.25);
  CHECK(journal.records().cells.at({sample::cell(), 4}).sizes.size() == 2);
  CHECK(journal.records().runs.size() == 1);
  CHECK(journal.records().warnings.empty());
}

TEST_CASE("journal: a cell counts as finished by as many members or more") {
  Records records;
  records.cells[{sample::cell(), 8}] = sample::finished(sample::cell(), 8, half);
  CHECK(records.finished(sample::cell(), 4) == &records.cells.begin()->second);
  CHECK(records.finished(sample::cell(), 8) != nullptr);
  CHECK(records.finished(sample::cell(), 9) == nullptr);
  CHECK(records.finished(sample::cell("mlp", 8), 4) == nullptr);
  CHECK(records.finished(sample::cell("wmlp"), 4) == nullptr);
}

TEST_CASE("journal: a second process is refused while the first one holds the folder") {
  const ScratchFolder out;
  const Journal journal(out.path, sample::accuracy, header());
  CHECK_THROWS_WITH_AS(Journal(out.path, sample::accuracy, header()), doctest::Contains("is held by another process"),
                       Error);
}

TEST_CASE("journal: another identity is refused by option and both values, and leaves no file") {
  const ScratchFolder out;
  { const Journal journal(out.path, sample::accuracy, header()); }
  CHECK_THROWS_WITH_AS(Journal(out.path, sample::accuracy, header(0.01)),
                       (out.path + " holds the results of other settings: lr was 0.001, now it is 0.01; use the same "
                                   "settings or another --out")
                           .c_str(),
                       ConfigError);
  CHECK(read_journal(out.path + "/journal", sample::accuracy).runs.size() == 1);
}

TEST_CASE("journal: another program is refused as such, although its lines have other fields") {
  const ScratchFolder out;
  {
    Journal journal(out.path, sample::accuracy, header());
    journal.append(sample::member(sample::cell(), 0, 0.25));
  }
  CHECK_THROWS_WITH_AS(Journal(out.path, sample::rmse, header(0.01)), doctest::Contains("other settings"), ConfigError);
}

TEST_CASE("journal: another build is warned of, by what changed") {
  const ScratchFolder out;
  { const Journal journal(out.path, sample::accuracy, header()); }
  const Journal journal(out.path, sample::accuracy, header(0.001, "avx512"));
  REQUIRE(journal.records().warnings.size() == 1);
  CHECK(journal.records().warnings[0].find("instructions was \"avx2\", now it is \"avx512\"") != std::string::npos);
}

TEST_CASE("journal: a last line without its end is left out with a warning, whatever it holds") {
  const ScratchFolder out;
  {
    Journal journal(out.path, sample::accuracy, header());
    journal.append(sample::member(sample::cell(), 0, 0.25));
    journal.append(sample::member(sample::cell(), 1, 0.5));
  }
  const std::string file = only_file(out.path + "/journal");
  for (const int cut : {1, 2, 100}) {
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - static_cast<std::size_t>(cut));
    const Records records = read_journal(out.path + "/journal", sample::accuracy);
    CHECK(records.members.size() == 1);
    REQUIRE(records.warnings.size() == 1);
    CHECK(records.warnings[0] == file + ":3: the last line was cut off by a kill; it is left out");
  }
}

TEST_CASE("journal: a broken line elsewhere is an error with file and line") {
  const ScratchFolder out;
  {
    AppendFile file(out.path + "/1.jsonl");
    file.write_line(to_json(sample::accuracy, sample::member(sample::cell(), 0, 0.5)).dump());
    file.write_line(R"({"kind":"song"})");
  }
  CHECK_THROWS_WITH_AS(read_journal(out.path, sample::accuracy),
                       (out.path + "/1.jsonl:2: kind 'song'; run, member or cell is needed").c_str(), FormatError);
  { AppendFile(out.path + "/0.jsonl").write_line("{"); }
  CHECK_THROWS_WITH_AS(read_journal(out.path, sample::accuracy), doctest::Contains("/0.jsonl:1"), FormatError);
}

TEST_CASE("journal: a file that does not begin with its run is an error with its place, wherever a folder is opened") {
  const ScratchFolder out;
  make_directories(out.path + "/journal");
  const std::string file = out.path + "/journal/1.jsonl";
  { AppendFile(file).write_line(to_json(sample::accuracy, sample::member(sample::cell(), 0, 0.5)).dump()); }
  CHECK_THROWS_WITH_AS(Journal(out.path, sample::accuracy, header()),
                       (file + ":1: kind 'member'; a journal begins with the line of its run").c_str(), FormatError);
  std::filesystem::remove(file);
  { AppendFile(file).write_line(R"({"kind":"run","identity":{},"session":{}})"); }
  CHECK_THROWS_WITH_AS(Journal(out.path, sample::accuracy, header()),
                       (file + ":1: json: member 'build' is missing").c_str(), FormatError);
}

TEST_CASE("journal: when its folder or the lock is removed, the next line is an error") {
  for (const char* const removed : {"/journal", "/lock"}) {
    const ScratchFolder out;
    Journal journal(out.path, sample::accuracy, header());
    journal.append(sample::member(sample::cell(), 0, 0.25));
    std::filesystem::remove_all(out.path + removed);
    CHECK_THROWS_WITH_AS(journal.append(sample::member(sample::cell(), 1, 0.25)),
                         doctest::Contains("was removed or replaced"), Error);
  }
}

TEST_CASE("journal: what killed processes left of files goes, and nothing else") {
  const ScratchFolder out;
  make_directories(out.path + "/figures");
  make_directories(out.path + "/weights/cell");
  const std::string alive = std::to_string(getppid()), gone = "999999998", own = std::to_string(getpid());
  const std::vector<std::string> stays = {"/summary.csv.tmp-" + alive + "-0", "/a.tmp-" + gone, "/a.tmp-x-0",
                                          "/a.tmp-" + gone + "-0.csv",        "/a.tmp--0",      "/other.tmp",
                                          "/figures/b.tmp-0" + gone + "00-0"};
  const std::vector<std::string> goes = {"/summary.csv.tmp-" + gone + "-0", "/summary.csv.tmp-" + own + "-12",
                                         "/figures/f.gp.tmp-" + gone + "-3",
                                         "/weights/cell/0.safetensors.tmp-" + gone + "-0"};
  for (const auto* const files : {&stays, &goes})
    for (const std::string& file : *files) AppendFile(out.path + file).write_line("x");
  const Journal journal(out.path, sample::accuracy, header());
  for (const std::string& file : stays) CHECK_MESSAGE(std::filesystem::exists(out.path + file), file);
  for (const std::string& file : goes) CHECK_FALSE_MESSAGE(std::filesystem::exists(out.path + file), file);
}

TEST_CASE("journal: the same network twice counts once; unequal numbers are warned of") {
  const ScratchFolder out;
  MemberRecord record = sample::member(sample::cell(), 0, 0.25);
  { AppendFile(out.path + "/1.jsonl").write_line(to_json(sample::accuracy, record).dump()); }
  record.seconds = 99;
  { AppendFile(out.path + "/2.jsonl").write_line(to_json(sample::accuracy, record).dump()); }
  CHECK(read_journal(out.path, sample::accuracy).warnings.empty());
  record.test.metric = 0.75;
  { AppendFile(out.path + "/3.jsonl").write_line(to_json(sample::accuracy, record).dump()); }
  const Records records = read_journal(out.path, sample::accuracy);
  CHECK(records.members.at({sample::cell(), 0}).test.metric == 0.25);
  REQUIRE(records.warnings.size() == 1);
  CHECK(records.warnings[0].find("3.jsonl:1: mlp, hidden 16, repetition 0, 0 is there twice") != std::string::npos);
}

TEST_CASE("journal: its canonical text depends neither on order, files nor sessions") {
  const ScratchFolder one, two;
  const MemberRecord first = sample::member(sample::cell(), 0, 0.25);
  MemberRecord second = sample::member(sample::cell(), 1, 0.5);
  {
    AppendFile file(one.path + "/1.jsonl");
    file.write_line(to_json(sample::accuracy, first).dump());
    file.write_line(to_json(sample::accuracy, second).dump());
  }
  second.seconds = 77;
  { AppendFile(two.path + "/1.jsonl").write_line(to_json(sample::accuracy, second).dump()); }
  CHECK(canonical_journal(one.path) != canonical_journal(two.path));
  { AppendFile(two.path + "/2.jsonl").write_line(to_json(sample::accuracy, first).dump()); }
  CHECK(canonical_journal(one.path) == canonical_journal(two.path));
  CHECK(canonical_journal(one.path).find("seconds") == std::string::npos);
}
