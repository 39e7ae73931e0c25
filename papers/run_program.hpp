// SPDX-License-Identifier: MIT
#pragma once
#include "datasets/program.hpp"

namespace wsym::papers {

/// main() of one data set's program: runs the experiment that the command line asks for. Returns the process's exit
/// code: 0 done, 2 wrong usage, 1 anything else. Errors go to stderr and name the program.
int run_program(const datasets::Program& program, int argc, char** argv);

}  // namespace wsym::papers
