#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include <xtape/core/place.hpp>

#if XTAPE_HAS_BACKTRACE

// libbacktrace comes with gcc, its header for gcc alone.
extern "C" {
struct backtrace_state;
using backtrace_error_callback = void (*)(void* data, const char* message, int number);
using backtrace_full_callback = int (*)(void* data, std::uintptr_t pc, const char* file, int line,
                                        const char* function);
using backtrace_simple_callback = int (*)(void* data, std::uintptr_t pc);
using backtrace_syminfo_callback = void (*)(void* data, std::uintptr_t pc, const char* symbol,
                                            std::uintptr_t value, std::uintptr_t size);
backtrace_state* backtrace_create_state(const char* program, int threads, backtrace_error_callback,
                                        void* data);
int backtrace_simple(backtrace_state*, int skip, backtrace_simple_callback,
                     backtrace_error_callback, void* data);
int backtrace_pcinfo(backtrace_state*, std::uintptr_t pc, backtrace_full_callback,
                     backtrace_error_callback, void* data);
int backtrace_syminfo(backtrace_state*, std::uintptr_t pc, backtrace_syminfo_callback,
                      backtrace_error_callback, void* data);
}

namespace xtape::detail {
namespace {

void ignore(void*, const char*, int) {}

bool starts_with_any(std::string_view text, auto... prefixes) {
  return (text.starts_with(prefixes) || ...);
}

/// Whether a function is the library's or the language's, by its linkage name.
bool is_library_symbol(std::string_view symbol) {
  return starts_with_any(symbol, "_ZN5xtape", "_ZNK5xtape", "_ZZN5xtape", "_ZZNK5xtape", "_ZNSt",
                         "_ZNKSt", "_ZSt", "_ZZNSt", "_ZN9__gnu_cxx");
}

/// Whether a line is of a header of either, which is compiled into the program's functions, or of
/// what calls main and threads in glibc.
bool is_library_line(std::string_view file) {
  for (auto at = file.find("/xtape/"); at != file.npos; at = file.find("/xtape/", at + 1)) {
    if (starts_with_any(file.substr(at + 7), "core/", "ops/", "nn/", "optim/", "data/", "train/"))
      return true;
  }
  return file.find("/include/c++/") != file.npos || file.find("sysdeps/") != file.npos ||
         starts_with_any(file, "../csu/", "./csu/", "./nptl/");
}

struct Search {
  backtrace_state* state;
  std::string found;
};

int visit(void* data, std::uintptr_t pc, const char* file, int line, const char*) {
  if (file == nullptr || is_library_line(file)) return 0;
  auto& search = *static_cast<Search*>(data);
  bool library = false;
  backtrace_syminfo(
      search.state, pc,
      [](void* result, std::uintptr_t, const char* symbol, std::uintptr_t, std::uintptr_t) {
        *static_cast<bool*>(result) = symbol != nullptr && is_library_symbol(symbol);
      },
      ignore, &library);
  if (library) return 0;
  const std::string_view path = file;
  search.found = std::string(path.substr(path.rfind('/') + 1)) + ":" + std::to_string(line);
  return 1;
}

}  // namespace

std::string user_line() {
  static backtrace_state* const state = backtrace_create_state(nullptr, 1, ignore, nullptr);
  Search search{state, {}};
  const auto look = [](void* data, std::uintptr_t pc) {
    // The line of a place, empty in the library: to find it takes longer than all else, and a trace
    // comes by the same places again and again.
    thread_local std::unordered_map<std::uintptr_t, std::string> known;
    auto& of = *static_cast<Search*>(data);
    const auto [at, is_new] = known.try_emplace(pc);
    if (is_new) {
      Search here{of.state, {}};
      backtrace_pcinfo(of.state, pc, visit, ignore, &here);
      at->second = here.found;
    }
    of.found = at->second;
    return of.found.empty() ? 0 : 1;
  };
  if (state != nullptr) backtrace_simple(state, 1, look, ignore, &search);
  return search.found;
}

}  // namespace xtape::detail

#else

std::string xtape::detail::user_line() { return {}; }

#endif
