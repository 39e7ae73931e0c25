// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "wsym/core/types.hpp"

namespace wsym::experiment {

/// The shortest decimal text that reads back as the same double; empty for what is not finite (an empty CSV field).
std::string shortest(double value);

/// A fixed number of decimals; "-" for what is not finite.
std::string rounded(double value, int decimals);

std::string join(const std::vector<std::string>& parts, const std::string& separator);
std::string join(const std::vector<Index>& parts, const std::string& separator);

/// "45 s", "3 min 20 s", "2 h 05 min".
std::string duration(double seconds);

/// "12 kB", "3.4 MB" (powers of 1000).
std::string bytes(double count);

}  // namespace wsym::experiment
