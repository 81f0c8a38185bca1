#include <algorithm>
#include <utility>

#include <unistd.h>

#include <xtape/core/error.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/data/prefetch.hpp>

namespace xtape::data {

Prefetch::Prefetch(std::int64_t count, std::int64_t ahead,
                   std::function<Dataset(std::int64_t)> make)
    : make_(std::move(make)),
      slots_(static_cast<std::size_t>(std::min(ahead, count - 1) + 1)),
      process_(getpid()),
      worker_([this, count, dtype = default_dtype()](const std::stop_token& stop) {
        const DefaultDtypeGuard as_there(dtype);
        work(stop, count);
      }) {}

void Prefetch::end(Prefetch* pass) {
  if (getpid() == pass->process_) delete pass;
}

void Prefetch::check_process() const {
  if (getpid() == process_) return;
  throw ValueError(
      "loader: the thread that makes batches ahead belongs to the process that began the pass; a "
      "forked one begins a pass of its own");
}

Prefetch::Made& Prefetch::slot(std::int64_t number) {
  return slots_[static_cast<std::size_t>(number) % slots_.size()];
}

Prefetch::Made Prefetch::make(std::int64_t number) const {
  try {
    return {make_(number), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

void Prefetch::work(const std::stop_token& stop, std::int64_t count) {
  const detail::Unshared alone;
  for (std::int64_t number = 0; number < count && !stop.stop_requested(); ++number) {
    Made next = make(number);
    std::unique_lock lock(mutex_);
    slot(number) = std::move(next);
    made_ = number + 1;
    changed_.notify_all();
    const auto has_room = [&] { return made_ - current_ < std::ssize(slots_); };
    if (!changed_.wait(lock, stop, has_room)) return;
  }
}

Dataset Prefetch::current() {
  check_process();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return made_ > current_; });
  const Made& made = slot(current_);
  if (made.error) std::rethrow_exception(made.error);
  return made.batch;
}

void Prefetch::advance() {
  check_process();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return made_ > current_; });
  const Made done = std::exchange(slot(current_), {});
  ++current_;
  changed_.notify_all();
  lock.unlock();
}

}  // namespace xtape::data
