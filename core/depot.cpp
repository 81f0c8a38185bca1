#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <type_traits>

#include <sys/mman.h>

#include <xtape/core/depot.hpp>
#include <xtape/core/fork.hpp>

namespace xtape::memory::detail {
namespace {

constexpr std::size_t slab_span = std::size_t{1} << 14;  // its address tells a block's slab
constexpr std::size_t slab_bytes = slab_span - 64;       // malloc finds room for what it notes
constexpr std::size_t batch_bytes =
    (std::size_t{1} << 12) - header_bytes;  // about a page at a time
constexpr std::size_t block_alignment = 64;
constexpr std::size_t huge_page = std::size_t{1} << 21;
constexpr std::int64_t least_limit = std::int64_t{1} << 20;

std::size_t system_size(std::size_t index) {
  return index < small_classes ? slab_bytes : class_size(index);
}

/// Whole huge pages, mapped directly: malloc would keep what is freed, and what it pads.
void* map(std::size_t bytes) noexcept {
  const std::size_t reserved = bytes + huge_page;
  void* memory =
      mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(memory);
  const std::size_t front = ~(reinterpret_cast<std::uintptr_t>(begin) - 1) % huge_page;
  if (front > 0) munmap(begin, front);
  munmap(begin + front + bytes, huge_page - front);
  madvise(begin + front, bytes, MADV_HUGEPAGE);
  return begin + front;
}

/// The first slabs lie in the program: a small one then has no pages that only hold malloc's notes.
/// Zero from the start, so that they take no room in a file.
class FirstSlabs {
 public:
  void* take() noexcept {
    std::uint32_t taken = taken_.load();
    while (taken != all) {
      if (taken_.compare_exchange_weak(taken, taken | (taken + 1)))
        return begin() + static_cast<std::size_t>(std::countr_one(taken)) * slab_span;
    }
    return nullptr;
  }

  /// Whether the slab was one of them.
  bool put(void* slab) noexcept {
    const auto index = (reinterpret_cast<std::uintptr_t>(slab) - aligned()) / slab_span;
    if (reinterpret_cast<std::uintptr_t>(slab) < aligned() || index >= count) return false;
    taken_.fetch_and(~(1U << index));
    return true;
  }

 private:
  static constexpr std::uint32_t count = 16;
  static constexpr std::uint32_t all = (1U << count) - 1;

  std::uintptr_t aligned() noexcept {
    return (reinterpret_cast<std::uintptr_t>(room_.data()) + slab_span - 1) / slab_span * slab_span;
  }
  std::byte* begin() noexcept {
    return room_.data() + (aligned() - reinterpret_cast<std::uintptr_t>(room_.data()));
  }

  std::atomic<std::uint32_t> taken_{0};  // a bit for each
  std::array<std::byte, (count + 1) * slab_span> room_{};
};

constinit FirstSlabs first_slabs;

// aligned_alloc would take multiples of the alignment alone.
void* aligned(std::size_t alignment, std::size_t bytes) noexcept {
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

void* system_allocate(std::size_t bytes) noexcept {
  if (bytes >= huge_page) return map(bytes);
  if (bytes != slab_bytes) return aligned(block_alignment, bytes);
  void* const first = first_slabs.take();
  return first != nullptr ? first : aligned(slab_span, slab_bytes);
}

void system_free(void* memory, std::size_t bytes) noexcept {
  if (bytes >= huge_page)
    munmap(memory, bytes);
  else if (!first_slabs.put(memory))
    std::free(memory);
}

}  // namespace

struct Depot::Magazine {
  Block* second;
  std::uint32_t index, count;
  Magazine *older, *newer;  // of all
  Magazine *below, *above;  // of its class
};

struct Depot::Slab {
  Block* free = nullptr;  // blocks that came back
  std::uint32_t cut = 0;  // blocks handed out at least once: the pages of others are not touched
  std::uint32_t out = 0;  // blocks handed out
  std::uint32_t most;     // blocks there are
  std::uint32_t index;    // of the size class
  Slab *previous = nullptr, *next = nullptr;  // of those of its class with free blocks

  explicit Slab(std::size_t size_class)
      : most(static_cast<std::uint32_t>((slab_bytes - header_bytes) / class_size(size_class))),
        index(static_cast<std::uint32_t>(size_class)) {}

  static Slab* of(void* block) {
    const auto offset = reinterpret_cast<std::uintptr_t>(block) % slab_span;
    return reinterpret_cast<Slab*>(static_cast<std::byte*>(block) - offset);
  }
  bool full() const { return free == nullptr && cut == most; }
  void* take() {
    ++out;
    if (free != nullptr) return std::exchange(free, free->next);
    return reinterpret_cast<std::byte*>(this) + header_bytes + cut++ * class_size(index);
  }
  void put(void* block) {
    free = ::new (block) Block{free};
    --out;
  }
};

struct Depot::Doomed {
  Doomed* next;
  std::size_t bytes;

  static Doomed* add(void* memory, std::size_t bytes, Doomed* to) {
    return ::new (memory) Doomed{to, bytes};
  }
  /// Without the lock: the system takes its time.
  static void free(Doomed* doomed) {
    while (doomed != nullptr) {
      Doomed* const last = std::exchange(doomed, doomed->next);
      system_free(last, last->bytes);
    }
  }
};

namespace {

// There from the start, so that a fork finds no half-made one, and never destroyed: tensors may
// outlive static destructors.
constinit Depot depot;
std::mutex& depot_mutex() { return depot.mutex(); }
static_assert(std::is_trivially_destructible_v<Depot>);
[[maybe_unused]] const bool held = xtape::detail::hold_at_fork<&depot_mutex>();

}  // namespace

Depot& Depot::instance() noexcept { return depot; }

void Depot::note_peak() noexcept { peak_ = std::max(peak_, system_ - kept_); }

/// By default a quarter more than the most that was in use.
std::int64_t Depot::limit() const noexcept {
  return limit_.value_or(std::max(least_limit, peak_ / 4 * 5));
}

Chain Depot::take(std::size_t index) noexcept {
  const bool small = index < small_classes;
  {
    const std::lock_guard lock(mutex_);
    if (magazines_[index] != nullptr) return unlink(magazines_[index]);
    if (small && slabs_[index] != nullptr) return cut(index);
  }
  const std::size_t bytes = system_size(index);
  void* const memory = system_allocate(bytes);
  if (memory == nullptr) return {};
  const std::lock_guard lock(mutex_);
  system_ += static_cast<std::int64_t>(bytes);
  note_peak();
  Chain chain;
  if (!small) {
    chain.push(memory);
    return chain;
  }
  link(::new (memory) Slab(index));
  return cut(index);
}

void Depot::give(std::size_t index, Chain chain) noexcept {
  if (chain.count == 0) return;
  Doomed* doomed;
  {
    const std::lock_guard lock(mutex_);
    Block* const second = chain.head->next;
    auto* const magazine =
        ::new (static_cast<void*>(chain.head)) Magazine{second,
                                                        static_cast<std::uint32_t>(index),
                                                        static_cast<std::uint32_t>(chain.count),
                                                        newest_,
                                                        nullptr,
                                                        magazines_[index],
                                                        nullptr};
    (newest_ != nullptr ? newest_->newer : oldest_) = magazine;
    newest_ = magazine;
    if (magazine->below != nullptr) magazine->below->above = magazine;
    magazines_[index] = magazine;
    kept_ += static_cast<std::int64_t>(chain.count * class_size(index));
    doomed = shed(limit());
  }
  Doomed::free(doomed);
}

Chain Depot::unlink(Magazine* magazine) noexcept {
  const Magazine gone = *magazine;
  (gone.older != nullptr ? gone.older->newer : oldest_) = gone.newer;
  (gone.newer != nullptr ? gone.newer->older : newest_) = gone.older;
  if (gone.below != nullptr) gone.below->above = gone.above;
  (gone.above != nullptr ? gone.above->below : magazines_[gone.index]) = gone.below;
  kept_ -= static_cast<std::int64_t>(gone.count * class_size(gone.index));
  note_peak();
  return {::new (static_cast<void*>(magazine)) Block{gone.second}, gone.count};
}

Depot::Doomed* Depot::shed(std::int64_t most) noexcept {
  Doomed* doomed = nullptr;
  while (kept_ > most && oldest_ != nullptr) {
    const std::size_t index = oldest_->index;
    const std::int64_t peak = peak_;
    doomed = break_up(index, unlink(oldest_), doomed);
    peak_ = peak;  // what goes was not in use
  }
  return doomed;
}

Depot::Doomed* Depot::break_up(std::size_t index, Chain chain, Doomed* doomed) noexcept {
  while (chain.count > 0) {
    void* memory = chain.pop();
    if (index < small_classes) {
      Slab* const slab = Slab::of(memory);
      if (slab->full()) link(slab);
      slab->put(memory);
      if (slab->out > 0) continue;
      unlink(slab);
      memory = slab;
    }
    doomed = Doomed::add(memory, system_size(index), doomed);
    system_ -= static_cast<std::int64_t>(system_size(index));
  }
  return doomed;
}

void Depot::link(Slab* slab) noexcept {
  slab->previous = nullptr;
  slab->next = std::exchange(slabs_[slab->index], slab);
  if (slab->next != nullptr) slab->next->previous = slab;
}

void Depot::unlink(Slab* slab) noexcept {
  (slab->previous != nullptr ? slab->previous->next : slabs_[slab->index]) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

/// Fresh blocks in the order of their addresses, as memory likes to be read: what a chain of
/// operations keeps then lies in a row.
Chain Depot::cut(std::size_t index) noexcept {
  Slab* const slab = slabs_[index];
  Chain chain;
  Block** end = &chain.head;
  do {
    *end = ::new (slab->take()) Block{nullptr};
    end = &(*end)->next;
    ++chain.count;
  } while (!slab->full() && (chain.count + 1) * class_size(index) <= batch_bytes);
  if (slab->full()) unlink(slab);
  return chain;
}

void Depot::discard(std::size_t index, Chain chain) noexcept {
  Doomed* doomed;
  {
    const std::lock_guard lock(mutex_);
    doomed = break_up(index, chain, nullptr);
  }
  Doomed::free(doomed);
}

void Depot::release() noexcept {
  Doomed* doomed;
  {
    const std::lock_guard lock(mutex_);
    doomed = shed(0);
    peak_ = system_;
  }
  Doomed::free(doomed);
}

void Depot::set_limit(std::optional<std::int64_t> bytes) noexcept {
  Doomed* doomed;
  {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
    doomed = shed(limit());
  }
  Doomed::free(doomed);
}

std::int64_t Depot::system_bytes() noexcept {
  const std::lock_guard lock(mutex_);
  return system_;
}

}  // namespace xtape::memory::detail
