#include <array>
#include <charconv>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/core/scope.hpp>

namespace xtape {
namespace {

thread_local ErrorContext* innermost = nullptr;

std::string with_place(const std::string& text) {
  const std::string place = ErrorContext::path();
  return place.empty() ? text : text + " (in " + place + ")";
}

template <class T>
std::string shortest(T value) {
  if (std::isnan(value)) return "nan";  // whatever its sign
  std::array<char, 64> buffer;
  return {buffer.data(), std::to_chars(buffer.begin(), buffer.end(), value).ptr};
}

}  // namespace

Error::Error(const std::string& text) : std::runtime_error(with_place(text)) {}

MemoryError::MemoryError(const std::string& operation, std::size_t wanted,
                         const std::string& target)
    : Error((operation.empty() ? "" : operation + ": ") + "out of memory: " +
            std::to_string(wanted) + " bytes" + (target.empty() ? "" : " for " + target)),
      bytes(wanted),
      names_operation(!operation.empty()) {}

ErrorContext::ErrorContext(std::string_view name, const Place* place) noexcept
    : name_(name), place_(place), outer_(innermost) {
  innermost = this;
}

ErrorContext::~ErrorContext() { detail::unlink(innermost, *this, &ErrorContext::outer_); }

std::string ErrorContext::path() {
  std::string path;
  const Place* named = nullptr;  // the root of the place that was named last
  for (const ErrorContext* context = innermost; context != nullptr; context = context->outer_) {
    std::string part(context->name_);
    if (context->place_ != nullptr) {
      const Place* root = context->place_->root();
      if (root == named) continue;  // the places around it are in its path
      named = root;
      part = context->place_->path();
    }
    if (!part.empty()) path = path.empty() ? part : part + "." + path;
  }
  return path;
}

namespace detail {

std::string text(float value) { return shortest(value); }
std::string text(double value) { return shortest(value); }
std::string text(long double value) { return shortest(value); }

}  // namespace detail
}  // namespace xtape
