#pragma once

#include <string>

namespace bench {

/// Seconds of processor time to record a chain of additions of 0-dim tensors, to sweep and free it.
struct ChainTimes {
  double build, sweep, free;
  double total() const { return build + sweep + free; }
};

/// x + 1 + 1 + ... in float32, differentiated unless `sweep` is false.
ChainTimes run_chain(int length, bool sweep);

/// What bench_engine measures in a process of its own, started anew by it: prints one line of
/// numbers.
///   one-step         one training step of workload a; prints nothing
///   memory           1000 steps of workload a; resident MB at the end and at the most
///   chain            a chain of 1e6 nodes; its three times and the growth of peak memory in MB
///   small-stack      the same on a thread with a stack of 256 KB
///   dropped          the same without backward
///   lengths          milliseconds of a recurrent net over 100 steps, and over 400
///   shapes           training on batches of random size and length: growth of peak memory in MB, and
///                    the most that tensors used of it
/// Returns false for any other task.
bool run_child_task(const std::string& task);

}  // namespace bench
