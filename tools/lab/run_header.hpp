// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>

#include "lab/journal_lines.hpp"

namespace wsym::lab {

/// Who runs, for the journal: what must not change in one results folder, and the build, command, time and machine.
RunHeader run_header(const Json& identity, const std::string& command, int threads);

/// The library, compiler and instruction set, with Eigen.
Json versions();
/// The machine: host, system, processor, cores.
Json environment();
/// "2026-12-01T06:57:10Z".
std::string utc_now();

/// As fingerprints of data stand in results: 16 hexadecimal digits.
std::string hexadecimal(std::uint64_t value);

}  // namespace wsym::lab
