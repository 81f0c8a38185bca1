#pragma once
#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Threads that share the work of one operation, the calling one included: 1, or what the
/// environment variable XTAPE_THREADS says, until `set_threads`. Throws ValueError if that is no
/// number within [1, 1024]; so does the first operation that is large enough to be shared.
[[nodiscard]] int threads();

/// Sets that for the process, at any time. Results are the same to the last bit with any number;
/// small operations stay on the calling thread. The others are started when first needed, sleep
/// when there is nothing to do, and are given back by set_threads(1).
/// Throws ValueError unless 1 <= count <= 1024.
void set_threads(int count);

/// Processors that this process may use: as its affinity mask and the quotas of its control groups
/// say.
[[nodiscard]] int usable_cores();

}  // namespace xtape

XTAPE_EXPORT_END
