// SPDX-License-Identifier: MIT
#include "sparse_ensembles/record.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
Record record_of(const std::string& system, Index repeat, double nll) {
  Record record{.system = system_of(system), .repeat = repeat};
  record.numbers = {{"nll", nll}, {"kl", NAN}};
  record.load = {{0.25, 0.75}, {1, 0}};
  record.reliability = {{3, 0.5, 0.25}};
  record.seconds = 2;
  return record;
}
lab::RunHeader header() {
  return {Json::object({{"program", "digits"}}), Json::object({}), Json::object({{"command", "x"}})};
}
}  // namespace

TEST_CASE("record: its line reads back, with numbers that are not defined") {
  const Record before = record_of("model=e3;members=2", 3, 0.5), after = record_from_json(to_json(before));
  CHECK(to_json(after) == to_json(before));
  CHECK(after.number("nll") == 0.5);
  CHECK(std::isnan(after.number("kl")));
  CHECK(std::isnan(after.number("there is none")));
  CHECK(after.load == before.load);
  CHECK(after.reliability == before.reliability);
}

TEST_CASE("journal: what was appended is there again, and the repetitions of a system come in order") {
  const ScratchFolder folder;
  {
    Journal journal(folder.path, header());
    for (const Index repeat : {2, 0, 1}) journal.append(record_of("model=moe", repeat, static_cast<double>(repeat)));
    Record bad = record_of("model=moe", 3, 9);
    bad.diverged = true;
    journal.append(bad);
    journal.append(record_of("model=moe;top_k=2", 0, 7));
  }
  Journal again(folder.path, header());
  CHECK(again.records().size() == 5);
  CHECK(again.runs().size() == 2);
  const auto repeats = repeats_of(again.records(), System{});
  REQUIRE(repeats.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(repeats[i]->number("nll") == static_cast<double>(i));
}

TEST_CASE("journal: unequal lines of one system are warned of, other kinds refused with their place") {
  const ScratchFolder folder;
  make_directories(folder.path + "/journal");
  const auto write = [&](const Json& a, const Json& b) {
    write_file_atomically(folder.path + "/journal/1.jsonl", a.dump() + "\n" + b.dump() + "\n");
  };
  write(to_json(record_of("model=mlp", 0, 1)), to_json(record_of("model=mlp", 0, 2)));
  std::vector<std::string> warnings;
  CHECK(read_records(folder.path + "/journal", warnings).begin()->second.number("nll") == 1);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("1.jsonl:2: mlp, repetition 0 is there twice") != std::string::npos);
  write(to_json(record_of("model=mlp", 0, 1)), Json::object({{"kind", "member"}}));
  CHECK_THROWS_AS(read_records(folder.path + "/journal", warnings), FormatError);
}
