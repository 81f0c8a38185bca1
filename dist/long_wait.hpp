#pragma once
#include <cstdio>

#include <xtape/dist/link.hpp>

namespace xtape::dist::detail {

/// Somebody who waits for other ranks, and says so on stderr once that takes long.
class LongWait {
 public:
  LongWait(const Link& link, const char* in) : rank_(link.rank), in_(in) {}

  void tell_once() {
    if (told_ || MPI_Wtime() - began_ < seconds) return;
    told_ = true;
    std::fprintf(stderr, "rank %d: has waited 5 s for other ranks in %s, and goes on waiting\n",
                 rank_, in_);
  }

 private:
  static constexpr double seconds = 5;
  int rank_;
  const char* in_;
  double began_ = MPI_Wtime();
  bool told_ = false;
};

}  // namespace xtape::dist::detail
