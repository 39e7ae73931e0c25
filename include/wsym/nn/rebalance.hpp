// SPDX-License-Identifier: MIT
#pragma once
// Moved; this path of 0.1 goes with 0.2.
#include "wsym/nn/experts/rebalance.hpp"
