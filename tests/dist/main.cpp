// Tests that all ranks of a world run together: mpirun -n 2 xtape_mpi_tests.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "dist/the_world.hpp"

namespace {

xtape::dist::World* made = nullptr;

}  // namespace

xtape::dist::World& the_world() { return *made; }

int main(int argc, char** argv) {
  xtape::dist::World world(argc, argv);
  made = &world;
  doctest::Context context(argc, argv);
  context.setOption("abort-after", 1);  // a rank that has failed would leave the others waiting
  const int failed = context.run();
  return world.run([&] {
    double failures = failed;
    world.sum({&failures, 1});
    if (failures > 0) throw xtape::ValueError("tests have failed");
  });
}
