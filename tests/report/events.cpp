// Writes events into a folder, for tests/reference/tensorboard_reader.py to read.
#include <cmath>
#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  report::EventWriter events(argv[1]);
  for (int step = 0; step < 5; ++step) events.scalar("loss", std::ldexp(1.0, -step), 10 * step);
  events.scalar("none", NAN, 0);
  events.histogram("weights", linspace(-1, 1, 1001), 3);
  events.histogram("equal", full({4}, 2), 3);
  events.histogram("empty", zeros({0}), 3);
  events.image("gray", tensor({{0, 51, 102}, {153, 204, 255}}), 1);
  events.image("colour", Rng(0).uniform({3, 4, 5}), 2);
  events.text("note", "**bold** and caf\u00e9", 4);
  events.scalar("M\xfcller", 1, 0);  // no UTF-8
  events.text("latin", "caf\xe9", 0);
}
