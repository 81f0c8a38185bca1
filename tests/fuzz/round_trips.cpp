// Whatever tensors are written, by whatever names and however they lie, they are read again with
// the same bits; what a form does not hold is refused before anything is written.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/temporary_directory.hpp"
#include "decisions.hpp"
#include "target.hpp"

using namespace xtape;

namespace {

std::uint64_t trips = 0, refused = 0;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

std::string text(Decisions& bytes) {
  std::string result(bytes.below(6), ' ');
  for (char& each : result) each = static_cast<char>(bytes.next());
  return result;
}

Tensor tensor_of(Decisions& bytes) {
  std::vector<std::int64_t> extents(bytes.below(5));
  for (std::int64_t& extent : extents) extent = bytes.between(0, 3);
  const Shape shape(extents);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(shape.size()));
  for (std::int64_t& each : numbers) {
    each = bytes.next();
    if (each % 7 == 0) each = static_cast<std::int64_t>(static_cast<std::uint64_t>(each) << 56U);
  }
  const Dtype dtypes[] = {Dtype::boolean, Dtype::int64, Dtype::float32, Dtype::float64};
  const Dtype dtype = dtypes[bytes.below(4)];
  Tensor x = from_vector(std::move(numbers), shape).to(dtype);
  if (is_floating(dtype) && bytes.one_in(2)) x = x / (x - 3);  // among them NaN and infinities
  switch (bytes.below(4)) {
    case 0: return x;
    case 1: return transpose(x);
    case 2: return x.rank() > 0 ? flip(x, -1) : x;
    default:
      return broadcast_to(x, [&] {
        std::vector<std::int64_t> wide(x.shape().begin(), x.shape().end());
        wide.insert(wide.begin(), 2);
        return Shape(wide);
      }());
  }
}

void require_same(const Tensor& got, const Tensor& expected, const char* form) {
  const std::string difference = mismatch(got, expected);
  require(difference.empty(), std::string(form) + ": " + difference);
}

/// By name, since a form may have an order of its own.
void require_same(const NamedTensors& got, const NamedTensors& expected, const char* form) {
  require(got.size() == expected.size(), std::string(form) + ": another number of tensors");
  for (const auto& [name, x] : expected) {
    bool found = false;
    for (const auto& [other, y] : got)
      if (name == other) require_same(y, x, form), found = true;
    require(found, std::string(form) + ": \"" + name + "\" is not there");
  }
}

template <class F>
void trip(F&& f) {
  try {
    f();
    ++trips;
  } catch (const ValueError&) {  // of a name
    ++refused;
  }
}

}  // namespace

int run_target(std::span<const std::uint8_t> all) {
  static const TemporaryDirectory directory;
  Decisions bytes(all);
  NamedTensors tensors;
  std::vector<data::NamedText> texts;
  const std::size_t count = bytes.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = text(bytes);
    tensors.emplace_back(name, tensor_of(bytes));
  }
  for (std::size_t i = bytes.below(3); i > 0; --i) {
    const std::string name = text(bytes);
    texts.emplace_back(name, text(bytes));
  }
  for (const auto& [name, x] : tensors) {
    const std::string path = directory.file("x.npy");
    data::save_npy(path, x);
    require_same(data::load_npy(path), x, "npy");
    ++trips;
  }
  trip([&] {
    const std::string path = directory.file("x.npz");
    data::save_archive(path, {tensors, texts}, {.compress = bytes.one_in(2)});
    const data::Archive again = data::load_archive(path);
    require_same(again.tensors, tensors, "npz");
    require(again.texts == texts, "npz: other texts");
  });
  trip([&] {
    const std::string path = directory.file("x.safetensors");
    data::save_safetensors(path, tensors, texts);
    require_same(data::load_safetensors(path), tensors, "safetensors");
    require(data::load_safetensors_metadata(path).size() == texts.size(),
            "safetensors: other texts");
  });
  trip([&] {
    const std::string path = directory.file("x.csv");
    std::vector<std::string> columns;
    for (std::size_t i = 0; i <= count; ++i) columns.push_back(text(bytes));
    std::vector<std::vector<std::string>> rows(1 + bytes.below(3));
    data::CsvWriter writer(path, columns);
    for (auto& row : rows) {
      std::vector<data::CsvValue> values;
      for (std::size_t i = 0; i <= count; ++i) values.push_back(row.emplace_back(text(bytes)));
      writer.write(values);
    }
    writer.commit();
    const data::CsvTable again = data::read_csv(path);
    require(again.columns() == columns, "csv: other columns");
    require(again.rows() == static_cast<std::int64_t>(rows.size()), "csv: another number of rows");
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t k = 0; k <= count; ++k)
        require(
            again.text(static_cast<std::int64_t>(i), static_cast<std::int64_t>(k)) == rows[i][k],
            "csv: another field");
  });
  return 0;
}

std::string target_counts() {
  return std::to_string(trips) + " round trips, " + std::to_string(refused) + " refused";
}
