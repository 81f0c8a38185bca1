#pragma once
#include <mutex>

#include <pthread.h>

namespace xtape::detail {

/// Keeps a lock whole over fork: it is held while the process forks, so that the child, whose other
/// threads are gone, finds it free. Of several locks, one that is taken while another is held is
/// named first: the last named is locked first. To be called before there are threads: by a static
/// initialiser.
template <std::mutex& (*mutex)()>
bool hold_at_fork() {
  return pthread_atfork([] { mutex().lock(); }, [] { mutex().unlock(); },
                        [] { mutex().unlock(); }) == 0;
}

}  // namespace xtape::detail
