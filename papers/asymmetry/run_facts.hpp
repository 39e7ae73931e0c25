// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "asymmetry/study.hpp"

namespace wsym::asymmetry {

/// What was run for a study, as its journals say: commands, dates, machines, builds, method, networks; as an HTML list.
std::string run_facts(const Study& study);

}  // namespace wsym::asymmetry
