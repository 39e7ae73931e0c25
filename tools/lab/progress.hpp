// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "wsym/core/types.hpp"

namespace wsym::lab {

/// Seconds since its construction.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// One line that is rewritten in place: "[#####.....] 12/32 networks, wmlp hidden 64, 3 min 20 s left". Safe from any
/// thread; written at most ten times a second.
class ProgressBar {
 public:
  /// `stream` = nullptr: silent.
  ProgressBar(std::FILE* stream, Index total) : stream_(stream), total_(total) {}
  ProgressBar(const ProgressBar&) = delete;
  ~ProgressBar();

  /// One more network is done.
  void step(const std::string& what);

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* stream_;
  Index total_, done_ = 0;
  Clock::time_point start_ = Clock::now(), last_ = {};
  std::mutex mutex_;
};

/// stderr if it is a terminal, else nullptr.
std::FILE* terminal();

}  // namespace wsym::lab
