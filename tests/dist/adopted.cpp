// A program that has MPI before there is a world, and after.
#include <cstdio>
#include <string>
#include <vector>

#include <mpi.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/dist/world.hpp>

#include "support/errors.hpp"

using namespace xtape;

namespace {

int failures = 0;
void check(bool right, const char* what) {
  if (right) return;
  std::printf("wrong: %s\n", what);
  ++failures;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Comm comm = MPI_COMM_WORLD;
  check(error_of<ValueError>([&] { return dist::World::adopt(comm).size(); }) ==
            "world: a communicator needs MPI, which has not begun or has ended",
        "before MPI");
  MPI_Init(&argc, &argv);
  int rank = 0, size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  {
    MPI_Comm halves = MPI_COMM_NULL;
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &halves);
    const dist::World half = dist::World::adopt(halves), all = dist::World::adopt(comm);
    check(all.size() == size && all.rank() == rank, "all ranks");
    check(half.size() == (size + 1 - rank % 2) / 2 && half.rank() == rank / 2, "every other rank");
    check(half.all_reduce(full({}, 1)).item() == half.size(), "a sum of half the ranks");
    MPI_Comm_free(&halves);  // the world has one of its own
    check(half.all_reduce(full({}, 1)).item() == half.size(), "a sum when the program's is gone");
    MPI_Comm none = MPI_COMM_NULL;
    check(error_of<ValueError>([&] { return dist::World::adopt(none).size(); }) ==
              "world: a communicator must have a rank or more; got MPI_COMM_NULL",
          "no ranks");
    check(error_of<ValueError>([&] { return dist::World::adopt('c').size(); }) ==
              "world: adopt() needs an MPI_Comm",
          "no communicator");
  }
  {
    dist::World joined(argc, argv);  // MPI goes on when it ends
    check(joined.size() == size, "a world of a program that has begun MPI");
    joined.finalize();
    check(error_of<ValueError>([&] {
            joined.barrier();
            return 0;
          }) == "world: MPI has ended; nothing can be exchanged any more",
          "a world that has ended");
    const dist::World another(argc, argv);
    check(another.size() == size, "another after it");
  }
  const dist::World after = dist::World::adopt(comm);
  MPI_Finalize();
  check(error_of<ValueError>([&] { return after.all_reduce(ones({1})).size(); }) ==
            "world: MPI has ended; nothing can be exchanged any more",
        "a world used after MPI");
  check(error_of<ValueError>([&] { return dist::World(argc, argv).size(); }) ==
            "world: MPI can begin once in a process; it has ended before",
        "a world after MPI");
  return failures == 0 ? 0 : 1;
}
