// Memory may end at any moment, and be there again: what is read then is what it would have been.
// This program has an operator new of its own, which can be told when to fail.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/idx_bytes.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using Rows = std::vector<std::int64_t>;

namespace {

thread_local std::int64_t allowed = -1;  // allocations of this thread before one fails; -1: all

/// Calls what `prepare` returns with its nth allocation failing, for each that there is; behind it
/// `again`, with all memory there. Returns how many there are.
int each_failure(const std::function<std::function<void()>()>& prepare,
                 const std::function<void()>& again) {
  for (int n = 0;; ++n) {
    const std::function<void()> f = prepare();
    allowed = n;
    try {
      f();
    } catch (const std::bad_alloc&) {
    } catch (const MemoryError&) {  // of a tensor
    }
    const bool all = std::exchange(allowed, -1) >= 0;
    again();
    if (all) return n;
  }
}

}  // namespace

void* operator new(std::size_t size) {
  if (allowed >= 0 && allowed-- == 0) throw std::bad_alloc();
  if (void* const place = std::malloc(size > 0 ? size : 1)) return place;
  throw std::bad_alloc();
}
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }

TEST_CASE("no memory: a batch of a pass by blocks, and the pass goes on") {
  const data::BatchSource<data::TensorList> source{
      2000, [](const Tensor& rows) { return data::TensorList{rows}; }, {0, 700, 900}, 2};
  const auto make = [&] {
    Rng rng(3);
    return data::TensorLoader(source, {.batch_size = 8, .shuffle = true}, rng);
  };
  data::TensorLoader whole = make();
  std::vector<Rows> expected;
  for (const data::TensorList& batch : whole)
    expected.push_back(batch[0].to_vector<std::int64_t>());
  data::TensorLoader loader = make();
  const NamedTensors start = loader.state();
  auto at = loader.begin();
  const int allocations = each_failure(
      [&] {
        loader.restore(start);
        at = loader.begin();
        return [&] { static_cast<void>(*at); };
      },
      [&] { CHECK((*at)[0].to_vector<std::int64_t>() == expected[0]); });
  CHECK(allocations > 5);
  for (std::size_t i = 0; i < expected.size(); ++i, ++at)
    CHECK((*at)[0].to_vector<std::int64_t>() == expected[i]);
}

TEST_CASE("no memory: blocks of files, of which some are kept") {
  const TemporaryDirectory directory;
  std::string text = "a\n";
  for (int i = 10; i < 50; ++i) text += std::to_string(i) + "\n";
  const std::string path = directory.write("x.csv", Bytes(text.begin(), text.end()));
  const data::FileDataset files =
      data::open_csv({path},
                     [](const data::Table& table) -> data::NamedDataset {
                       return {{"a", table.numbers({"a"})}};
                     },
                     {.block_bytes = 30, .window_bytes = 70});
  CHECK(files.window() == 2);
  const Tensor first = tensor({0, 12, 1, 13}), others = tensor({22, 35, 21, 39, 0});
  const std::vector<float> rows{32, 45, 31, 49, 10};
  const int allocations = each_failure(
      [&] {
        static_cast<void>(files(first));
        return [&] { static_cast<void>(files(others)); };
      },
      [&] {
        for (int i = 0; i < 3; ++i) {
          CHECK(files(others)["a"].to_vector<float>() == rows);
          CHECK(files(first)["a"].to_vector<float>() == std::vector<float>{10, 22, 11, 23});
        }
      });
  CHECK(allocations > 20);
}
