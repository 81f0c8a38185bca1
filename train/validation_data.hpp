#pragma once
#include <cstdint>
#include <variant>

#include <xtape/train/fit_options.hpp>

namespace xtape {

/// What ValidationData may be.
struct ValidationData::Any {
  std::variant<data::Dataset, data::TensorList, data::NamedDataset, data::Loader,
               data::TensorLoader, data::NamedLoader>
      data;
};

namespace detail {

/// A number that tells it from others; 0 of none.
std::int64_t fingerprint_of(const ValidationData& validation);

}  // namespace detail
}  // namespace xtape
