#pragma once
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

enum class Task { classification, regression };

struct CsvDatasetOptions {
  CsvColumn label = -1;  ///< all other columns are features
  Task task = Task::classification;
  Dtype dtype = default_dtype();  ///< of the features, and of labels of a regression
  /// The classes in the order of their indices, such as `class_names` of the training data, which
  /// test data need not all show; without them they follow from the file. If all are whole numbers
  /// without zeros in front, and the type of the column is not text, labels are compared as numbers
  /// ("1.0" is of class "1", and "01" only if the type is number), else as texts.
  std::vector<std::string> classes = {};
  CsvOptions csv = {};
};

struct CsvDataset {
  Dataset dataset;
  std::vector<std::string> feature_names;
  std::vector<std::string> class_names;  ///< by index; none of a regression
};

/// A table as samples and labels.
///   x [n, features], of `dtype`
///   y int64 [n], indices of classes; of a regression [n, 1], of `dtype`
/// Unless `classes` says otherwise, labels are all numbers or all names. If one has zeros in front,
/// "01", or the type of the column is text, numbers are names too, else they are their own
/// indices, and must be 0 to k - 1 with none skipped; names stand for their places among the sorted
/// distinct ones.
/// A label is missing, whatever the options say of features, if it is one of `missing`, empty, "?",
/// "na", "n/a", "nan" or "null", in capitals or not, and none of `classes`.
/// Throws IoError as `read_csv` and `CsvTable::number`, and for fewer than 2 columns or classes, a
/// label that is missing, none of `classes`, a number among names or the reverse, or a number that
/// is no class, in a regression not finite; ValueError for a column that is not there; DtypeError
/// unless floating.
CsvDataset load_csv_dataset(const std::string& path, const CsvDatasetOptions& options = {});

}  // namespace xtape::data

XTAPE_EXPORT_END
