#include <xtape/core/error.hpp>

namespace xtape {
namespace {

thread_local ErrorContext* innermost = nullptr;

std::string with_place(const std::string& text) {
  const std::string place = ErrorContext::path();
  return place.empty() ? text : text + " (in " + place + ")";
}

}  // namespace

Error::Error(const std::string& text) : std::runtime_error(with_place(text)) {}

MemoryError::MemoryError(const std::string& operation, std::size_t wanted,
                         const std::string& target)
    : Error((operation.empty() ? "" : operation + ": ") + "out of memory: " +
            std::to_string(wanted) + " bytes" + (target.empty() ? "" : " for " + target)),
      bytes(wanted) {}

ErrorContext::ErrorContext(std::string_view place, const void* owner) noexcept
    : place_(place), owner_(owner), outer_(innermost) {
  innermost = this;
}

ErrorContext::~ErrorContext() { innermost = outer_; }

std::string ErrorContext::path() {
  std::string path;
  for (const ErrorContext* context = innermost; context != nullptr; context = context->outer_) {
    const ErrorContext* outer = context->outer_;
    const bool repeated =
        context->owner_ != nullptr && outer != nullptr && outer->owner_ == context->owner_;
    if (context->place_.empty() || repeated) continue;
    const std::string place(context->place_);
    path = path.empty() ? place : place + "." + path;
  }
  return path;
}

}  // namespace xtape
