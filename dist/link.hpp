#pragma once
// What MPI knows of a world: the one header beside sources that includes mpi.h.

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <cstdint>
#include <string>
#include <thread>

#include <xtape/core/dtype.hpp>

namespace xtape::dist::detail {

struct Link {
  MPI_Comm communicator = MPI_COMM_NULL;  // null: alone
  MPI_Comm ending = MPI_COMM_NULL;        // where ranks meet to end
  int rank = 0, size = 1;
  bool main = false;   // it stands for the whole program
  bool began = false;  // MPI, and ends it
  bool ended = false;
  int exceptions = 0;                                   // under way when it was made
  std::uint64_t exchanges = 0;                          // that this rank has begun
  std::thread::id thread = std::this_thread::get_id();  // that may exchange
  std::string held;                                     // why nobody may now
  std::int64_t overlapped = 0;                          // made so far, the same on all ranks

  // What it has heard: which rank left the world first, and after how many exchanges.
  int left = -1;
  std::uint64_t left_after = UINT64_MAX;
  std::uint64_t news = 0;  // messages of that

  bool alone() const { return communicator == MPI_COMM_NULL; }
};

/// Throws Error if a function of MPI has failed.
void check(int status, const char* what);

MPI_Datatype type_of(Dtype dtype);

/// Elements that one message has at most: counts of MPI are ints.
constexpr std::int64_t most_at_once = std::int64_t{1} << 30;

/// Whether MPI runs now.
bool mpi_runs();

}  // namespace xtape::dist::detail
