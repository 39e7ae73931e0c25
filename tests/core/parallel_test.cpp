// SPDX-License-Identifier: MIT
#include "wsym/core/parallel.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

using namespace wsym;

namespace {
std::vector<Executor> executors() {
#if defined(_OPENMP)
  return {Executor::openmp, Executor::std_threads};
#else
  return {Executor::std_threads};
#endif
}

/// Waits until `n` callers are here at once: only that many different threads can pass.
class Meeting {
 public:
  explicit Meeting(int n) : missing_(n) {}
  void arrive() {
    --missing_;
    while (missing_ > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};
}  // namespace

TEST_CASE("parallel_for: calls every index once") {
  for (const Executor executor : executors())
    for (const int threads : {1, 2, 3, 8})
      for (const Index n : {0, 1, 2, 7, 1000}) {
        std::vector<std::atomic<int>> calls(static_cast<std::size_t>(n));
        parallel_for(n, {threads, executor}, [&](Index i) { ++calls[static_cast<std::size_t>(i)]; });
        for (const std::atomic<int>& count : calls) REQUIRE(count == 1);
      }
}

TEST_CASE("parallel_for: runs as many at once as it was given threads, and no more") {
  for (const Executor executor : executors()) {
    Meeting meeting(3);
    std::mutex mutex;
    std::set<std::thread::id> ids;
    parallel_for(3, {3, executor}, [&](Index) {
      meeting.arrive();
      const std::lock_guard lock(mutex);
      ids.insert(std::this_thread::get_id());
    });
    CHECK(ids.size() == 3);
    parallel_for(200, {3, executor}, [&, first = std::set<std::thread::id>()](Index) mutable {
      const std::lock_guard lock(mutex);
      first.insert(std::this_thread::get_id());
      CHECK(first.size() <= 3);
    });
  }
}

TEST_CASE("parallel_for: one thread runs in order on the caller's") {
  std::vector<Index> order;
  const auto caller = std::this_thread::get_id();
  parallel_for(5, {}, [&](Index i) {
    CHECK(std::this_thread::get_id() == caller);
    order.push_back(i);
  });
  CHECK(order == std::vector<Index>{0, 1, 2, 3, 4});
}

TEST_CASE("parallel_for: all indices run although some throw, and the lowest one's exception arrives") {
  for (const Executor executor : executors())
    for (const int threads : {1, 2, 4})
      for (int repeat = 0; repeat < 20; ++repeat) {
        std::atomic<int> calls = 0;
        const auto run = [&] {
          parallel_for(50, {threads, executor}, [&](Index i) {
            ++calls;
            if (i % 10 == 7) throw ConfigError("index " + std::to_string(i));
          });
        };
        CHECK_THROWS_WITH_AS(run(), "index 7", ConfigError);
        CHECK(calls == 50);
      }
}

TEST_CASE("parallel_for: the lowest index wins also when it throws last") {
  for (const Executor executor : executors()) {
    std::atomic<bool> other_threw = false;
    const auto run = [&] {
      parallel_for(2, {2, executor}, [&](Index i) {
        if (i == 1) {
          other_threw = true;
          throw ConfigError("late index");
        }
        while (!other_threw) std::this_thread::yield();
        throw ConfigError("first index");
      });
    };
    CHECK_THROWS_WITH_AS(run(), "first index", ConfigError);
  }
}

TEST_CASE("parallel_for: one inside another runs in order on its caller's thread") {
  for (const Executor outer : executors())
    for (const Executor inner : executors())
      parallel_for(4, {2, outer}, [&](Index) {
        const auto caller = std::this_thread::get_id();
        std::vector<Index> order;
        parallel_for(5, {4, inner}, [&](Index i) { order.push_back(std::this_thread::get_id() == caller ? i : -1); });
        if (order != std::vector<Index>{0, 1, 2, 3, 4}) throw ConfigError("nested call spread over threads");
      });
  CHECK(!detail::inside_parallel());
}

#if defined(_OPENMP)
TEST_CASE("parallel_for: inside a parallel region of the caller's own it runs on its caller's thread") {
  for (const Executor executor : executors()) {
    std::atomic<int> strangers = 0, calls = 0;
#pragma omp parallel num_threads(2)
    {
      const auto caller = std::this_thread::get_id();
      parallel_for(6, {4, executor}, [&](Index) {
        ++calls;
        if (std::this_thread::get_id() != caller) ++strangers;
      });
    }
    CHECK(calls == 12);
    CHECK(strangers == 0);
  }
}

TEST_CASE("parallel_for: a child of fork whose parent ran OpenMP threads runs all indices, on threads of its own") {
  parallel_for(3, {3, Executor::openmp}, [](Index) {});
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);  // a child that waits for threads which it does not have is killed
    Meeting meeting(3);
    std::atomic<int> calls = 0;
    parallel_for(3, {3, Executor::openmp}, [&](Index) {
      meeting.arrive();
      ++calls;
    });
    ::_exit(calls == 3 ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#else
TEST_CASE("parallel_for: without OpenMP the OpenMP executor is refused") {
  CHECK_THROWS_WITH_AS(parallel_for(2, {2, Executor::openmp}, [](Index) {}),
                       "parallel_for: built without OpenMP; use std_threads", ConfigError);
}
#endif

TEST_CASE("parallel_for: fewer than one thread is refused") {
  CHECK_THROWS_WITH_AS(parallel_for(2, {0}, [](Index) {}), "parallel_for: 0 threads; at least 1 is needed",
                       ConfigError);
  CHECK(available_threads() >= 1);
}
