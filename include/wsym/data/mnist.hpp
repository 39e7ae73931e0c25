// SPDX-License-Identifier: MIT
#pragma once
// Moved, out of the library: this path of 0.1 goes with 0.2, and is not installed.
#include "wsym/data/schemas.hpp"
