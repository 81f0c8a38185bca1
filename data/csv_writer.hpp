#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/data/output_file.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

using CsvValue = std::variant<std::int64_t, double, std::string, bool>;

/// Writes a table of comma-separated values with a header, which appears whole or not at all (see
/// `OutputFile`): `read_csv` gives the same texts and numbers back, those that are not finite with
/// `.nonfinite`. Numbers have the fewest digits that do so; texts are quoted where they must be; a
/// bool is "true" or "false".
/// Source of the form: RFC 4180, with lines that end in LF.
class CsvWriter {
 public:
  /// Throws ValueError unless there are columns, with names that differ and are not empty; IoError.
  CsvWriter(const std::string& path, const std::vector<std::string>& columns);

  /// Throws ValueError unless there is a value for each column; IoError.
  void write(const std::vector<CsvValue>& row);
  /// Makes the file appear. Throws IoError.
  void commit() { file_.commit(); }

 private:
  OutputFile file_;
  std::size_t columns_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
