#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/file_dataset.hpp>
#include <xtape/data/table.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

namespace detail {
/// Its tensors as "x" and "y".
NamedDataset named(const Dataset& made);
}  // namespace detail

struct CsvFileOptions {
  CsvOptions csv = {};
  std::int64_t block_bytes = std::int64_t{1} << 20;  ///< of the text that is read at once
  std::int64_t window_bytes = std::int64_t{1}
                              << 26;  ///< of the texts whose rows are kept, and mixed by a loader
};

/// Makes of a piece of a table as many rows, for each piece tensors of the same names, dtypes and
/// shapes.
using TableFunction = std::function<NamedDataset(const Table& piece)>;

/// Tables of comma-separated values in one file or several with the same columns, read a piece at a
/// time: each becomes tensors by a function, such as a Pipeline that was fitted on the first rows:
///   `const Pipeline prepare(read_table(files[0], {.max_rows = 100000}), ...);`
///   `Loader loader(open_csv(files, prepare), {.batch_size = 64, .shuffle = true}, rng);`
/// The files are read once when they are opened, to find the rows and what is wrong with their
/// form; what is wrong with a field is told when its piece is read. The function is called on the
/// thread that makes batches, and sees a row again in each pass.
/// Throws IoError as `read_csv`, and for a packed file, one with other columns than the first, one
/// that has changed, and for tensors that are not those of the first piece; ValueError for no files
/// and `max_rows`, and as `map_npy`; and what the function throws.
FileDataset open_csv(const std::vector<std::string>& files, TableFunction make,
                     const CsvFileOptions& options = {});

/// The same of a function that gives a Dataset, as "x" and "y".
template <class F>
requires std::same_as<std::invoke_result_t<const F&, const Table&>, Dataset> FileDataset
open_csv(const std::vector<std::string>& files, F make, const CsvFileOptions& options = {}) {
  return open_csv(files, TableFunction([make = std::move(make)](const Table& piece) {
                    return detail::named(make(piece));
                  }),
                  options);
}

}  // namespace xtape::data

XTAPE_EXPORT_END
