#pragma once
#include <cstdint>
#include <string_view>

#include <xtape/data/dataset.hpp>

/// Checks that datasets, splits, augmentation and loader share; `op` is named in their errors.
namespace xtape::data::detail {

/// Throws ValueError for a count below `least`.
void check_count(const char* op, const char* what, std::int64_t count, std::int64_t least = 1);

/// Throws ValueError for a negative number of rows, and an error of memory, here and not halfway,
/// for more than there is room to number.
void check_row_count(const char* op, std::int64_t rows);

/// Throws ValueError unless both are finite, and scale not 0.
void check_affine(const char* op, double center, double scale);

/// Throws ValueError for what is no format of `parse_date`.
void check_date_format(std::string_view format);

/// Throws DtypeError unless floating.
void check_floating(const char* op, Dtype dtype);

/// Throws ShapeError unless x and y have the same number of rows.
void check_rows(const char* op, const Dataset& dataset);
/// The same of a list; ValueError if it is empty.
void check_rows(const char* op, const TensorList& list);
void check_rows(const char* op, const NamedDataset& dataset);

/// Labels int64 or boolean [n] as int64, and of one-hot [n, classes] the classes. Throws
/// ShapeError, DtypeError for others, ValueError for a row that is not one-hot.
Tensor sparse_labels(const char* op, const Tensor& labels);

}  // namespace xtape::data::detail
