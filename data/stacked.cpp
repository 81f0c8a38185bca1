#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/data/stacked.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data::detail {
namespace {

/// The tensors of a batch, and a batch of them that has the names of another.
TensorList parts(const Dataset& of) { return {of.x, of.y}; }
TensorList parts(const TensorList& of) { return of; }
TensorList parts(const NamedDataset& of) {
  TensorList list;
  for (const auto& [name, tensor] : of.tensors()) list.push_back(tensor);
  return list;
}
Dataset like(const Dataset&, TensorList&& list) { return {list[0], list[1]}; }
TensorList like(const TensorList&, TensorList&& list) { return std::move(list); }
NamedDataset like(const NamedDataset& of, TensorList&& list) {
  NamedTensors tensors;
  for (std::size_t i = 0; i < list.size(); ++i) {
    tensors.emplace_back(of.tensors()[i].first, std::move(list[i]));
  }
  return tensors;
}

bool same_names(const NamedDataset& a, const NamedDataset& b) {
  for (std::size_t i = 0; i < a.tensors().size(); ++i) {
    if (a.tensors()[i].first != b.tensors()[i].first) return false;
  }
  return true;
}
template <class Batch>
bool same_names(const Batch&, const Batch&) {
  return true;
}

/// Throws unless the sample of a row can be stacked on that of the first one.
template <class Batch>
void check_alike(const Batch& first, const Batch& sample, std::int64_t first_row,
                 std::int64_t row) {
  const TensorList a = parts(first), b = parts(sample);
  const std::string of = " in that of row ";
  if (b.empty() || a.size() != b.size()) {
    throw ValueError("loader: a sample needs " + std::to_string(a.size()) + " tensors, as row " +
                     std::to_string(first_row) + " has; got " + std::to_string(b.size()) + of +
                     std::to_string(row));
  }
  if (!same_names(first, sample)) {
    throw ValueError("loader: the names of samples must be alike; they are not in those of rows " +
                     std::to_string(first_row) + " and " + std::to_string(row));
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    xtape::detail::require_defined("loader", "each tensor of a sample", b[i]);
    const std::string text = "loader: samples must be alike; got " + a[i].describe() + of +
                             std::to_string(first_row) + " and " + b[i].describe() + of +
                             std::to_string(row);
    if (a[i].shape() != b[i].shape()) {
      const bool pictures = a[i].rank() == 3 && b[i].rank() == 3;
      throw ShapeError(text + (pictures
                                   ? "; .height and .width of an ImageFolder bring pictures to one "
                                     "size"
                                   : ""));
    }
    if (a[i].dtype() != b[i].dtype()) throw DtypeError(text);
  }
}

}  // namespace

template <class Batch>
Batch stacked(const SampleFunction<Batch>& sample, const Tensor& rows) {
  const NoGradGuard off;
  const auto numbers = rows.to_vector<std::int64_t>();
  std::vector<Batch> samples;
  std::vector<TensorList> columns;
  for (const std::int64_t row : numbers) {
    samples.push_back(sample(row));
    check_alike(samples.front(), samples.back(), numbers.front(), row);
    const TensorList list = parts(samples.back());
    columns.resize(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) columns[i].push_back(list[i].detach());
  }
  TensorList batch;
  for (const TensorList& column : columns) batch.push_back(stack(column));
  return like(samples.front(), std::move(batch));
}

template Dataset stacked(const SampleFunction<Dataset>& sample, const Tensor& rows);
template TensorList stacked(const SampleFunction<TensorList>& sample, const Tensor& rows);
template NamedDataset stacked(const SampleFunction<NamedDataset>& sample, const Tensor& rows);

}  // namespace xtape::data::detail
