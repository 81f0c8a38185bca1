#pragma once
#include <variant>

#include <xtape/train/fit_options.hpp>

namespace xtape {

/// What ValidationData may be.
struct ValidationData::Any {
  std::variant<data::Dataset, data::TensorList, data::NamedDataset, data::Loader,
               data::TensorLoader, data::NamedLoader>
      data;
};

}  // namespace xtape
