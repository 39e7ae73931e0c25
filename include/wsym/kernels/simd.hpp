// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <cstring>

#include "wsym/core/types.hpp"
#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__clang__)
#define WSYM_UNROLL _Pragma("unroll")
#else
#define WSYM_UNROLL _Pragma("GCC unroll 32")
#endif

/// The only header that knows an instruction set: vectors of the machine's width and what the compiler's vector
/// extensions lack. Write no a * b + c on vectors but multiply_add(a, b, c): a compiler may or may not fuse the former,
/// and the bits would depend on it.
namespace wsym::inline WSYM_SIMD::kernels {

#if defined(__AVX512F__)
inline constexpr Index vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr Index vector_bytes = 32;
#else
inline constexpr Index vector_bytes = 16;
#endif

template <Real T> struct VectorOf { typedef T type __attribute__((vector_size(vector_bytes))); };
/// As many T as fit a register; + - * / and comparisons act lane by lane.
template <Real T> using Vec = typename VectorOf<T>::type;

template <Real T> inline constexpr int lanes = static_cast<int>(vector_bytes / static_cast<Index>(sizeof(T)));

template <Real T> [[gnu::always_inline]] inline Vec<T> broadcast(T value) {
  return value - Vec<T>{};
}

template <Real T> [[gnu::always_inline]] inline Vec<T> load(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <Real T> [[gnu::always_inline]] inline void store(T* p, Vec<T> v) {
  std::memcpy(p, &v, sizeof v);
}

#if defined(__AVX512F__)
namespace detail {
inline __mmask16 first_lanes(Index count) {
  return static_cast<__mmask16>((1u << count) - 1u);
}
}  // namespace detail
#elif defined(__AVX__)
namespace detail {
inline __m256i first_lanes(float, Index count) {
  alignas(32) static constexpr std::int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ones + 8 - count));
}
inline __m256i first_lanes(double, Index count) {
  alignas(32) static constexpr std::int64_t ones[8] = {-1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ones + 4 - count));
}
}  // namespace detail
#endif

/// The first `count` (0 .. lanes) elements at p, the other lanes 0. Reads nothing beyond them.
template <Real T> [[gnu::always_inline]] inline Vec<T> load(const T* p, Index count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_maskz_loadu_ps(detail::first_lanes(count), p);
  else
    return _mm512_maskz_loadu_pd(static_cast<__mmask8>(detail::first_lanes(count)), p);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4)
    return _mm256_maskload_ps(p, detail::first_lanes(T(), count));
  else
    return _mm256_maskload_pd(p, detail::first_lanes(T(), count));
#else
  Vec<T> v{};
  for (int i = 0; i < count; ++i) v[i] = p[i];
  return v;
#endif
}

/// Writes the first `count` (0 .. lanes) lanes to p and nothing beyond them.
template <Real T> [[gnu::always_inline]] inline void store(T* p, Vec<T> v, Index count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, detail::first_lanes(count), v);
  else
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(detail::first_lanes(count)), v);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4)
    _mm256_maskstore_ps(p, detail::first_lanes(T(), count), v);
  else
    _mm256_maskstore_pd(p, detail::first_lanes(T(), count), v);
#else
  for (int i = 0; i < count; ++i) p[i] = v[i];
#endif
}

/// Stands for "all lanes" where a count of lanes is asked for.
struct AllLanes {};
template <Real T> [[gnu::always_inline]] inline Vec<T> load(const T* p, AllLanes) {
  return load(p);
}
template <Real T> [[gnu::always_inline]] inline void store(T* p, Vec<T> v, AllLanes) {
  store<T>(p, v);
}

/// Calls f(i, AllLanes) for every whole vector of n elements, then f(i, count) for what is left, so that one body of
/// vector code serves both and the bits of an element do not depend on where it lies.
template <Real T, class F> [[gnu::always_inline]] inline void for_each_vector(Index n, F&& f) {
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) f(i, AllLanes{});
  if (i < n) f(i, n - i);
}

/// v, held in a register from here on: g++ 12 otherwise reads a loaded vector again for each of its uses.
template <Real T> [[gnu::always_inline]] inline Vec<T> in_register(Vec<T> v) {
#if defined(__SSE2__)
  asm("" : "+v"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#endif
  return v;
}

/// a * b + c, rounded once where the machine can (AVX2, AVX-512, NEON) and twice where it cannot; the same everywhere
/// in one build, at every optimisation level.
template <Real T> [[gnu::always_inline]] inline Vec<T> multiply_add(Vec<T> a, Vec<T> b, Vec<T> c) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_fmadd_ps(a, b, c);
  else
    return _mm512_fmadd_pd(a, b, c);
#elif defined(__AVX__) && defined(__FMA__)
  if constexpr (sizeof(T) == 4)
    return _mm256_fmadd_ps(a, b, c);
  else
    return _mm256_fmadd_pd(a, b, c);
#elif defined(__aarch64__) && defined(__ARM_NEON)
  if constexpr (sizeof(T) == 4)
    return vfmaq_f32(c, a, b);
  else
    return vfmaq_f64(c, a, b);
#else
  const Vec<T> product = a * b;  // a statement of its own: clang folds a * b + c of constants as if it were fused
  return product + c;
#endif
}

/// c - a * b, rounded as multiply_add(-a, b, c).
template <Real T> [[gnu::always_inline]] inline Vec<T> subtract_product(Vec<T> c, Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_fnmadd_ps(a, b, c);
  else
    return _mm512_fnmadd_pd(a, b, c);
#else
  return multiply_add<T>(-a, b, c);
#endif
}

/// Correctly rounded square root.
template <Real T> [[gnu::always_inline]] inline Vec<T> square_root(Vec<T> a) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_mask_sqrt_ps(a, 0xffff, a);  // g++ 12 warns of an uninitialised value in the unmasked ones
  else
    return _mm512_mask_sqrt_pd(a, 0xff, a);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4)
    return _mm256_sqrt_ps(a);
  else
    return _mm256_sqrt_pd(a);
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4)
    return _mm_sqrt_ps(a);
  else
    return _mm_sqrt_pd(a);
#else
  for (int i = 0; i < lanes<T>; ++i) a[i] = std::sqrt(a[i]);
  return a;
#endif
}

}  // namespace wsym::inline WSYM_SIMD::kernels
