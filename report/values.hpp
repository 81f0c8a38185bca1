#pragma once
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

/// Numbers to be shown: a list of one type, a vector or a tensor, of which the values are read,
/// recorded or not.
class Values {
 public:
  // Templates, because gcc 12 takes {.width = 3.0} for a list of double, and for a tensor.
  template <Arithmetic T>
  Values(std::initializer_list<T> numbers) : numbers_(numbers.begin(), numbers.end()) {}
  Values(std::vector<double> numbers) : numbers_(std::move(numbers)) {}
  template <Arithmetic T>
  Values(const std::vector<T>& numbers) : numbers_(numbers.begin(), numbers.end()) {}
  template <class T>
  requires std::convertible_to<const T&, const Tensor&> &&(!Arithmetic<T>)Values(const T& tensor)
      : Values(Read{}, tensor) {}

  const std::vector<double>& numbers() const { return numbers_; }
  std::size_t size() const { return numbers_.size(); }
  double operator[](std::size_t i) const { return numbers_[i]; }
  /// "a list of 3 numbers", "float32[3, 2]"
  std::string describe() const;
  bool is_list() const { return rank_ == 1; }

 private:
  struct Read {};
  Values(Read, const Tensor& tensor);

  std::vector<double> numbers_;
  std::size_t rank_ = 1;
  std::string tensor_;
};

}  // namespace xtape::report

XTAPE_EXPORT_END
