#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/scope.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/core/wraps.hpp>

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
  if (step.in_place) return false;
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
  if (in_place || is_view(*this)) return 0;
  return result.size() * static_cast<std::int64_t>(size_of(result.dtype()));
}

Watcher::Watcher() : outer_(std::exchange(levels.watchers, this)) { levels.choose_watcher(); }
Watcher::~Watcher() {
  unlink(levels.watchers, *this, &Watcher::outer_);
  levels.choose_watcher();
}

bool Watcher::present() noexcept { return levels.watcher != nullptr; }
bool Watcher::repeating() noexcept {
  for (const Watcher* watcher = levels.watcher; watcher != nullptr; watcher = watcher->outer_)
    if (watcher->repeats()) return true;
  return false;
}
Watcher* Watcher::innermost() noexcept { return levels.watcher; }

void Watcher::tell(const Step& step) {
  tell_all([&](Watcher& watcher) { watcher.computed(step); });
}

void Watcher::tell(Node& node) {
  for (Watcher* watcher = levels.watcher; watcher != nullptr; watcher = watcher->outer_)
    watcher->recorded(node);
}

void refuse_to_repeat(const char* what) {
  if (Watcher::present()) [[unlikely]]
    Watcher::tell_all([what](Watcher& watcher) { watcher.meets(what); });
}

namespace {
std::atomic<std::uint64_t> mode_now{0};
}
std::uint64_t mode() noexcept { return mode_now.load(std::memory_order_relaxed); }
XTAPE_WRAPS void turn_switch(const void* address) noexcept {
  // Turned twice it is as it was. The bits are mixed as by SplitMix64 (Steele, Lea and Flood 2014).
  std::uint64_t bits = reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15U;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
  mode_now.fetch_xor(bits ^ (bits >> 31), std::memory_order_relaxed);
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
