// SPDX-License-Identifier: MIT
#include "lab/gnuplot.hpp"

#include <doctest/doctest.h>

#include "tools/lab/path.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::lab;

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

TEST_CASE("gnuplot: a quoted string keeps what it holds, in single quotes, on one line") {
  CHECK(gnuplot_quoted("a \"b\" \\ `c` $d @e 'f' ±") == "'a \"b\" \\ `c` $d @e ''f'' ±'");
  CHECK(gnuplot_quoted("''a''b'") == "' '' ''a'' ''b'''");
  CHECK(gnuplot_quoted("a\nb\rc\td\x7f") == "'a b c d '");
}

TEST_CASE("gnuplot: no text is obeyed") {
  const ScratchFolder folder;
  std::string script = "set terminal svg noenhanced\nset output " + gnuplot_quoted("f.svg") + "\n";
  const std::string texts[] = {"`touch a`",     "'; system(\"touch b\"); #", "\"; system('touch c'); #",
                               "x\n!touch d\n", "' .system('touch e'). '",   "@m",
                               "\\' `touch f`", "''; system('touch h'); '",  "a''''.system('touch i')",
                               "it's \\"};
  for (const std::string& text : texts)
    for (const char* const before : {"set title ", "set label ", "set ylabel ", "plot x title "})
      script += before + gnuplot_quoted(text) + "\n";
  write_file_atomically(folder.path + "/f.gp", "m = 'touch g'\n" + script);
  if (run_gnuplot(folder.path, "f") == Drawn::no_gnuplot) {
    MESSAGE("gnuplot is not installed: skipped");
    return;
  }
  CHECK(std::filesystem::exists(folder.path + "/f.svg"));
  for (const auto& file : std::filesystem::directory_iterator(folder.path))
    CHECK_MESSAGE(file.path().filename().string().rfind("f.", 0) == 0, file.path().string());
  CHECK(read_file(folder.path + "/f.svg").find("it's \\") != std::string::npos);
}

TEST_CASE("gnuplot: a script is run once as it is and once with png defined, in its folder") {
  const ScratchFolder folder;
  const FakeGnuplot gnuplot(folder, "echo \"$@\" >> said\npwd >> said\n");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::yes);
  CHECK(read_file(folder.path + "/said") == "-d f.gp\n" + folder.path + "\n-d -e png=1 f.gp\n" + folder.path + "\n");
}

TEST_CASE("gnuplot: groups without content go, with those that hold nothing else, and all else stays") {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"<svg>\n<g a='1'>\n</g>\n<g b='2'>\n\t<path d='M1,2'/></g>\n<g c='3'>\n</g>\n</svg>\n",
       "<svg>\n<g b='2'>\n\t<path d='M1,2'/></g>\n</svg>\n"},
      {"<g a='1'><g b='2'> </g>\n</g>x", "x"},
      {"<g a='1'>text</g>", "<g a='1'>text</g>"},
      {"<g a='1'><g b='2'/></g>", "<g a='1'><g b='2'/></g>"},
      {"</g></g>", "</g></g>"},
      {"<g a='1'", "<g a='1'"}};
  for (const auto& [svg, expected] : cases) CHECK(without_empty_groups(svg) == expected);
}

TEST_CASE("gnuplot: one that fails leaves its words in a log") {
  const ScratchFolder folder;
  const FakeGnuplot gnuplot(folder, "echo 'no such curve' >&2\nexit 1\n");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::failed);
  CHECK(read_file(folder.path + "/f.log") == "no such curve\n");
}

TEST_CASE("gnuplot: a log stays where something was said, and that of one figure is not that of another") {
  const ScratchFolder folder;
  const FakeGnuplot gnuplot(folder, "test \"$2\" = g.gp && echo bad >&2 && exit 1\ntest -n \"$3\" || exit 0\n");
  write_file_atomically(folder.path + "/f.log", "of an earlier run\n");
  CHECK(run_gnuplot(folder.path, "g") == Drawn::failed);
  CHECK(run_gnuplot(folder.path, "f") == Drawn::yes);
  CHECK(read_file(folder.path + "/g.log") == "bad\n");
  CHECK_FALSE(std::filesystem::exists(folder.path + "/f.log"));
}

TEST_CASE("gnuplot: links in a folder are replaced, and what they name stays as it is") {
  const ScratchFolder folder, elsewhere;
  write_file_atomically(elsewhere.path + "/kept", "mine");
  for (const char* const name : {"f.log", "f.svg", "f.png"})
    std::filesystem::create_symlink(elsewhere.path + "/kept", folder.path + "/" + name);
  const FakeGnuplot gnuplot(folder, "echo said >&2\necho drawn > f.svg\necho drawn > f.png\n");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::yes);
  CHECK(read_file(elsewhere.path + "/kept") == "mine");
  CHECK(read_file(folder.path + "/f.svg") == "drawn\n");
}

TEST_CASE("gnuplot: where there is none, that is what comes back") {
  const ScratchFolder folder;
  const Path nowhere("/nonexistent");
  CHECK(run_gnuplot(folder.path, "f") == Drawn::no_gnuplot);
}
