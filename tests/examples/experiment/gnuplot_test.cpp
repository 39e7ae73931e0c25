// SPDX-License-Identifier: MIT
#include "experiment/gnuplot.hpp"

#include <doctest/doctest.h>

#include "examples/experiment/path.hpp"
#include "examples/experiment/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::experiment;

namespace {
/// A shell script that is found where gnuplot is looked for.
struct FakeGnuplot {
  FakeGnuplot(const ScratchFolder& folder, const std::string& commands) : path(folder.path + ":/bin:/usr/bin") {
    const std::string program = folder.path + "/gnuplot";
    write_file_atomically(program, "#!/bin/sh\n" + commands);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  Path path;
};
}  // namespace

TEST_CASE("gnuplot: a quoted string keeps quotes, backslashes and line ends") {
  CHECK(gnuplot_quoted("a \"b\" \\ c\nd ±") == "\"a \\\"b\\\" \\\\ c\\nd ±\"");
}

TEST_CASE("gnuplot: a script is run once as it is and once with png defined, in its folder") {
  const ScratchFolder folder;
  const FakeGnuplot gnuplot(folder, "echo \"$@\" >> said\npwd >> said\n");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::yes);
  CHECK(read_file(folder.path + "/said") == "f.gp\n" + folder.path + "\n-e png=1 f.gp\n" + folder.path + "\n");
}

TEST_CASE("gnuplot: one that fails leaves its words in a log") {
  const ScratchFolder folder;
  const FakeGnuplot gnuplot(folder, "echo 'no such curve' >&2\nexit 1\n");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::failed);
  CHECK(read_file(folder.path + "/gnuplot.log") == "no such curve\n");
}

TEST_CASE("gnuplot: where there is none, that is what comes back") {
  const ScratchFolder folder;
  const Path nowhere("/nonexistent");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::no_gnuplot);
}
