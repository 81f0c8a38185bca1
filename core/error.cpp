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

ErrorContext::ErrorContext(std::string_view place) noexcept : place_(place), outer_(innermost) {
  innermost = this;
}

ErrorContext::~ErrorContext() { innermost = outer_; }

std::string ErrorContext::path() {
  std::string path;
  for (const ErrorContext* context = innermost; context != nullptr; context = context->outer_) {
    if (context->place_.empty()) continue;
    const std::string place(context->place_);
    path = path.empty() ? place : place + "." + path;
  }
  return path;
}

}  // namespace xtape
