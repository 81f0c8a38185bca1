// The threads that share the work of one operation.
#include <algorithm>
#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/workers.hpp>

#include "support/child.hpp"
#include "support/threads.hpp"

using namespace xtape;

namespace {

using Counts = std::vector<std::atomic<int>>;

bool each_once(const Counts& counts) {
  return std::all_of(counts.begin(), counts.end(), [](const auto& count) { return count == 1; });
}

/// Counts each of so many things as often as it comes.
bool covers(std::int64_t count, std::int64_t piece) {
  Counts counts(static_cast<std::size_t>(count));
  std::atomic<bool> right{true};
  detail::parallel_for(count, piece, [&](std::int64_t first, std::int64_t last) {
    if (first % piece != 0 || first >= last || last > count) right = false;
    for (std::int64_t i = first; i < last; ++i) ++counts[static_cast<std::size_t>(i)];
  });
  return right && each_once(counts);
}

void spin_for(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

}  // namespace

TEST_CASE("threads: each thing of a shared range comes once, in ranges that begin at pieces") {
  const detail::ShareAll all;
  for (const int count : {1, 2, 3, 5, 16}) {
    const Threads threads_in_use(count);
    for (const std::int64_t things : {0, 1, 2, 7, 8, 9, 100, 1000, 12345}) {
      for (const std::int64_t piece : {1, 3, 8, 64, 1000}) {
        CAPTURE(count);
        CAPTURE(things);
        CAPTURE(piece);
        CHECK(covers(things, piece));
      }
    }
  }
}

TEST_CASE("threads: work is really shared, and by as many as are set") {
  const detail::ShareAll all;
  const Threads threads_in_use(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  // A thread that is woken comes late on a busy machine: until all have been seen.
  for (int round = 0; round < 2000 && seen.size() < 3; ++round) {
    detail::parallel_for(64, 1, [&](std::int64_t, std::int64_t) {
      spin_for(std::chrono::microseconds(100));
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
  }
  CHECK(seen.size() == 3);
  CHECK(seen.count(std::this_thread::get_id()) == 1);
}

TEST_CASE("threads: one thread takes all in one call, and so does a thread that is many already") {
  std::vector<std::int64_t> calls;
  const auto note = [&](std::int64_t first, std::int64_t last) {
    calls.insert(calls.end(), {first, last});
  };
  const detail::ShareAll all;
  {
    const Threads one(1);
    detail::parallel_for(1000, 10, note);
  }
  {
    const Threads threads_in_use(4);
    const detail::Unshared alone;
    detail::parallel_for(1000, 10, note);
    detail::parallel_for(0, 10, note);
  }
  CHECK(calls == std::vector<std::int64_t>{0, 1000, 0, 1000});
}

TEST_CASE("threads: work within shared work is not shared again") {
  const detail::ShareAll all;
  const Threads threads_in_use(3);
  Counts counts(50 * 50);
  detail::parallel_for(50, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const auto here = std::this_thread::get_id();
      detail::parallel_for(50, 1, [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t j = from; j < to; ++j)
          counts[static_cast<std::size_t>(50 * i + j)] += std::this_thread::get_id() == here;
      });
    }
  });
  CHECK(each_once(counts));
}

TEST_CASE("threads: an exception comes out of shared work when nothing runs any more") {
  const detail::ShareAll all;
  const Threads threads_in_use(4);
  for (const std::int64_t bad : {0, 1, 50, 99}) {
    std::atomic<int> running{0};
    const auto work = [&](std::int64_t first, std::int64_t last) {
      ++running;
      spin_for(std::chrono::microseconds(20));
      --running;
      if (first <= bad && bad < last) throw std::runtime_error("piece");
    };
    CHECK_THROWS_WITH_AS(detail::parallel_for(100, 1, work), "piece", std::runtime_error);
    CHECK(running == 0);
    CHECK(covers(100, 1));
  }
}

TEST_CASE("threads: several threads of a program have work to share at the same time") {
  const detail::ShareAll all;
  const Threads threads_in_use(3);
  std::atomic<int> right{0};
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] {
      for (int round = 0; round < 200; ++round) right += covers(300, 7);
    });
  }
  for (std::thread& other : others) other.join();
  CHECK(right == 4 * 200);
}

TEST_CASE("threads: their number changes while others use them") {
  const detail::ShareAll all;
  const Threads threads_in_use(2);
  std::atomic<bool> done{false};
  std::thread other([&] {
    for (int round = 0; !done; ++round) set_threads(1 + round % 4);
  });
  int right = 0;
  for (int round = 0; round < 300; ++round) right += covers(300, 7);
  done = true;
  other.join();
  CHECK(right == 300);
}

TEST_CASE("threads: all compute in the floating-point mode of the caller") {
  const detail::ShareAll all;
  const Threads threads_in_use(3);
  CHECK(covers(100, 1));  // they are there
  const int before = std::fegetround();
  std::atomic<int> up{0};
  std::fesetround(FE_UPWARD);
  detail::parallel_for(300, 1, [&](std::int64_t first, std::int64_t last) {
    spin_for(std::chrono::microseconds(20));
    const volatile float one = 1, little = 1e-10F;
    if (one + little > 1) up += static_cast<int>(last - first);
  });
  std::fesetround(before);
  CHECK(up == 300);
}

TEST_CASE("threads: few large pieces are shared too") {
  const detail::ShareAll all;
  const Threads threads_in_use(2);
  std::atomic<int> running{0}, most{0};
  for (int round = 0; round < 2000 && most < 2; ++round) {
    detail::parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
      most = std::max(most.load(), ++running);
      spin_for(std::chrono::microseconds(200));
      --running;
    });
  }
  CHECK(most == 2);
}

TEST_CASE("threads: a program ends while one of its threads is at work") {
  CHECK(child_ends([] {
    set_threads(3);
    static const detail::ShareAll always;
    std::thread([] {
      while (true) covers(1000, 1);
    }).detach();
    spin_for(std::chrono::milliseconds(20));
    std::exit(0);
  }));
}

TEST_CASE("threads: a child of a process that has used them uses its own") {
  const detail::ShareAll all;
  const Threads threads_in_use(3);
  CHECK(covers(100, 1));
  CHECK(child_ends([] { return covers(100, 1); }));
  CHECK(child_ends([] { return child_ends([] { return covers(100, 1); }) && covers(100, 1); }));
  CHECK(covers(100, 1));
}

TEST_CASE("the number of threads is at least 1 and at most 1024") {
  const Threads threads_in_use(2);
  CHECK(threads() == 2);
  for (const int count : {0, -1, 1025, std::numeric_limits<int>::min()}) {
    CAPTURE(count);
    CHECK_THROWS_WITH_AS(
        set_threads(count),
        ("set_threads: count must be within [1, 1024]; got " + std::to_string(count)).c_str(),
        ValueError);
    CHECK(threads() == 2);
  }
}

TEST_CASE("the number of threads may come from the environment") {
  const auto says = [](const char* text) {
    return child_ends([text] {
      setenv("XTAPE_THREADS", text, 1);
      try {
        return detail::threads_from_environment() == std::atoi(text);
      } catch (const ValueError& error) {
        return error.what() ==
                   "XTAPE_THREADS: the number of threads must be within [1, 1024]; got \"" +
                       std::string(text) + "\"" &&
               std::string(text) != "4";
      }
    });
  };
  for (const char* const text : {"1", "4", "1024", "0", "-2", "1025", "two", "2 ", "1e3"}) {
    CAPTURE(text);
    CHECK(says(text));
  }
}

TEST_CASE("processors that can be used are some of those that there are") {
  CHECK(usable_cores() >= 1);
  CHECK(usable_cores() <= static_cast<int>(std::thread::hardware_concurrency()));
}
