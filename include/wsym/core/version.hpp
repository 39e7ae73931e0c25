// SPDX-License-Identifier: MIT
#pragma once

/// The library's version, the one place it is written; CMake reads it from here.
#define WSYM_VERSION "0.1.0"

#if __cplusplus < 202002L
#error "wsym: C++20 is needed; build with -std=c++20 or later"
#include "wsym: stopped here"  // a missing file is fatal: thousands of errors would follow
#endif

// Of clang++'s options only those that assume finite numbers can be seen here; see docs/numerics.md.
#if defined(__FAST_MATH__)
#error "wsym: -ffast-math breaks the promise of equal bits and the NaN checks; build without it"
#elif defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0
#error "wsym: -ffinite-math-only breaks the NaN checks: a diverged run would count as trained; build without it"
#elif defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
#error "wsym: -fassociative-math and -freciprocal-math break the promise of equal bits; build without them"
#endif

/// The instruction set that this unit is built for. All of wsym but its errors stands in an inline namespace of this
/// name: units built for different machines may be linked, and each runs what it was built with.
#if defined(__AVX512F__)
#define WSYM_SIMD avx512
#elif defined(__AVX__) && defined(__FMA__)
#define WSYM_SIMD avx2
#elif defined(__AVX__)
#define WSYM_SIMD avx
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define WSYM_SIMD neon
#else
#define WSYM_SIMD baseline
#endif
