#include <string>
#include <thread>

#include <xtape/dist/ending.hpp>
#include <xtape/dist/long_wait.hpp>
#include <xtape/dist/together.hpp>

namespace xtape::dist::detail {
namespace {

constexpr double soon = 0.02;  // seconds: most are over by then, and nobody looks what others do

}  // namespace

Exchange next_exchange(Link& link, const char* what) { return {what, ++link.exchanges}; }

void wait(Link& link, const Exchange& exchange, std::span<MPI_Request> requests) {
  double looked = MPI_Wtime();
  LongWait waited(link, exchange.what);
  for (;;) {
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
    waited.tell_once();
  }
}

}  // namespace xtape::dist::detail
