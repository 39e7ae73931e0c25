// SPDX-License-Identifier: MIT
#include "wsym/io/file.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <fstream>

#include "io/scratch_folder.hpp"

using wsym::AppendFile;
using wsym::Error;
using wsym::FileLock;
using wsym::read_file;

namespace {
void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}
}  // namespace

TEST_CASE("read_file: every byte is returned, also of an empty file, a large one and one of unknown size") {
  const ScratchFolder folder;
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 3000000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 % 256);
    write(folder / "f", bytes);
    CHECK(read_file(folder / "f") == bytes);
  }
  CHECK(read_file("/proc/self/status").substr(0, 5) == "Name:");
}

TEST_CASE("read_file: a missing file or a directory is an error with the path and the reason") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH_AS(read_file("no/such/file"), "cannot open 'no/such/file': No such file or directory", Error);
  CHECK_THROWS_WITH_AS(read_file(folder.path()), ("cannot read '" + folder.path() + "': Is a directory").c_str(),
                       Error);
}

TEST_CASE("make_directories: missing parts are made, existing ones kept, a file in the way is an error") {
  const ScratchFolder folder;
  wsym::make_directories(folder / "a/b//c/");
  wsym::make_directories(folder / "a/b");
  wsym::make_directories("/");
  write(folder / "a/b/c/f", "x");
  CHECK(read_file(folder / "a/b/c/f") == "x");
  CHECK_THROWS_WITH_AS(wsym::make_directories(folder / "a/b/c/f/d"),
                       ("cannot make the directory '" + folder / "a/b/c/f" + "': File exists").c_str(), Error);
}

TEST_CASE("AppendFile: lines are added to what is there") {
  const ScratchFolder folder;
  const std::string path = folder / "journal";
  AppendFile(path).write_line("one");
  {
    AppendFile file(path);
    file.write_line("two");
    file.sync();
    file.write_line("");
  }
  CHECK(read_file(path) == "one\ntwo\n\n");
  AppendFile file(path);
  CHECK_THROWS_AS(file.write_line("a\nb"), wsym::ConfigError);
  CHECK(read_file(path) == "one\ntwo\n\n");
}

TEST_CASE("AppendFile: a torn last line is cut off before the next one is added") {
  const ScratchFolder folder;
  const std::string path = folder / "journal";
  write(path, "one\ntwo\nthr");
  AppendFile(path).write_line("3");
  CHECK(read_file(path) == "one\ntwo\n3\n");
  write(path, "on");
  AppendFile(path).write_line("1");
  CHECK(read_file(path) == "1\n");
}

TEST_CASE("AppendFile: a file that was removed or replaced takes no line") {
  const ScratchFolder folder;
  const std::string path = folder / "journal";
  AppendFile file(path);
  file.write_line("one");
  std::filesystem::rename(path, folder / "moved");
  const std::string error = "cannot append to '" + path + "': it was removed or replaced since it was opened";
  CHECK_THROWS_WITH_AS(file.write_line("two"), error.c_str(), Error);
  write(path, "another\n");
  CHECK_THROWS_WITH_AS(file.write_line("two"), error.c_str(), Error);
  CHECK(read_file(path) == "another\n");
  std::filesystem::rename(folder / "moved", path);
  file.write_line("two");
  CHECK(read_file(path) == "one\ntwo\n");
}

TEST_CASE("FileLock: a lock file that was removed or replaced is no lock") {
  const ScratchFolder folder;
  const FileLock lock(folder / "lock");
  CHECK_NOTHROW(lock.expect_held());
  std::filesystem::remove(folder / "lock");
  CHECK_THROWS_WITH_AS(lock.expect_held(),
                       ("the lock file '" + folder / "lock" +
                        "' was removed or replaced; another process may be at work in its directory")
                           .c_str(),
                       Error);
  const FileLock other(folder / "lock");
  CHECK_THROWS_AS(lock.expect_held(), Error);
  CHECK_NOTHROW(other.expect_held());
}

TEST_CASE("AppendFile: a full disk is an error that names the file") {
  AppendFile file("/dev/full");
  CHECK_THROWS_WITH_AS(file.write_line("x"), "cannot write '/dev/full': No space left on device", Error);
}

TEST_CASE("AppendFile: after kill -9 each line whose write returned is there, whole") {
  const ScratchFolder folder;
  const std::string path = folder / "journal";
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0)
    [&]() noexcept {
      AppendFile file(path);
      for (char c = 'a';; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
        file.write_line(std::string(1000, c));
        if (::write(told[1], &c, 1) != 1) ::_exit(1);
      }
    }();
  char seen[100];
  std::size_t lines = 0;
  while (lines < sizeof seen) lines += static_cast<std::size_t>(::read(told[0], seen + lines, sizeof seen - lines));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
  const std::string text = read_file(path);
  REQUIRE(text.size() >= lines * 1001);
  for (std::size_t i = 0; i < lines; ++i) CHECK(text.substr(i * 1001, 1001) == std::string(1000, seen[i]) + '\n');
}

TEST_CASE("FileLock: a second holder is refused by name until the first one ends") {
  const ScratchFolder folder;
  const std::string path = folder / ".lock";
  {
    const FileLock lock(path);
    CHECK_THROWS_WITH_AS(
        FileLock{path},
        ("the lock file '" + path + "' is held by another process; wait until it ends, or work in another directory")
            .c_str(),
        Error);
  }
  const FileLock again(path);
  CHECK_THROWS_WITH_AS(FileLock{"no/such/.lock"},
                       "cannot open the lock file 'no/such/.lock': No such file or directory", Error);
}

TEST_CASE("FileLock: a killed process holds nothing") {
  const ScratchFolder folder;
  const std::string path = folder / ".lock";
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0)
    [&]() noexcept {
      const FileLock lock(path);
      if (::write(told[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }();
  char byte;
  REQUIRE(::read(told[0], &byte, 1) == 1);
  CHECK_THROWS_AS(FileLock{path}, Error);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
  CHECK_NOTHROW(FileLock{path});
}
