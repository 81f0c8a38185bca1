#include <doctest/doctest.h>
#include <xtape/train/search.hpp>
