// SPDX-License-Identifier: MIT
#include "efficient/program.hpp"

#include <doctest/doctest.h>

#include "efficient/record.hpp"
#include "examples/experiment/scratch_folder.hpp"
#include "experiment/journal_lines.hpp"
#include "wsym/io/file.hpp"

using namespace wsym;
using namespace wsym::efficient;

namespace {
const experiment::Program digits{"digits", "Digits", 1797, 64, 0, 64, 10, 60, true};

int run(const std::string& out, std::vector<std::string> arguments, bool stopped = false) {
  for (const char* word : {"--experiment", "efficient", "--scale", "smoke", "--epochs", "1", "--quiet", "--out"})
    arguments.push_back(word);
  arguments.push_back(out);
  const std::atomic<bool> stop = stopped;
  return run_efficient(digits, efficient::parse_options(digits, arguments), WSYM_EXAMPLES_DATA, "the command", stop);
}

/// What must not depend on how the work was done.
std::string results(const std::string& out) {
  return experiment::canonical_journal(out + "/journal") + read_file(out + "/metrics.csv") +
         read_file(out + "/claims.csv");
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

TEST_CASE("efficient program: what cannot be built is refused before anything is trained") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(run(folder.path + "/new", {"--models", "mlp,e3", "--members", "3"}), ConfigError);
  CHECK_THROWS_AS(read_file(folder.path + "/new/metrics.csv"), Error);
}
