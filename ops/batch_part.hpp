#pragma once
#include <cstdint>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// While it lives, this thread computes with rows [first, first + rows) of a batch of `total` rows,
/// whose other rows are computed elsewhere: layers with dropout drop of these what they would drop
/// of them in the whole batch. That holds for inputs with examples along the first axis, each of
/// one row or several. One whose first axis is no multiple of `rows` is refused by ShapeError,
/// unless told by `BatchPart(0, 1, 1)` that it is no part; one that is a multiple by chance, such
/// as time steps first, gets masks of other places than in the whole batch: put examples first.
/// Recurrent nets know their batch axis.
/// Scopes nest, the innermost counts. Throws ValueError unless 0 <= first, 0 <= rows, first + rows
/// <= total.
class BatchPart {
 public:
  [[nodiscard]] BatchPart(std::int64_t first, std::int64_t rows, std::int64_t total);
  ~BatchPart();
  BatchPart(const BatchPart&) = delete;
  BatchPart& operator=(const BatchPart&) = delete;

  std::int64_t first() const { return first_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t total() const { return total_; }
  /// The innermost on this thread; null without one.
  static const BatchPart* current() noexcept;

 private:
  std::int64_t first_, rows_, total_;
  mutable BatchPart* outer_;
};

}  // namespace xtape

XTAPE_EXPORT_END
