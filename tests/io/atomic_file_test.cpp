// SPDX-License-Identifier: MIT
#include "wsym/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "io/scratch_folder.hpp"

using wsym::Error;
using wsym::read_file;
using wsym::write_file_atomically;

namespace {
/// Writes beyond so many bytes fail with EFBIG, as on a full disk, within the scope.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_;
  void (*handler_)(int);
};
}  // namespace

TEST_CASE("write_file_atomically: a new file is made and an old one replaced, with no other file left") {
  const ScratchFolder folder;
  for (const std::size_t size : {0u, 1u, 5000000u, 3u}) {
    const std::string bytes(size, static_cast<char>('a' + size % 26));
    write_file_atomically(folder / "f", bytes);
    CHECK(read_file(folder / "f") == bytes);
    CHECK(folder.entries() == 1);
  }
}

TEST_CASE("write_file_atomically: a name without a folder is in the current one") {
  const ScratchFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file_atomically("plain", "x");
  std::filesystem::current_path(before);
  CHECK(read_file(folder / "plain") == "x");
}

TEST_CASE("write_file_atomically: when the disk is full the old file is intact and nothing is left beside it") {
  const ScratchFolder folder;
  const std::string path = folder / "f";
  write_file_atomically(path, "old");
  {
    const FileSizeLimit limit(100000);
    CHECK_THROWS_WITH_AS(write_file_atomically(path, std::string(200000, 'x')),
                         ("cannot write '" + path + "': File too large").c_str(), Error);
  }
  CHECK(read_file(path) == "old");
  CHECK(folder.entries() == 1);
  write_file_atomically(path, std::string(200000, 'x'));
  CHECK(read_file(path).size() == 200000);
}

TEST_CASE("write_file_atomically: a missing or unusable folder is an error that names the file") {
  CHECK_THROWS_WITH_AS(write_file_atomically("no/such/f", "x"),
                       "cannot create a file beside 'no/such/f': No such file or directory", Error);
  CHECK_THROWS_WITH_AS(write_file_atomically("/proc/f", "x"),
                       "cannot create a file beside '/proc/f': No such file or directory", Error);
}

TEST_CASE("write_file_atomically: a device or a folder is never replaced") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH_AS(write_file_atomically("/dev/full", "x"), "cannot replace '/dev/full': it is not a regular file",
                       Error);
  CHECK_THROWS_AS(write_file_atomically(folder.path(), "x"), Error);
}

TEST_CASE("write_file_atomically: a name left over by a killed process is passed by and kept") {
  const ScratchFolder folder;
  const std::string left_over = folder / ("f.tmp-" + std::to_string(::getpid()) + "-0");
  std::ofstream(left_over) << "torn";
  write_file_atomically(folder / "f", "new");
  CHECK(read_file(folder / "f") == "new");
  CHECK(read_file(left_over) == "torn");
}

TEST_CASE("write_file_atomically: through 200 kills every reader sees one whole content") {
  const ScratchFolder folder;
  const std::string path = folder / "f", a(300000, 'a'), b(200000, 'b');
  write_file_atomically(path, a);
  int torn = 0;
  for (int round = 0; round < 200; ++round) {
    const pid_t child = ::fork();
    if (child == 0)
      [&]() noexcept {
        for (;;) {
          write_file_atomically(path, b);
          write_file_atomically(path, a);
        }
      }();
    for (int look = 0; look <= round % 10; ++look) {
      const std::string seen = read_file(path);
      torn += seen != a && seen != b;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string seen = read_file(path);
    torn += seen != a && seen != b;
  }
  CHECK(torn == 0);
}
