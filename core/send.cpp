#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/table_gradient.hpp>

namespace xtape {

void Send::throw_misfit(std::size_t input, const Tensor& dx) const {
  if (!dx.defined()) {
    throw GradError(std::string(node_.name()) + ": the rule sent an undefined gradient of input " +
                    std::to_string(input));
  }
  const Node& of = source(input);
  throw GradError(std::string(node_.name()) + ": the gradient of input " + std::to_string(input) +
                  " must be " + std::string(to_string(of.dtype())) + to_string(of.shape()) +
                  ", as the input; the rule sent " + dx.describe());
}

void Send::operator()(std::size_t input, Tensor dx) const {
  if (!wanted(input)) return;
  if (!dx.defined()) throw_misfit(input, dx);
  if (dx.body().number) [[unlikely]] {
    Tensor adapted;
    dx = detail::beside(node_.name(), dx, dtype(input), adapted);
  }
  const detail::Body& body = dx.body();
  const Node& of = source(input);
  if (!of.has_shape(body.shape) || body.dtype != of.dtype()) [[unlikely]]
    throw_misfit(input, dx);
  if (cover_ != nullptr) dx = (*cover_)(dx);
  sums_[static_cast<std::size_t>(targets_[input])].add(std::move(dx));
}

void Send::check_not_recorded(const char* what) const {
  if (!recording() && cover_ == nullptr) return;
  throw GradError(std::string(node_.name()) +
                  ": a backward pass that is differentiated needs whole gradients (see " + what +
                  ")");
}

void Send::meet_unknown() const { detail::refuse_to_repeat("a rule that uses add_to"); }

void Send::add_rows(std::size_t input, const Tensor& indices, const Tensor& values) const {
  if (!wanted(input)) return;
  detail::refuse_to_repeat("a sparse gradient");
  check_not_recorded("add_rows");
  if (indices.dtype() != Dtype::int64)
    throw GradError(std::string(node_.name()) + ": the rule sent rows by " + indices.describe());
  const Node& of = source(input);
  const Shape table = of.shape();
  const std::int64_t count = indices.size();
  Shape rows = table;
  if (table.rank() > 0) rows[0] = count;
  if (table.rank() == 0 || values.dtype() != of.dtype() || values.size() != rows.size())
    throw_misfit(input, values);
  const Tensor flat = detail::make_view(indices.contiguous(), {count}, {1});
  const std::span numbers(flat.body().elements<const std::int64_t>(),
                          static_cast<std::size_t>(count));
  const auto misfit =
      std::ranges::find_if(numbers, [&](std::int64_t row) { return row < 0 || row >= table[0]; });
  if (misfit != numbers.end()) {
    throw GradError(std::string(node_.name()) + ": rows of the gradient of input " +
                    std::to_string(input) + " must lie in [0, " + std::to_string(table[0]) +
                    "); the rule sent " + std::to_string(*misfit));
  }
  const Tensor lines = detail::make_view(values.contiguous(), rows, row_major_strides(rows));
  Tensor gradient = detail::table_gradient(table, of.dtype(), {flat, lines});
  if (!of.is_leaf()) gradient = detail::dense(gradient);
  sums_[static_cast<std::size_t>(targets_[input])].add(std::move(gradient));
}

const Tensor& Send::sum(std::size_t input, const PartPlace& part) const {
  check_not_recorded("add_to");
  return sums_[static_cast<std::size_t>(targets_[input])].whole(shape(input), dtype(input), part);
}

bool Send::has_mapped_sum(std::size_t input) const {
  return sums_[static_cast<std::size_t>(targets_[input])].mapped();
}

Tensor Send::zero(std::size_t input) const { return zeros(shape(input), dtype(input)); }

void Send::throw_no_input(std::size_t input) const {
  throw GradError(std::string(node_.name()) + ": the rule must name an input below " +
                  std::to_string(node_.inputs().size()) + "; got " + std::to_string(input));
}

void Send::throw_constant(std::size_t input) const {
  throw GradError(std::string(node_.name()) + ": the shape of input " + std::to_string(input) +
                  " is not kept, it is a constant (see wanted())");
}

Send Send::opaque(const detail::Cover& cover) const {
  Send send = *this;
  send.cover_ = &cover;
  return send;
}

detail::Cover::Cover(const Tensor& g, const Node& node) : name_(node.name()) {
  sources_.push_back(g);
  for (std::size_t i = 0; i < node.inputs().size(); ++i) {
    if (!node.inputs()[i]) continue;
    sources_.push_back(off_tape(g));
    sources_.back().body().node = node.inputs()[i];
  }
}

Tensor detail::Cover::operator()(const Tensor& dx) const {
  const RecordingScope on(true);
  std::vector<const Tensor*> sources;
  for (const Tensor& source : sources_) sources.push_back(&source);
  return record(name_, off_tape(dx), sources, [name = name_](const Tensor&, const Send&) {
    throw GradError(
        std::string(name) +
        ": its rule is once differentiable; the derivative of its gradient is not known");
  });
}

}  // namespace xtape
