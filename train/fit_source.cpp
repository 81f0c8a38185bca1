#include <string>

#include <xtape/data/fingerprint.hpp>
#include <xtape/train/fit_source.hpp>

namespace xtape::detail {

double samples_of(const data::Dataset& batch) { return static_cast<double>(batch.x.extent(0)); }
double samples_of(const data::TensorList& batch) {
  return batch.empty() ? 1 : static_cast<double>(batch.front().extent(0));
}
double samples_of(const data::NamedDataset& batch) {
  return batch.tensors().empty() ? 1
                                 : static_cast<double>(batch.tensors().front().second.extent(0));
}

NamedTensors named(const data::Dataset& set) { return {{"x", set.x}, {"y", set.y}}; }
NamedTensors named(const data::NamedDataset& set) { return set.tensors(); }
NamedTensors named(const data::TensorList& set) {
  NamedTensors tensors;
  for (const Tensor& one : set) tensors.emplace_back(std::to_string(tensors.size()), one);
  return tensors;
}

NamedTensors named(const data::BatchLoader<data::Dataset>& loader) {
  return loader.data().x.defined() ? named(loader.data()) : NamedTensors();
}

std::int64_t fingerprint_of_batches(const NamedTensors& some) {
  NamedTensors all;
  for (const auto& [name, x] : some) all.emplace_back(name, x.detach().contiguous());
  return data::detail::fingerprint_of_some(all);
}

}  // namespace xtape::detail
