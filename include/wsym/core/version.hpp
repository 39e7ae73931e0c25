// SPDX-License-Identifier: MIT
#pragma once

/// The library's version, the one place it is written; CMake reads it from here.
#define WSYM_VERSION "0.1.0"

#if defined(__FAST_MATH__)
#error "wsym: -ffast-math breaks the promise of equal bits and the NaN checks; build without it"
#endif
