#include <algorithm>
#include <cmath>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/scope.hpp>
#include <xtape/core/watch.hpp>

namespace xtape::detail {

void AttributeText::operator()(const char* name, const std::string& value) {
  text += (text.empty() ? "" : " ") + std::string(name) + "=" + value;
}
void AttributeText::operator()(const char* name, bool value) {
  (*this)(name, std::string(value ? "true" : "false"));
}
void AttributeText::operator()(const char* name, std::int64_t value) {
  (*this)(name, std::to_string(value));
}
void AttributeText::operator()(const char* name, double value) {
  (*this)(name, detail::text(value));
}

std::string first_not_finite(const Tensor& tensor) {
  if (!is_floating(tensor.dtype())) return {};
  const std::vector<double> values = tensor.detach().to_vector<double>();
  const auto bad = std::find_if_not(values.begin(), values.end(),
                                    [](double value) { return std::isfinite(value); });
  if (bad == values.end()) return {};
  auto place = bad - values.begin();
  std::string index;
  for (int axis = tensor.rank() - 1; axis >= 0; --axis) {
    const std::int64_t extent = tensor.shape()[axis];
    index = std::to_string(place % extent) + (index.empty() ? "" : ", ") + index;
    place /= extent;
  }
  return text(*bad) + " at [" + index + "] of " + tensor.describe();
}

namespace {

bool is_view(const Step& step) {
  if (!step.again) return false;  // in place
  return std::any_of(step.inputs.begin(), step.inputs.end(), [&](const Tensor* x) {
    return x->body().storage == step.result.body().storage && !exclusive(step.result);
  });
}

}  // namespace

double Step::flops() const {
  if (product_flops > 0) return product_flops;
  if (is_view(*this)) return 0;
  std::int64_t elements = result.size();
  for (const Tensor* x : inputs) elements = std::max(elements, x->size());
  return static_cast<double>(elements);
}

std::int64_t Step::bytes() const {
  if (!again || is_view(*this)) return 0;
  return result.size() * static_cast<std::int64_t>(size_of(result.dtype()));
}

Watcher::Watcher() : outer_(std::exchange(levels.watchers, this)) { levels.choose_watcher(); }
Watcher::~Watcher() {
  unlink(levels.watchers, *this, &Watcher::outer_);
  levels.choose_watcher();
}

void Watcher::tell(const Step& step) {
  Watcher* const first = levels.watcher;
  const Unwatched quiet;  // what watchers compute themselves
  for (Watcher* watcher = first; watcher != nullptr; watcher = watcher->outer_)
    watcher->computed(step);
}

void Watcher::tell(Node& node) {
  for (Watcher* watcher = levels.watcher; watcher != nullptr; watcher = watcher->outer_)
    watcher->recorded(node);
}

Unwatched::Unwatched() {
  ++levels.quiet;
  levels.watcher = nullptr;
}
Unwatched::~Unwatched() {
  --levels.quiet;
  levels.choose_watcher();
}

}  // namespace xtape::detail
