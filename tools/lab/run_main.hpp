// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>
#include <string>
#include <vector>

#include "lab/streams.hpp"
#include "lab/usage.hpp"

namespace wsym::lab {

/// main() of a program: calls body(arguments), the arguments without the program's name, and returns what it returns.
/// Usage is printed, on standard output where its exit code is 0; any other exception is printed and gives 1. So does a
/// standard output that did not take all that was printed.
template <class Body> int run_main(const char* program, int argc, char** argv, const Body& body) {
  guard_streams();
  const auto run = [&] {
    try {
      return body(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const Usage& usage) {
      if (usage.exit_code == 0)
        std::fputs(usage.what(), stdout);
      else
        std::fprintf(stderr, "%s: %s\nRun %s --help for the options.\n", program, usage.what(), argv[0]);
      return usage.exit_code;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", program, error.what());
      return 1;
    }
  };
  return after_output(program, run());
}

}  // namespace wsym::lab
