#pragma once
#include <memory>

#include <xtape/data/block_reader.hpp>
#include <xtape/data/file_dataset.hpp>

namespace xtape::data {

/// What a reader of blocks has, as a program sees it; whether the program has put the arrays in
/// order.
FileDataset open_blocks(std::shared_ptr<const detail::BlockReader> reader, bool in_order = true);

}  // namespace xtape::data
