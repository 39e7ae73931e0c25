// SPDX-License-Identifier: MIT
#include "sparse_ensembles/program.hpp"

#include <doctest/doctest.h>

#include "lab/journal_lines.hpp"
#include "lab/usage.hpp"
#include "sparse_ensembles/record.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/file.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
const datasets::Program digits{"digits", "Digits", 1797, 64, 0, 64, 10, 60, true};

int run(const std::string& out, std::vector<std::string> arguments, bool stopped = false) {
  for (const char* word : {"--experiment", "efficient", "--scale", "smoke", "--epochs", "1", "--quiet", "--out"})
    arguments.push_back(word);
  arguments.push_back(out);
  const std::atomic<bool> stop = stopped;
  return run_efficient(digits, sparse_ensembles::parse_options(digits, arguments), WSYM_EXAMPLES_DATA, "the command",
                       stop);
}

/// What must not depend on how the work was done.
std::string results(const std::string& out) {
  return lab::canonical_journal(out + "/journal") + read_file(out + "/metrics.csv") + read_file(out + "/claims.csv");
}
}  // namespace

TEST_CASE("efficient program: threads, interruptions and the order of studies change nothing") {
  const ScratchFolder one, two;
  CHECK(run(one.path, {"--study", "table2", "--repeats", "2", "--threads", "1"}) == 0);
  CHECK(run(two.path, {"--study", "table2", "--repeats", "1", "--threads", "2"}, true) == 1);
  CHECK(run(two.path, {"--study", "table2", "--repeats", "1", "--threads", "2"}) == 0);
  CHECK(results(one.path) != results(two.path));
  CHECK(run(two.path, {"--study", "table2", "--repeats", "2", "--threads", "4"}) == 0);
  CHECK(results(one.path) == results(two.path));
  CHECK(read_file(one.path + "/tables/table2.csv") == read_file(two.path + "/tables/table2.csv"));
}

TEST_CASE("efficient program: a folder takes other systems of the same settings, and refuses other settings") {
  const ScratchFolder folder;
  CHECK(run(folder.path, {"--models", "mlp"}) == 0);
  CHECK(run(folder.path, {"--models", "mlp,moe"}) == 0);
  std::vector<std::string> warnings;
  CHECK(read_records(folder.path + "/journal", warnings).size() == 2);
  CHECK_THROWS_WITH_AS(run(folder.path, {"--models", "mlp", "--lr", "0.5"}),
                       (folder.path + " holds the results of other settings: lr was 0.001, now it is 0.5; use the same "
                                      "settings or another --out")
                           .c_str(),
                       ConfigError);
}

TEST_CASE("efficient program: a folder's studies are of one kind, and systems of another kind leave them as they are") {
  const ScratchFolder folder;
  const auto files = [&] {
    return read_file(folder.path + "/claims.csv") + read_file(folder.path + "/tables/table2.csv");
  };
  CHECK(run(folder.path, {"--study", "table2"}) == 0);
  const std::string before = files();
  CHECK(before.find("partitioning") != std::string::npos);
  CHECK(run(folder.path, {"--models", "moe", "--balance", "0.5"}) == 0);
  CHECK(files() == before);
  CHECK(read_file(folder.path + "/tables/systems.csv").find("balance=0.5") != std::string::npos);
  CHECK_THROWS_AS(run(folder.path, {"--study", "table2", "--balance", "0.5"}), ConfigError);
  CHECK(files() == before);
}

TEST_CASE("efficient program: what cannot be built is refused before anything is trained") {
  const ScratchFolder folder;
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--models", "mlp,e3", "--members", "3"},
                                                {"--top-k", "5"},
                                                {"--models", "e3", "--start", "upstream", "--upstream-k", "5"}}) {
    CAPTURE(wrong.back());
    try {
      run(folder.path + "/new", wrong);
      FAIL("nothing was thrown");
    } catch (const lab::Usage& usage) {
      CHECK(usage.exit_code == 2);
    }
  }
  CHECK_THROWS_AS(read_file(folder.path + "/new/metrics.csv"), Error);
}

TEST_CASE("efficient program: where everything diverged it exits with 1, where something did not with 0") {
  const ScratchFolder folder, other;
  CHECK(run(folder.path, {"--models", "mlp,moe", "--lr", "1e30"}) == 1);
  std::vector<std::string> warnings;
  const Records records = read_records(folder.path + "/journal", warnings);
  REQUIRE(records.size() == 2);
  for (const auto& [place, record] : records) CHECK(record.diverged);
  CHECK(run(other.path, {"--models", "mlp"}) == 0);
}
