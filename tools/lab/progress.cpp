// SPDX-License-Identifier: MIT
#include "lab/progress.hpp"

#include <unistd.h>

#include "lab/text.hpp"

namespace wsym::lab {

ProgressBar::~ProgressBar() {
  if (stream_ != nullptr) std::fputs("\r\033[K", stream_);
}

void ProgressBar::step(const std::string& what) {
  const std::lock_guard guard(mutex_);
  ++done_;
  const Clock::time_point now = Clock::now();
  if (stream_ == nullptr || (now - last_ < std::chrono::milliseconds(100) && done_ < total_)) return;
  last_ = now;
  constexpr Index width = 20;
  const auto filled = static_cast<std::size_t>(width * done_ / total_);
  const double spent = std::chrono::duration<double>(now - start_).count();
  const double left = spent * static_cast<double>(total_ - done_) / static_cast<double>(done_);
  const std::string line = "\r[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " +
                           std::to_string(done_) + "/" + std::to_string(total_) + " networks, " + what + ", " +
                           duration(left) + " left\033[K";
  std::fputs(line.c_str(), stream_);
  std::fflush(stream_);
}

std::FILE* terminal() {
  return isatty(STDERR_FILENO) ? stderr : nullptr;
}

}  // namespace wsym::lab
