// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/core/error.hpp"

namespace wsym::lab {

/// A command line that cannot be obeyed, or that asked for help: what to print, and the process's exit code.
struct Usage : Error {
  Usage(const std::string& text, int exit_code_) : Error(text), exit_code(exit_code_) {}
  int exit_code;
};

}  // namespace wsym::lab
