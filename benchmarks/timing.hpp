// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

namespace wsym::bench {

/// Seconds on the wall that f() takes.
template <class F> double wall_seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds of processor time, of all threads together: for work on one thread it equals the time on the wall, but other
/// programs on the machine do not count, and hidden helper threads do.
template <class F> double cpu_seconds(F&& f) {
  const auto now = [] {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double start = now();
  f();
  return now() - start;
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The ratio of the processor times of two functions on a machine whose speed wanders: a round measures one right after
/// the other, in changing order, and the median over rounds counts.
class PairedRatio {
 public:
  /// Returns the seconds of a().
  template <class A, class B> double round(A&& a, B&& b) {
    const bool b_first = ratios_.size() % 2 == 1;
    double of_b = b_first ? cpu_seconds(b) : 0;
    const double of_a = cpu_seconds(a);
    if (!b_first) of_b = cpu_seconds(b);
    ratios_.push_back(of_a / of_b);
    return of_a;
  }
  double median() const { return bench::median(ratios_); }

 private:
  std::vector<double> ratios_;
};

}  // namespace wsym::bench
