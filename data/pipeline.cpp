#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/pipeline_fitted.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

[[noreturn]] void refuse(const std::string& what) { throw ValueError("pipeline: " + what); }

/// The columns of a group as they were given.
const Columns& columns_of(const ColumnGroup& group) {
  return std::visit([](const auto& of) -> const Columns& { return of.columns; }, group);
}

Columns fit_target(const Table& training, const TargetColumn& target) {
  if (target.task == Task::regression) return {};
  Columns classes = distinct_texts(training, target.column, nullptr);
  if (classes.size() < 2) {
    refuse("column " + quoted(target.column) + ": at least 2 classes are needed; got only " +
           quoted(classes.front()));
  }
  return classes;
}

/// Throws ValueError for a number that the dtype does not hold.
Tensor in_dtype(const Tensor& x, Dtype dtype, const Columns& names) {
  constexpr double greatest = std::numeric_limits<float>::max();
  const auto values = x.data<double>();
  const auto wrong = std::find_if(values.begin(), values.end(), [&](double value) {
    return std::isfinite(value) && std::abs(value) > greatest;
  });
  if (dtype == Dtype::float32 && wrong != values.end()) {
    const std::int64_t place = wrong - values.begin(), width = std::ssize(names);
    refuse("feature " + quoted(names[static_cast<std::size_t>(place % width)]) + " of row " +
           std::to_string(place / width) + " must lie in the range of float32; got " +
           xtape::detail::text(*wrong));
  }
  return x.to(dtype);
}

}  // namespace

void Pipeline::Fitted::name_features() {
  std::set<std::string> seen;
  names.clear();
  for (const FittedGroup& group : groups) {
    for (std::string& name : group.names()) {
      if (!seen.insert(name).second) refuse("two features would be named " + quoted(name));
      names.push_back(std::move(name));
    }
  }
}

Pipeline::Pipeline() = default;

Pipeline::Pipeline(const Table& training, const PipelineOptions& options) {
  detail::check_floating("pipeline", options.dtype);
  if (options.features.empty()) refuse("features are needed; got none");
  Fitted fitted;
  fitted.dtype = options.dtype;
  fitted.target = options.target;
  if (options.target) {
    training.find(options.target->column);
    for (const ColumnGroup& group : options.features) {
      const Columns& columns = columns_of(group);
      if (std::find(columns.begin(), columns.end(), options.target->column) != columns.end()) {
        refuse("what is to be learned, " + quoted(options.target->column) +
               ", must not be a feature");
      }
    }
  }
  for (const ColumnGroup& group : options.features) {
    fitted.groups.push_back(std::visit([&](const auto& of) { return fit(training, of); }, group));
  }
  fitted.name_features();
  if (options.target) fitted.classes = fit_target(training, *options.target);
  fitted_ = std::make_shared<const Fitted>(std::move(fitted));
}

const Pipeline::Fitted& Pipeline::fitted() const {
  if (!fitted_) refuse("is fitted to nothing; it must be made from training rows, or restored");
  return *fitted_;
}

const std::vector<std::string>& Pipeline::feature_names() const { return fitted().names; }
const std::vector<std::string>& Pipeline::class_names() const { return fitted().classes; }

Tensor Pipeline::features(const Table& table) const {
  const Fitted& of = fitted();
  std::vector<Tensor> blocks;
  for (const FittedGroup& group : of.groups) blocks.push_back(group.features(table));
  return in_dtype(concatenate(blocks, 1).contiguous(), of.dtype, of.names);
}

Tensor Pipeline::target(const Table& table) const {
  const Fitted& of = fitted();
  if (!of.target) refuse("a target is needed; none was named when it was fitted");
  const std::int64_t column = table.find(of.target->column);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (table.missing(row, column)) {
      table.fail(row, column, "a label is needed; the field is missing");
    }
  }
  if (of.target->task == Task::regression) {
    Tensor y = table.numbers({of.target->column}, of.dtype);
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      if (std::isfinite(table.number(row, column))) continue;
      table.fail(row, column, "a label must be finite; got " + quoted(table.text(row, column)));
    }
    return y;
  }
  std::map<std::string_view, std::int64_t> codes;
  for (const std::string& name : of.classes) codes.emplace(name, std::ssize(codes));
  std::vector<std::int64_t> labels;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const auto found = codes.find(table.text(row, column));
    if (found == codes.end()) {
      table.fail(row, column,
                 "must be one of the " + std::to_string(codes.size()) +
                     " classes of the training rows; got " + quoted(table.text(row, column)));
    }
    labels.push_back(found->second);
  }
  return from_vector(std::move(labels));
}

}  // namespace xtape::data
