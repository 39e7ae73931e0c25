// SPDX-License-Identifier: MIT
#pragma once
// Moved, out of the library: this path of 0.1 goes with 0.2, and is not installed.
#include "../../../tools/datasets/datasets.hpp"

namespace wsym::inline WSYM_SIMD {
using namespace datasets;
}  // namespace wsym::inline WSYM_SIMD
