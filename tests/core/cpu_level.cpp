#include <cstdlib>
#include <string_view>

#include <doctest/doctest.h>

#include <xtape/core/cpu_level.hpp>

using namespace xtape;

// The scripts that run these tests with another processor or level say what it is.
TEST_CASE("the level in use is the one of this processor") {
  const char* const expected = std::getenv("XTAPE_TEST_LEVEL");
  CHECK(cpu_level() == std::string_view(expected != nullptr ? expected : cpu_level()));
}
