#include <atomic>
#include <string>

#include <xtape/core/dtype.hpp>
#include <xtape/core/error.hpp>

namespace xtape {
namespace {

constinit std::atomic<Dtype> program_default = Dtype::float32;
constinit thread_local std::optional<Dtype> thread_default;

Dtype checked(const char* op, Dtype dtype) {
  if (is_floating(dtype)) return dtype;
  throw DtypeError(std::string(op) + ": the default dtype must be floating; got " +
                   std::string(to_string(dtype)));
}

}  // namespace

Dtype default_dtype() noexcept {
  return thread_default ? *thread_default : program_default.load(std::memory_order_relaxed);
}

void set_default_dtype(Dtype dtype) { program_default = checked("set_default_dtype", dtype); }

DefaultDtypeGuard::DefaultDtypeGuard(Dtype dtype) : outer_(thread_default) {
  thread_default = checked("DefaultDtypeGuard", dtype);
}

DefaultDtypeGuard::~DefaultDtypeGuard() { thread_default = outer_; }

}  // namespace xtape
