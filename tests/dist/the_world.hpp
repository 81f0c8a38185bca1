#pragma once
#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/world.hpp>

/// That of all tests of a program.
xtape::dist::World& the_world();
