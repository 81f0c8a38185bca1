// What libFuzzer calls.
#include <cstddef>
#include <cstdlib>

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (run_target({bytes, count}) != 0) std::abort();
  return 0;
}
