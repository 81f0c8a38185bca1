#pragma once
#include <optional>
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/packed.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// Numbers become (number - center) / scale on their way from the file into a tensor.
struct IdxOptions {
  std::optional<Dtype> dtype = {};  ///< int64 for integers, else the file's, unless given
  double center = 0;
  double scale = 1;
};

/// The array in an IDX file, plain or gzip: unsigned or signed bytes, int16, int32, float32 or
/// float64, of 1 to 8 axes.
/// Throws IoError, naming the file, if it cannot be read, if it or its gzip form is damaged or of
/// another kind, or if it holds less or more than its header says; ValueError unless center is
/// finite, and scale finite and not 0; DtypeError for floating or scaled numbers into an integer
/// or boolean dtype.
/// Source of the form: LeCun, Cortes and Burges, The MNIST database, "File formats".
Tensor read_idx(const std::string& path, const IdxOptions& options = {});

/// The same of integers, kept in the bytes that they have in the file: a quarter or an eighth of
/// those of the tensor. Throws alike, IoError for a file of floating numbers.
PackedIntegers read_packed_idx(const std::string& path);

}  // namespace xtape::data

XTAPE_EXPORT_END
