#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

struct PackedOptions {
  Dtype dtype = default_dtype();  ///< of the tensors
  double center = 0;              ///< numbers become (number - center) / scale
  double scale = 1;
};

template <class T>
concept PackedInteger = std::same_as<T, std::uint8_t> || std::same_as<T, std::int8_t> ||
    std::same_as<T, std::int16_t> || std::same_as<T, std::uint16_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t>;

/// An array of small integers that is kept in as few bytes as they need, such as images in one a
/// pixel, and becomes tensors a row or a batch at a time:
/// `Loader loader(images.size(), [&](std::int64_t i) { return Dataset{images.row(i), labels[i]};
/// });` Copies share the memory.
class PackedIntegers {
 public:
  /// A copy of `values` in row-major order.   shape [rows, ...]
  /// Throws ShapeError unless there are as many values as elements, and for rank 0.
  template <PackedInteger T>
  PackedIntegers(std::span<const T> values, const Shape& shape)
      : PackedIntegers(std::as_bytes(values), sizeof(T), std::signed_integral<T>, shape) {}
  template <PackedInteger T>
  PackedIntegers(const std::vector<T>& values, const Shape& shape)
      : PackedIntegers(std::span<const T>(values), shape) {}
  /// The numbers of a tensor, in as few bytes each as hold all of them, of 1, 2 and 4.
  /// Throws ShapeError for rank 0, DtypeError unless int64 or boolean, ValueError for numbers that
  /// neither int32 nor uint32 holds.
  explicit PackedIntegers(const Tensor& x);

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return shape_[0]; }  ///< rows
  std::int64_t bytes() const { return std::ssize(*bytes_); }

  /// A row.   [...]
  /// Throws IndexError for one that is not there; ValueError unless center is finite, and scale
  /// finite and not 0, or for numbers that the dtype does not hold (boolean 0 and 1; float32,
  /// unless they are scaled and so rounded, those it has exactly); DtypeError for scaled numbers
  /// that are not to be floating.
  Tensor row(std::int64_t row, const PackedOptions& options = {}) const;
  /// Several.   indices int64 [n] -> [n, ...]; throws as `row`, ShapeError, DtypeError for other
  /// indices
  Tensor rows(const Tensor& indices, const PackedOptions& options = {}) const;

 private:
  friend PackedIntegers read_packed_idx(const std::string& path);
  friend PackedIntegers load_packed_npy(const std::string& path);

  PackedIntegers(std::span<const std::byte> values, std::size_t width, bool is_signed,
                 const Shape& shape);
  Tensor gathered(std::span<const std::int64_t> rows, const Shape& shape,
                  const PackedOptions& options) const;

  std::shared_ptr<const std::vector<std::byte>> bytes_;
  std::size_t width_ = 1;  // of a number
  bool is_signed_ = false;
  Shape shape_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
