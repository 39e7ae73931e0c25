// SPDX-License-Identifier: MIT
#pragma once
#include <stdlib.h>

#include <string>

/// PATH is another one for the life of this object.
struct Path {
  explicit Path(const std::string& value) : before(getenv("PATH")) { setenv("PATH", value.c_str(), 1); }
  Path(const Path&) = delete;
  ~Path() { setenv("PATH", before.c_str(), 1); }

  std::string before;
};
