// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>
#if defined(_OPENMP)
#include <omp.h>
#include <unistd.h>
#endif

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// Who runs the threads. std_threads needs no OpenMP and is what a thread sanitizer understands.
enum class Executor { openmp, std_threads };

/// How many threads to use, and whose. One level only: a parallel_for inside another runs on its caller's thread,
/// and so does one inside a parallel region of the caller's own.
struct Parallel {
  int threads = 1;
#if defined(_OPENMP)
  Executor executor = Executor::openmp;
#else
  Executor executor = Executor::std_threads;
#endif
};

/// The threads this process may use: OpenMP's limit where there is OpenMP, else the hardware's.
inline int available_threads() {
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
#endif
}

namespace detail {
inline bool& inside_parallel() {
  thread_local bool inside = false;
  return inside;
}
/// True also when the caller runs in an OpenMP region of its own: its cores are busy already.
inline bool already_parallel() {
#if defined(_OPENMP)
  if (omp_in_parallel()) return true;
#endif
  return inside_parallel();
}

#if defined(_OPENMP)
/// True in a child of fork() whose parent ran OpenMP threads here. The child has none of them, and libgomp would wait
/// for them for ever.
inline bool forked_from_openmp() {
  static const pid_t first = ::getpid();  // the process of the first call
  return ::getpid() != first;
}
#endif

/// Keeps the exception of the lowest index.
class FirstError {
 public:
  void keep(Index index, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_ || index < index_) index_ = index, error_ = std::move(error);
  }
  bool set() const { return static_cast<bool>(error_); }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  Index index_ = 0;
  std::exception_ptr error_;
};
}  // namespace detail

/// Calls f(i) for i = 0 .. n-1, each once, in any order, on at most `parallel.threads` threads; returns when all are
/// done. Every index runs even if another throws; then the exception of the lowest index is rethrown, so the error a
/// caller sees does not depend on timing. Throws ConfigError for fewer than one thread.
///
/// A child of fork() whose parent ran OpenMP threads through here gets std::threads instead. Where the parent ran them
/// in regions of its own alone, that cannot be seen: such a child asks for Executor::std_threads.
template <class F> void parallel_for(Index n, const Parallel& parallel, F&& f) {
  expect<ConfigError>(parallel.threads >= 1, "parallel_for: ", parallel.threads, " threads; at least 1 is needed");
  detail::FirstError first;
  const auto guarded = [&](Index i) {
    try {
      f(i);
    } catch (...) {
      first.keep(i, std::current_exception());
    }
  };
  const int threads = static_cast<int>(std::min<Index>(parallel.threads, n));
  if (threads <= 1 || detail::already_parallel()) {
    for (Index i = 0; i < n; ++i) guarded(i);
    return first.rethrow();
  }
  std::atomic<Index> next{0};
  const auto work = [&] {
    const bool outer = std::exchange(detail::inside_parallel(), true);
    for (Index i = next++; i < n; i = next++) guarded(i);
    detail::inside_parallel() = outer;
  };
#if defined(_OPENMP)
  if (parallel.executor == Executor::openmp && !detail::forked_from_openmp()) {
#pragma omp parallel num_threads(threads)
    work();
    return first.rethrow();
  }
#else
  expect<ConfigError>(parallel.executor == Executor::std_threads,
                      "parallel_for: built without OpenMP; use std_threads");
#endif
  {
    std::vector<std::jthread> pool;
    for (int t = 1; t < threads; ++t) pool.emplace_back(work);
    work();
  }
  first.rethrow();
}

}  // namespace wsym::inline WSYM_SIMD
