#include <algorithm>
#include <utility>

#include <unistd.h>

#include <xtape/core/error.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/data/prefetch.hpp>

namespace xtape::data {

template <class Batch>
Prefetch<Batch>::Prefetch(std::int64_t count, std::int64_t ahead,
                          std::function<Batch(std::int64_t)> make)
    : make_(std::move(make)),
      slots_(static_cast<std::size_t>(std::min(ahead, count - 1) + 1)),
      process_(getpid()),
      worker_([this, count, dtype = default_dtype()](const std::stop_token& stop) {
        const DefaultDtypeGuard as_there(dtype);
        work(stop, count);
      }) {}

template <class Batch>
void Prefetch<Batch>::end(Prefetch* pass) {
  if (getpid() == pass->process_) delete pass;
}

template <class Batch>
void Prefetch<Batch>::check_process() const {
  if (getpid() == process_) return;
  throw ValueError(
      "loader: the thread that makes batches ahead belongs to the process that began the pass; a "
      "forked one begins a pass of its own");
}

template <class Batch>
typename Prefetch<Batch>::Made& Prefetch<Batch>::slot(std::int64_t number) {
  return slots_[static_cast<std::size_t>(number) % slots_.size()];
}

template <class Batch>
typename Prefetch<Batch>::Made Prefetch<Batch>::make(std::int64_t number) const {
  try {
    return {make_(number), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

template <class Batch>
void Prefetch<Batch>::work(const std::stop_token& stop, std::int64_t count) {
  const xtape::detail::Unshared alone;
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

template <class Batch>
Batch Prefetch<Batch>::current() {
  check_process();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return made_ > current_; });
  const Made& made = slot(current_);
  if (made.error) std::rethrow_exception(made.error);
  return made.batch;
}

template <class Batch>
void Prefetch<Batch>::advance() {
  check_process();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return made_ > current_; });
  const Made done = std::exchange(slot(current_), {});
  ++current_;
  changed_.notify_all();
  lock.unlock();
}

template class Prefetch<Dataset>;
template class Prefetch<TensorList>;
template class Prefetch<NamedDataset>;

}  // namespace xtape::data
