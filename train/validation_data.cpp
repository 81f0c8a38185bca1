#include <utility>

#include <xtape/train/fit_options.hpp>
#include <xtape/train/fit_source.hpp>
#include <xtape/train/validation_data.hpp>

namespace xtape {
namespace {

template <class Data>
auto held(Data data) {
  return std::make_shared<const ValidationData::Any>(ValidationData::Any{std::move(data)});
}

template <class Data>
void find_in(const ValidationData& in, const Data*& data) {
  data = in ? std::get_if<Data>(&in.any().data) : nullptr;
}

}  // namespace

ValidationData::ValidationData(data::Dataset rows) : any_(held(std::move(rows))) {}
ValidationData::ValidationData(data::TensorList rows) : any_(held(std::move(rows))) {}
ValidationData::ValidationData(data::NamedDataset rows) : any_(held(std::move(rows))) {}
ValidationData::ValidationData(data::Loader batches) : any_(held(std::move(batches))) {}
ValidationData::ValidationData(data::TensorLoader batches) : any_(held(std::move(batches))) {}
ValidationData::ValidationData(data::NamedLoader batches) : any_(held(std::move(batches))) {}

void ValidationData::find(const data::Dataset*& rows) const { find_in(*this, rows); }
void ValidationData::find(const data::TensorList*& rows) const { find_in(*this, rows); }
void ValidationData::find(const data::NamedDataset*& rows) const { find_in(*this, rows); }
void ValidationData::find(const data::Loader*& batches) const { find_in(*this, batches); }
void ValidationData::find(const data::TensorLoader*& batches) const { find_in(*this, batches); }
void ValidationData::find(const data::NamedLoader*& batches) const { find_in(*this, batches); }

std::int64_t detail::fingerprint_of(const ValidationData& validation) {
  if (!validation) return 0;
  return std::visit(
      [](const auto& data) {
        if constexpr (requires { data.fingerprint(); }) {
          return data.fingerprint();
        } else {
          return fingerprint_of_batches(named(data));
        }
      },
      validation.any().data);
}

}  // namespace xtape
