#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>

#include "../support/errors.hpp"

using namespace xtape;

namespace {

/// Under address sanitizer every block is the system's: nothing is kept for reuse.
bool pooled() {
  memory::deallocate(memory::allocate(1 << 20), 1 << 20);
  return memory::cached_bytes() > 0;
}

/// Bytes that the pool has from the system.
std::int64_t obtained_bytes() { return memory::live_bytes() + memory::cached_bytes(); }

}  // namespace

TEST_CASE("blocks of all sizes are aligned, apart from each other, and as long as asked for") {
  const std::int64_t before = memory::live_bytes();
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  unsigned char mark = 0;
  for (const std::size_t size :
       {0U,    1U,     63U,    64U,    65U,      127U,     128U,     512U,    513U,
        640U,  641U,   768U,   1000U,  1023U,    1024U,    1025U,    4095U,   4096U,
        4097U, 65535U, 65536U, 65537U, 1000000U, 2097152U, 2097153U, 5000000U}) {
    for (int twice = 0; twice < 2; ++twice) {
      auto* block = static_cast<unsigned char*>(memory::allocate(size));
      CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
      std::memset(block, ++mark, size);
      blocks.emplace_back(block, size);
    }
  }
  mark = 0;
  for (const auto& [block, size] : blocks) {
    ++mark;
    std::size_t own = 0;
    for (std::size_t i = 0; i < size; ++i) own += block[i] == mark ? 1 : 0;
    CHECK(own == size);
    memory::deallocate(block, size);
  }
  CHECK(memory::live_bytes() == before);
}

TEST_CASE("live bytes count whole tensors and return to where they were") {
  const std::int64_t before = memory::live_bytes();
  {
    const Tensor x = zeros({1000, 1000});
    CHECK(memory::live_bytes() >= before + 4000000);
    CHECK(memory::live_bytes() <
          before + 4000000 * 5 / 4 + 4096);  // size classes are at most a quarter apart
    const Tensor view = x.detach();
    CHECK(memory::live_bytes() < before + 4000000 * 5 / 4 + 4096);
    std::thread([] { const Tensor other = zeros({1000}); }).join();
  }
  CHECK(memory::live_bytes() == before);
}

TEST_CASE("the most that was in use at one time") {
  const std::int64_t megabyte = 1 << 20;
  memory::reset_peak_bytes();
  const std::int64_t start = memory::live_bytes();
  CHECK(memory::peak_bytes() == start);
  {
    const Tensor a = zeros({megabyte}, Dtype::boolean), b = zeros({2 * megabyte}, Dtype::boolean);
    CHECK(memory::peak_bytes() == memory::live_bytes());
  }
  const std::int64_t both = memory::peak_bytes();
  CHECK(both >= start + 3 * megabyte);
  CHECK(both <= start + 3 * megabyte + 1024);
  { const Tensor c = zeros({2 * megabyte}, Dtype::boolean); }
  CHECK(memory::peak_bytes() == both);
  memory::reset_peak_bytes();
  CHECK(memory::peak_bytes() == start);
}

TEST_CASE("a freed block is the next one handed out") {
  if (!pooled()) return;
  for (const std::size_t size : {64U, 1000U, 100000U, 4000000U}) {
    void* const first = memory::allocate(size);
    memory::deallocate(first, size);
    void* const second = memory::allocate(size);
    CHECK(second == first);
    memory::deallocate(second, size);
  }
}

TEST_CASE("the same work again takes no new memory") {
  const auto work = [] {
    std::vector<Tensor> tensors;
    for (std::int64_t n = 1; n < 200000; n *= 3) tensors.push_back(ones({n}));
  };
  work();
  const std::int64_t obtained = obtained_bytes();
  for (int i = 0; i < 100; ++i) work();
  CHECK(obtained_bytes() == obtained);
}

TEST_CASE("threads: what one thread allocates and another frees goes round") {
  constexpr std::int64_t small = 100, large = 50000;  // elements; one each per message
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Tensor> queue;
  bool done = false;
  const std::int64_t live = memory::live_bytes();

  std::thread consumer([&] {
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return done || !queue.empty(); });
      if (queue.empty()) return;
      Tensor received = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      changed.notify_all();
      received = Tensor();
    }
  });
  const auto send = [&](int messages) {
    for (int i = 0; i < messages; ++i) {
      Tensor next = ones({i % 2 == 0 ? small : large});
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return queue.size() < 4; });
      queue.push_back(std::move(next));
      changed.notify_all();
    }
  };
  send(1000);  // until both sides' lists are full
  const std::int64_t obtained = obtained_bytes();
  send(4000);
  const std::int64_t grown = obtained_bytes() - obtained;
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  changed.notify_all();
  consumer.join();
  CHECK(grown < 4 << 20);  // a leak of the 4000 messages would be 400 MB
  CHECK(memory::live_bytes() == live);
}

TEST_CASE("threads: a thread that only frees keeps few blocks, small or large") {
  struct Flow {
    std::size_t bytes;
    int blocks;            // made by each of 100 threads, one after the other
    std::int64_t at_most;  // bytes obtained for all of it
  };
  constexpr std::int64_t mega = 1 << 20;
  for (const auto& [bytes, blocks, at_most] :
       {Flow{200, 1000, 2 * mega}, {50000, 100, 10 * mega}, {8 * mega, 2, 40 * mega}}) {
    const std::int64_t obtained = obtained_bytes();
    std::vector<void*> made(static_cast<std::size_t>(blocks));
    const std::size_t size = bytes;
    for (int i = 0; i < 100; ++i) {
      std::thread([&made, size] {
        for (void*& block : made) block = memory::allocate(size);
      }).join();
      for (void* block : made) memory::deallocate(block, size);
    }
    CHECK(obtained_bytes() - obtained <= at_most);
  }
}

TEST_CASE("threads: blocks of a thread that has ended are used again") {
  if (!pooled()) return;
  memory::release_cached();
  const auto work = [] {
    std::array<Tensor, 20> tensors;
    for (Tensor& x : tensors) x = ones({100000});
  };
  std::thread(work).join();
  const std::int64_t obtained = obtained_bytes();
  for (int i = 0; i < 20; ++i) std::thread(work).join();
  CHECK(obtained_bytes() == obtained);
}

TEST_CASE("release_cached gives large blocks back to the system") {
  if (!pooled()) return;
  constexpr std::int64_t mega = 1 << 20;
  memory::release_cached();
  const std::int64_t before = memory::cached_bytes();
  {
    std::array<Tensor, 10> tensors;
    for (Tensor& x : tensors) x = zeros({mega});
  }
  CHECK(memory::cached_bytes() >= before + 10 * mega * 4);
  memory::release_cached();
  CHECK(memory::cached_bytes() <= before);
  CHECK(zeros({mega}).to_vector<float>().back() == 0);
}

TEST_CASE("powers of two take what they hold and a header") {
  for (std::int64_t n = 64; n <= (1 << 22); n *= 2) {
    const std::int64_t before = memory::live_bytes();
    const Tensor x = zeros({n});
    CHECK(memory::live_bytes() - before <= n * 4 + 512);
  }
}

TEST_CASE("random shapes keep at most half as much again as was ever live") {
  for (const std::int64_t largest : {100000, 8000000}) {
    memory::release_cached();
    const std::int64_t before = memory::cached_bytes();
    std::mt19937 random(0);
    std::int64_t peak = 0;
    for (int i = 0; i < 500; ++i) {
      const Tensor x = zeros({std::uniform_int_distribution<std::int64_t>(1000, largest)(random)});
      peak = std::max(peak, memory::live_bytes());
    }
    CHECK(memory::cached_bytes() - before <=
          peak * 3 / 2 + (4 << 20));  // some lies with the thread
  }
}

TEST_CASE("what is kept heeds a limit that is set, the longest kept goes first") {
  if (!pooled()) return;
  constexpr std::int64_t mega = 1 << 20;
  memory::release_cached();
  const std::int64_t before = memory::cached_bytes();
  memory::set_cache_limit(8 * mega);
  void* const old = memory::allocate(4 * mega);
  void* const recent = memory::allocate(5 * mega);
  void* const small = memory::allocate(2 * mega);
  memory::deallocate(old, 4 * mega);
  memory::deallocate(recent, 5 * mega);  // the first goes
  CHECK(memory::cached_bytes() - before == 5 * mega);
  memory::deallocate(small, 2 * mega);
  CHECK(memory::cached_bytes() - before == 7 * mega);
  memory::set_cache_limit(2 * mega);
  CHECK(memory::cached_bytes() - before == 2 * mega);
  memory::set_cache_limit(0);
  CHECK(memory::cached_bytes() - before == 0);
  memory::set_cache_limit({});
  CHECK(error_of<ValueError>([] { memory::set_cache_limit(-1); }) ==
        "set_cache_limit: the limit must not be negative; got -1");
}

TEST_CASE(
    "threads: small blocks go back to the system too, those of other threads when they come by") {
  if (!pooled()) return;
  const auto work = [] {
    std::vector<void*> blocks(20000);
    for (void*& block : blocks) block = memory::allocate(200);
    for (void* block : blocks) memory::deallocate(block, 200);
  };
  memory::release_cached();
  const std::int64_t before = memory::cached_bytes();
  work();
  CHECK(memory::cached_bytes() - before >= 20000 * 200);
  memory::release_cached();
  CHECK(memory::cached_bytes() <= before);

  std::atomic<int> stage{0};
  std::thread other([&] {
    work();
    stage = 1;
    while (stage == 1) std::this_thread::yield();
    memory::deallocate(memory::allocate(1), 1);
    stage = 3;
    while (stage == 3) std::this_thread::yield();
  });
  while (stage == 0) std::this_thread::yield();
  memory::release_cached();
  const std::int64_t held = memory::cached_bytes() - before;
  CHECK(held > 0);  // the other thread's
  stage = 2;
  while (stage == 2) std::this_thread::yield();
  CHECK(memory::cached_bytes() - before < held);
  stage = 4;
  other.join();
}

TEST_CASE("memory that is kept is given back before memory is out") {
  if (!pooled()) return;
  memory::set_cache_limit(std::int64_t{1} << 40);
  rlimit all{};
  getrlimit(RLIMIT_AS, &all);
  std::size_t in_use = 0;  // pages
  std::ifstream("/proc/self/statm") >> in_use;
  rlimit tight = all;
  tight.rlim_cur = in_use * static_cast<std::size_t>(getpagesize()) + (std::size_t{500} << 20);
  setrlimit(RLIMIT_AS, &tight);
  const Tensor x = ones({1000});
  int made = 0;
  for (std::int64_t mega = 10; mega <= 250; mega += 10) {
    try {
      const Tensor y = zeros({mega << 18});
      ++made;
    } catch (const MemoryError&) {
    }
  }
  const std::int64_t live = memory::live_bytes();
  const std::string error = error_of<MemoryError>([] { return zeros({600 << 18}); });
  double after = -1;
  {
    const Tensor next = zeros({100 << 18});  // a smaller one
    after = next.data<float>().back();
  }
  setrlimit(RLIMIT_AS, &all);
  memory::set_cache_limit({});
  CHECK(made == 25);
  CHECK(error == "zeros: out of memory: 629145600 bytes for float32[157286400]");
  CHECK(after == 0);
  CHECK(memory::live_bytes() == live);
}

TEST_CASE("threads: a tensor may outlive the thread that made it") {
  const std::int64_t before = memory::live_bytes();
  Tensor x;
  std::thread([&] { x = full({1000}, 3); }).join();
  CHECK(x.to_vector<double>() == std::vector<double>(1000, 3));
  x = Tensor();
  CHECK(memory::live_bytes() == before);
}

TEST_CASE("a block too large is refused") {
  CHECK_THROWS_AS(memory::allocate(std::size_t{1} << 60), MemoryError);
  CHECK_THROWS_AS(memory::Allocator<double>().allocate(std::size_t{1} << 61), MemoryError);
  CHECK(error_of<MemoryError>([] { return zeros({std::int64_t{1} << 58}); }) ==
        "zeros: out of memory: 1152921504606846976 bytes for float32[288230376151711744]");
  CHECK(error_of<MemoryError>([] {
          return ones({std::int64_t{1} << 58});
        }).find("full: out of memory: ") == 0);
}
