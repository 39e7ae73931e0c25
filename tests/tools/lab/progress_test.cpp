// SPDX-License-Identifier: MIT
#include "lab/progress.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace wsym::lab;

namespace {

std::string written(std::FILE* file) {
  std::string text(static_cast<std::size_t>(std::ftell(file)), ' ');
  std::rewind(file);
  CHECK(std::fread(text.data(), 1, text.size(), file) == text.size());
  return text;
}

}  // namespace

TEST_CASE("progress: the bar says what is done, of how many, and clears its line at the end") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  {
    ProgressBar bar(file.get(), 2);
    bar.step("mlp hidden 16");
    bar.step("wmlp hidden 16");
  }
  const std::string text = written(file.get());
  CHECK(text.find("\r[##########..........] 1/2 networks, mlp hidden 16, ") == 0);
  CHECK(text.find("\r[####################] 2/2 networks, wmlp hidden 16, 0 s left") != text.npos);
  CHECK(text.substr(text.size() - 4) == "\r\033[K");
}

TEST_CASE("progress: without a stream there is nothing to see") {
  ProgressBar bar(nullptr, 1);
  bar.step("mlp");
}
