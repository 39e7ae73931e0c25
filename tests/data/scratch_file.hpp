// SPDX-License-Identifier: MIT
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace wsym::test {

/// A file with the given contents in a directory of its own; both go with the object.
class ScratchFile {
 public:
  ScratchFile(const std::string& name, std::string_view contents) {
    char pattern[] = "/tmp/wsym_test_XXXXXX";
    REQUIRE(mkdtemp(pattern) != nullptr);
    directory_ = pattern;
    path_ = directory_ + "/" + name;
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    REQUIRE(file != nullptr);
    REQUIRE(std::fwrite(contents.data(), 1, contents.size(), file) == contents.size());
    REQUIRE(std::fclose(file) == 0);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  const std::string& path() const { return path_; }

 private:
  std::string directory_, path_;
};

}  // namespace wsym::test
