#include <cstdio>
#include <cstdlib>

#include <xtape/core/scope.hpp>

void xtape::detail::end_on_other_thread() noexcept {
  std::fputs("xtape: a guard must end on the thread on which it began\n", stderr);
  std::abort();
}
