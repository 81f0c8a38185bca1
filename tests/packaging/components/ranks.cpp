// Of an installed xtape the component mpi, which brings data and core along.
#include <xtape/dist/overlapped.hpp>
#include <xtape/xtape.hpp>

int main(int argc, char** argv) {
  const xtape::dist::World world(argc, argv);
  return world.run([&] {
    const xtape::nn::Dense model(2, 2);
    xtape::dist::Overlapped overlapped(model, world);
    overlapped.backward(xtape::sum(model(xtape::ones({3, 2}))), 3);
  });
}
