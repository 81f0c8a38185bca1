#include <atomic>
#include <string>
#include <utility>

#include <xtape/core/dtype.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/scope.hpp>

namespace xtape {
namespace {

constinit std::atomic<Dtype> program_default = Dtype::float32;
constinit thread_local DefaultDtypeGuard* innermost = nullptr;

Dtype checked(const char* op, Dtype dtype) {
  if (is_floating(dtype)) return dtype;
  throw DtypeError(std::string(op) + ": the default dtype must be floating; got " +
                   std::string(to_string(dtype)));
}

}  // namespace

Dtype default_dtype() noexcept {
  return innermost != nullptr ? innermost->dtype_ : program_default.load(std::memory_order_relaxed);
}

void set_default_dtype(Dtype dtype) { program_default = checked("set_default_dtype", dtype); }

DefaultDtypeGuard::DefaultDtypeGuard(Dtype dtype)
    : dtype_(checked("DefaultDtypeGuard", dtype)), outer_(std::exchange(innermost, this)) {}

DefaultDtypeGuard::~DefaultDtypeGuard() {
  detail::unlink(innermost, *this, &DefaultDtypeGuard::outer_);
}

}  // namespace xtape
