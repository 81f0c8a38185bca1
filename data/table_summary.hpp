#pragma once
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/data/table.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// What is in a column. Numbers of a column that is not numeric are NaN; quantiles are interpolated
/// linearly.
struct ColumnSummary {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  std::string name = {};
  bool numeric = false;       ///< all fields that are there are numbers
  std::int64_t count = 0;     ///< fields that are there
  std::int64_t missing = 0;   ///< and that are not
  std::int64_t distinct = 0;  ///< different numbers, or texts
  double mean = none;
  double deviation = none;  ///< as of a sample, divided by n - 1; of one number NaN
  double min = none, lower_quartile = none, median = none, upper_quartile = none, max = none;
  std::vector<double> quantiles = {};  ///< those that were asked for; none of texts
  std::string most_frequent = {};      ///< the first in order among equals; empty without fields
  std::int64_t frequency = 0;          ///< how often that is there
};

/// The columns of a table, to be read or printed: `std::cout << table.describe();`
class TableSummary {
 public:
  /// With the quantiles that are shown. Throws ValueError unless they lie in [0, 1].
  explicit TableSummary(const Table& table,
                        const std::vector<double>& quantiles = {0.25, 0.5, 0.75});

  const std::vector<ColumnSummary>& columns() const& { return columns_; }
  std::vector<ColumnSummary> columns() &&;
  /// Throws ValueError for a column that is not there.
  const ColumnSummary& operator[](const std::string& column) const&;
  ColumnSummary operator[](const std::string& column) &&;

  /// A line a column.
  friend std::ostream& operator<<(std::ostream& out, const TableSummary& summary);

 private:
  std::vector<ColumnSummary> columns_;
  std::vector<double> quantiles_;
  std::int64_t rows_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
