// SPDX-License-Identifier: MIT
#include "lab/run_header.hpp"

#include <sys/utsname.h>

#include <Eigen/Core>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "lab/commit.hpp"
#include "wsym/core/parallel.hpp"
#include "wsym/core/version.hpp"
#include "wsym/kernels/simd.hpp"

#define WSYM_LAB_TEXT(word) #word
#define WSYM_LAB_WORD(macro) WSYM_LAB_TEXT(macro)

namespace wsym::lab {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang++ " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

Json build() {
  return Json::object({{"wsym", WSYM_VERSION}, {"compiler", compiler()}, {"instructions", WSYM_LAB_WORD(WSYM_SIMD)}});
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0 && line.find(": ") != line.npos) return line.substr(line.find(": ") + 2);
  return "unknown";
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json environment() {
  utsname system{};
  uname(&system);
  return Json::object({{"host", system.nodename},
                       {"system", message(system.sysname, ' ', system.release, ' ', system.machine)},
                       {"processor", processor()},
                       {"cores", available_threads()}});
}

Json versions() {
  return Json::object({{"wsym", WSYM_VERSION},
                       {"compiler", compiler()},
                       {"instructions", WSYM_LAB_WORD(WSYM_SIMD)},
                       {"eigen", message(EIGEN_WORLD_VERSION, '.', EIGEN_MAJOR_VERSION, '.', EIGEN_MINOR_VERSION)}});
}

std::string hexadecimal(std::uint64_t value) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

RunHeader run_header(const Json& identity, const std::string& command, int threads) {
  return {identity, build(),
          Json::object({{"command", command},
                        {"started", utc_now()},
                        {"threads", threads},
                        {"on", environment()},
                        {"commit", commit()}})};
}

}  // namespace wsym::lab
