#pragma once
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/packed.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// The array in a .npy file of NumPy's, plain or gzip: bool, float32 and float64 as they are,
/// float16 in float32, integers of any width in int64; of either byte order, either order of the
/// axes, 0 to 8 axes.
/// Throws IoError, naming the file, if it cannot be read, is damaged or of another kind, holds less
/// or more than its header says, elements of another dtype, or a uint64 that int64 does not hold.
/// Source of the form: NumPy, numpy.lib.format, versions 1.0 to 3.0.
Tensor load_npy(const std::string& path);
/// The same, which must be of that dtype. Throws DtypeError.
Tensor load_npy(const std::string& path, Dtype dtype);

/// The same of integers, kept in as few bytes as hold them: those of the file if they are four
/// bytes at most, with the last axis the fastest. Throws IoError, for floating numbers too;
/// ShapeError for 0 axes, ValueError for numbers that neither int32 nor uint32
/// holds.
PackedIntegers load_packed_npy(const std::string& path);

/// Writes the values to a .npy file, which appears whole or not at all (see `OutputFile`).
/// Throws IoError, naming the file.
void save_npy(const std::string& path, const Tensor& tensor);

}  // namespace xtape::data

XTAPE_EXPORT_END
