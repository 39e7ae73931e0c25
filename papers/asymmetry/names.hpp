// SPDX-License-Identifier: MIT
#pragma once

/// The programs of this paper use the names of tools/lab and tools/datasets without a prefix.
namespace wsym::lab {}
namespace wsym::datasets {}
namespace wsym::asymmetry {
using namespace lab;
using namespace datasets;
}  // namespace wsym::asymmetry
