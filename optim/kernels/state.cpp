#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include <xtape/core/error.hpp>
#include <xtape/optim/kernels/state.hpp>

namespace xtape::optim {
namespace {

void check_entry(const NamedTensor& expected, const Tensor& got) {
  const Tensor& wanted = expected.second;
  if (got.shape() != wanted.shape() || got.dtype() != wanted.dtype()) {
    const std::string text = "restore: \"" + expected.first + "\" must be " + wanted.describe() +
                             "; got " + got.describe();
    if (got.shape() != wanted.shape()) throw ShapeError(text);
    throw DtypeError(text);
  }
  if (got.dtype() == Dtype::int64 && got.rank() == 0 && number<std::int64_t>(got) < 0) {
    throw ValueError("restore: \"" + expected.first + "\" must not be negative; got " +
                     std::to_string(number<std::int64_t>(got)));
  }
}

}  // namespace

NamedTensors entries_like(const NamedTensors& expected, const NamedTensors& given) {
  std::unordered_map<std::string_view, const Tensor*> found;
  for (const NamedTensor& entry : expected) found.emplace(entry.first, nullptr);
  for (const NamedTensor& entry : given) {
    const auto place = found.find(entry.first);
    if (place == found.end()) {
      throw ValueError("restore: entries must be those of state(); got \"" + entry.first + "\"");
    }
    if (place->second != nullptr) {
      throw ValueError("restore: an entry may be given once; got \"" + entry.first + "\" twice");
    }
    place->second = &entry.second;
  }
  NamedTensors entries;
  entries.reserve(expected.size());
  for (const NamedTensor& entry : expected) {
    const Tensor* tensor = found.at(entry.first);
    if (tensor == nullptr || !tensor->defined()) {
      throw ValueError("restore: all entries of state() are needed; got no \"" + entry.first +
                       "\"");
    }
    check_entry(entry, *tensor);
    entries.emplace_back(entry.first, tensor->detach().clone());
  }
  return entries;
}

}  // namespace xtape::optim
