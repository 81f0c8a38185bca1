#pragma once
#include <string>
#include <type_traits>

#include <xtape/core/error.hpp>
#include <xtape/core/shape.hpp>
#include <xtape/ops/convolution.hpp>

namespace xtape::nn::detail {

/// The arguments of a layer as they are printed: `Arguments(64, 128)("stride", 2, 1).text` is
/// "64, 128, stride=2". Options that have their usual value are left out.
struct Arguments {
  template <class... Values>
  explicit Arguments(const Values&... values) {
    (add("", shown(values)), ...);
  }
  template <class Value>
  Arguments& operator()(const char* name, const Value& value,
                        const std::type_identity_t<Value>& usual) {
    if (!(value == usual)) add(std::string(name) + "=", shown(value));
    return *this;
  }

  std::string text;

 private:
  static std::string shown(bool value) { return value ? "true" : "false"; }
  static std::string shown(const Shape& value) { return to_string(value); }
  static std::string shown(const PerAxis& value) { return value.text(); }
  static std::string shown(const ConvolutionPadding& value) { return value.text(); }
  static std::string shown(const std::string& value) { return value; }
  template <class Number>
  requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)  //
      static std::string shown(Number value) {
    return xtape::detail::text(value);
  }
  void add(const std::string& name, const std::string& value) {
    text += (text.empty() ? "" : ", ") + name + value;
  }
};

/// "Conv2d", of the template "Conv".
inline std::string per_axes(const char* type, int axes) {
  return type + std::to_string(axes) + 'd';
}

}  // namespace xtape::nn::detail
