#include <algorithm>
#include <array>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/export/graph/graph.hpp>
#include <xtape/export/graph/merger.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/search.hpp>

namespace xtape::exporting {
namespace {

/// Those that recordings are made of.
constexpr std::array<std::int64_t, 3> batches{7, 2, 17};

/// Other numbers than those of x, so that what is made of them past the operations shows; of
/// integers, which may be indices, the same ones.
Tensor moved(const Tensor& x, const Tensor& by) {
  return is_floating(x.dtype()) ? (x * (1 + by) + by).to(x.dtype()) : x;
}

/// So many rows of x, along an axis, again from the first where there are no more; those of numbers
/// all differ.
Tensor with_rows(const Tensor& x, int axis, std::int64_t rows) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < rows; ++i) places.push_back(i % x.extent(axis));
  Shape column{rows};
  for (int i = axis + 1; i < x.rank(); ++i) column.push_back(1);
  const Tensor by = reshape(arange(0, rows), column).to(Dtype::float32) / 64;
  return moved(take(x, from_vector(std::move(places)), axis), by);
}

/// Examples with so many rows, and other numbers where they have no batch.
Tensors with_rows(const Tensors& examples, const BatchAxes& axes, std::int64_t rows) {
  Tensors all;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Tensor x = examples[i].detach();
    const double by = static_cast<double>(rows) / 64;
    all.push_back(axes[i] ? with_rows(x, *axes[i], rows) : moved(x, full({}, by, Dtype::float32)));
  }
  return all;
}

/// What the model does with so many rows. Where it takes the examples, but not these, that is told.
Recording recording_of_rows(const char* op, const nn::Module& model, const ModelFunction& function,
                            const Tensors& examples, const BatchAxes& axes, std::int64_t rows) {
  const Tensors x = with_rows(examples, axes, rows);
  try {
    return record_model(op, model, function, x);
  } catch (const Error& error) {
    const std::string said = error.what();
    if (said.starts_with(op)) throw;
    static_cast<void>(record_model(op, model, function, examples));
    throw ShapeError(std::string(op) + ": the model must take any number of rows, along the axis " +
                     "of the batch; it took " + described(examples) + ", and of " + described(x) +
                     " says \"" + said + "\": give an example [n, ...], or .dynamic_batch = false");
  }
}

Recording recording_of_calibration(const char* op, const nn::Module& model,
                                   const ModelFunction& function, const Tensors& examples,
                                   const Tensors& calibration) {
  try {
    return record_model(op, model, function, calibration);
  } catch (const ShapeError& error) {
    throw ShapeError(std::string(op) +
                     ": the calibration must be like the example, of any batch; " + "got " +
                     described(calibration) + " for " + described(examples) +
                     ", of which the model says \"" + error.what() + "\"");
  }
}

}  // namespace

Graph graph_of(const char* op, const nn::Module& model, const ModelFunction& function,
               const Tensors& examples, const BatchAxes& batch_axes, const Tensors& calibration) {
  const bool grows =
      std::ranges::any_of(batch_axes, [](const auto& axis) { return axis.has_value(); });
  for (std::size_t i = 0; grows && i < examples.size(); ++i) {
    const Tensor& x = examples[i];
    if (batch_axes[i] && (x.rank() == 0 || x.extent(*batch_axes[i]) == 0))
      throw ShapeError(std::string(op) + ": an example with at least one row is needed; got " +
                       x.describe());
  }
  const NoGradGuard off;
  std::vector<Recording> recordings;
  std::vector<std::int64_t> of;
  if (grows) {
    of.assign(batches.begin(), batches.end());
    for (const std::int64_t rows : of)
      recordings.push_back(recording_of_rows(op, model, function, examples, batch_axes, rows));
  } else {
    of = {0, 0};
    recordings.push_back(record_model(op, model, function, examples));
    const BatchAxes none(examples.size());
    recordings.push_back(record_model(op, model, function, with_rows(examples, none, 8)));
  }
  Merger merger(op, std::move(recordings), std::move(of), examples.size());
  merger.merge();
  if (!calibration.empty())
    merger.calibrate(recording_of_calibration(op, model, function, examples, calibration));
  if (!grows) return std::move(merger).graph();
  std::optional<Recording> one = [&]() -> std::optional<Recording> {
    try {
      return record_model(op, model, function, with_rows(examples, batch_axes, 1));
    } catch (const Error&) {
      return std::nullopt;  // it takes no single row
    }
  }();
  if (one) merger.compare_with_one(*one);
  return std::move(merger).graph();
}

}  // namespace xtape::exporting
