#include <algorithm>
#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/kernels/text.hpp>

namespace xtape::data {

NamedDataset::NamedDataset(NamedTensors tensors) : tensors_(std::move(tensors)) {
  for (auto one = tensors_.begin(); one != tensors_.end(); ++one) {
    const auto same = std::find_if(
        tensors_.begin(), one, [&](const NamedTensor& other) { return other.first == one->first; });
    if (same == one) continue;
    throw ValueError("dataset: names must differ; got " + kernels::quoted(one->first) + " twice");
  }
}

NamedDataset::NamedDataset(std::initializer_list<NamedTensor> tensors)
    : NamedDataset(NamedTensors(tensors)) {}

std::int64_t NamedDataset::size() const {
  return tensors_.empty() ? 0 : tensors_[0].second.extent(0);
}

NamedTensors NamedDataset::tensors() && { return tensors_; }

const Tensor& NamedDataset::operator[](std::string_view name) const& {
  std::string known;
  for (const auto& [own, tensor] : tensors_) {
    if (own == name) return tensor;
    known += (known.empty() ? "" : ", ") + kernels::quoted(own);
  }
  throw ValueError("dataset: there is no " + kernels::quoted(name) + "; there " +
                   (known.empty() ? "is nothing" : "are " + known));
}

}  // namespace xtape::data
