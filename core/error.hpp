#pragma once
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Root of all exceptions of the library. The text says the operation, the rule, what it got, and
/// inside a module the path of the layer: "... (in hidden.0)".
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& text);
};

struct ShapeError : Error {
  using Error::Error;
};
struct DtypeError : Error {
  using Error::Error;
};
struct IndexError : Error {
  using Error::Error;
};
struct GradError : Error {
  using Error::Error;
};
struct ValueError : Error {
  using Error::Error;
};
/// The system has no memory left, even after the pool has given back what it kept.
struct MemoryError : Error {
  /// "operation: out of memory: bytes for target"; parts that are empty are left out.
  MemoryError(const std::string& operation, std::size_t bytes, const std::string& target = {});
  std::size_t bytes;
  bool names_operation;
};
struct IoError : Error {
  using Error::Error;
};

/// While it lives, errors raised on this thread name this place too; places nest: "hidden.0".
class ErrorContext {
 public:
  /// A place that knows its path itself, from the root that it belongs to. It is asked when an
  /// error is raised, and then for the innermost place of a root alone.
  struct Place {
    virtual ~Place() = default;
    virtual std::string path() const = 0;
    virtual const Place* root() const = 0;
  };

  [[nodiscard]] explicit ErrorContext(std::string_view name) noexcept
      : ErrorContext(name, nullptr) {}
  [[nodiscard]] explicit ErrorContext(const Place& place) noexcept : ErrorContext({}, &place) {}
  ~ErrorContext();
  ErrorContext(const ErrorContext&) = delete;
  ErrorContext& operator=(const ErrorContext&) = delete;

  /// The places entered on this thread, outermost first, joined by dots.
  static std::string path();

 private:
  ErrorContext(std::string_view name, const Place* place) noexcept;

  std::string_view name_;
  const Place* place_;
  mutable ErrorContext* outer_;
};

namespace detail {

/// A number for messages, as it is: the fewest digits that read back as the same, "nan", "-inf".
std::string text(float value);
std::string text(double value);
std::string text(long double value);
template <std::integral T>
std::string text(T value) {
  return std::to_string(value);
}

}  // namespace detail
}  // namespace xtape

XTAPE_EXPORT_END
