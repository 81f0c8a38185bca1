#include <cstdio>
#include <string>
#include <thread>

#include <xtape/dist/ending.hpp>
#include <xtape/dist/together.hpp>

namespace xtape::dist::detail {
namespace {

// Seconds.
constexpr double soon = 0.02;  // most are over by then, and nobody looks what others do
constexpr double long_ago = 5;

}  // namespace

Exchange next_exchange(Link& link, const char* what) { return {what, ++link.exchanges}; }

void wait(Link& link, const Exchange& exchange, std::span<MPI_Request> requests) {
  const double began = MPI_Wtime();
  double looked = began;
  for (bool told = false;;) {
    int over = 0;
    check(
        MPI_Testall(static_cast<int>(requests.size()), requests.data(), &over, MPI_STATUSES_IGNORE),
        exchange.what);
    if (over != 0) return;
    const double now = MPI_Wtime();
    if (now - looked < soon) continue;
    looked = now;
    std::this_thread::yield();
    hear_of_leaving(link);
    if (link.left_after < exchange.number) {
      end_all("rank " + std::to_string(link.left) +
              " has come to the end of the world, and this one waits for it in " + exchange.what +
              ": has an exception been caught there?");
    }
    if (told || now - began < long_ago) continue;
    told = true;
    std::fprintf(stderr, "rank %d: has waited 5 s for other ranks in %s, and goes on waiting\n",
                 link.rank, exchange.what);
  }
}

}  // namespace xtape::dist::detail
