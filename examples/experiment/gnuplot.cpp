// SPDX-License-Identifier: MIT
#include "experiment/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <vector>

extern char** environ;

namespace wsym::experiment {
namespace {

Drawn run(const std::string& folder, std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, 2, "gnuplot.log", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "gnuplot", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Drawn::no_gnuplot;
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Drawn::failed;
  if (WEXITSTATUS(status) == 127) return Drawn::no_gnuplot;
  return WEXITSTATUS(status) == 0 ? Drawn::yes : Drawn::failed;
}

}  // namespace

std::string gnuplot_quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result + "\"";
}

Drawn run_gnuplot(const std::string& folder, const std::string& name) {
  const Drawn svg = run(folder, {"gnuplot", name + ".gp"});
  return svg == Drawn::yes ? run(folder, {"gnuplot", "-e", "png=1", name + ".gp"}) : svg;
}

}  // namespace wsym::experiment
