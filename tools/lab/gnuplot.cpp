// SPDX-License-Identifier: MIT
#include "lab/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "wsym/io/atomic_file.hpp"

extern char** environ;

namespace wsym::lab {
namespace {

Drawn run(const std::string& folder, const std::string& log, std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
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
  std::string result = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'')
      result += result.back() == c ? " ''" : "''";
    else
      result += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return result + "'";
}

std::string without_empty_groups(std::string svg) {
  constexpr std::string_view blanks = " \t\r\n", close = "</g>";
  for (std::size_t end = 0; (end = svg.find(close, end)) != svg.npos;) {
    const std::size_t last = svg.find_last_not_of(blanks, end - 1), begin = svg.rfind('<', end - 1);
    if (begin == svg.npos || svg[last] != '>' || svg[last - 1] == '/' || svg.compare(begin, 3, "<g ") != 0 ||
        svg.find('>', begin) != last) {
      end += close.size();
      continue;
    }
    const std::size_t next = end + close.size();
    svg.erase(begin, next - begin + (next < svg.size() && svg[next] == '\n' ? 1 : 0));
    end = begin;
  }
  return svg;
}

Drawn run_gnuplot(const std::string& folder, const std::string& name) {
  const std::filesystem::path place(folder), log = place / (name + ".log");
  std::filesystem::remove(log);
  for (const char* const end : {".svg", ".png"})
    if (const auto file = place / (name + end); std::filesystem::is_symlink(file)) std::filesystem::remove(file);
  Drawn drawn = Drawn::yes;
  for (std::vector<std::string> words : {std::vector<std::string>{"gnuplot", "-d"}, {"gnuplot", "-d", "-e", "png=1"}}) {
    words.push_back(name + ".gp");
    if (drawn == Drawn::yes) drawn = run(folder, name + ".log", std::move(words));
  }
  std::error_code absent;
  if (const auto svg = place / (name + ".svg"); drawn == Drawn::yes && std::filesystem::is_regular_file(svg, absent))
    write_file_atomically(svg.string(), without_empty_groups(read_file(svg.string())));
  if (std::filesystem::file_size(log, absent) == 0) std::filesystem::remove(log);
  return drawn;
}

}  // namespace wsym::lab
