#pragma once
#include <cstdint>
#include <span>

#include <xtape/dist/link.hpp>

/// Exchanges that all ranks of a world take part in. They are counted, so that a rank that waits
/// for one can tell that another has left the world without it.
namespace xtape::dist::detail {

struct Exchange {
  const char* what = "";     // "sum"
  std::uint64_t number = 0;  // of the world, from 1; the same on all ranks
};

/// The next one.
Exchange next_exchange(Link& link, const char* what);
/// Waits for messages of an exchange, and goes on with all others meanwhile. Ends the program if a
/// rank has left without it; says so once if that takes long.
void wait(Link& link, const Exchange& exchange, std::span<MPI_Request> requests);

/// Does one: `begin(request)` begins it and returns a status of MPI.
template <class Begin>
void exchange(Link& link, const char* what, const Begin& begin) {
  const Exchange own = next_exchange(link, what);
  MPI_Request request = MPI_REQUEST_NULL;
  check(begin(&request), what);
  wait(link, own, {&request, 1});
}

}  // namespace xtape::dist::detail
