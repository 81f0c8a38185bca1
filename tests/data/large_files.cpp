// Files that are larger than the memory that there is for them: of 256 MB in the test of every day,
// of so many as XTAPE_LARGE says in another.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/checked.hpp"
#include "support/npy_bytes.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using data::FileDataset;
using data::FileOptions;

namespace {

constexpr std::int64_t mega = std::int64_t{1} << 20;

std::int64_t file_bytes() {
  const char* const megabytes = std::getenv("XTAPE_LARGE");
  return mega * (megabytes == nullptr ? 256 : std::atoll(megabytes));
}

/// What a process may take for files of that size, in all: 500 MB for 2 GB.
std::int64_t limit() { return file_bytes() * 500 / 2048; }

/// For 2 GB and more the library's own; for less, less of a window.
FileOptions options() { return {.window_bytes = std::min(64 * mega, file_bytes() / 32)}; }

/// Of /proc/self/status, in bytes.
std::int64_t status(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string word;
  std::int64_t kilobytes = 0;
  while (file >> word) {
    if (word == key + ":") file >> kilobytes;
  }
  return 1024 * kilobytes;
}

/// Lets a process do `work`, which takes less than the limit at any time, of memory of its own and
/// of pages of files together, beside what it began with; that it may not have more of its own is a
/// limit of the system's too.
void stays_small(const std::function<bool()>& work) {
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    if (checked) _exit(work() ? 0 : 1);
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak is counted from here
    const std::int64_t before = status("VmRSS");
    const auto most =
        static_cast<rlim_t>(status("VmData") + limit() + 16 * mega);  // a thread's stack and arena
    const rlimit data{most, most};
    setrlimit(RLIMIT_DATA, &data);
    bool right = false;
    try {
      right = work();
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
    }
    const std::int64_t taken = status("VmHWM") - before;
    std::cout << "    " << taken / mega << " of " << limit() / mega << " MB\n";
    std::cout.flush();
    _exit(right && taken < limit() ? 0 : 1);
  }
  int end = 0;
  waitpid(child, &end, 0);
  CHECK(WIFEXITED(end));
  CHECK(WEXITSTATUS(end) == 0);
}

/// A file that begins so, and is zeros up to so many bytes, which take no place on the disk.
std::string sparse(const TemporaryDirectory& directory, const std::string& name,
                   const std::string& front, std::int64_t bytes) {
  const std::string path = directory.write(name, bytes_of(front));
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(bytes));
  return path;
}

/// Whether a shuffled pass has each of the rows, which tell their numbers in y, once; x is zeros.
bool complete(const FileDataset& files, std::int64_t rows) {
  Rng rng(3);
  data::Loader loader(files, {.batch_size = 256, .shuffle = true, .prefetch = 2}, rng);
  std::vector<bool> seen(static_cast<std::size_t>(rows));
  std::int64_t count = 0;
  for (const auto& [x, y] : loader) {
    if (sum(abs(x)).item() != 0) return false;
    for (const std::int64_t row : y.to_vector<std::int64_t>()) {
      count += seen[static_cast<std::size_t>(row)] ? 0 : 1;
      seen[static_cast<std::size_t>(row)] = true;
    }
  }
  return count == rows;
}

std::string numbered_npy(const TemporaryDirectory& directory, std::int64_t rows) {
  const std::string path = directory.file("y.npy");
  data::save_npy(path, arange(rows));
  return path;
}

}  // namespace

TEST_CASE("large files: a mapped .npy file, in less memory than it has") {
  const TemporaryDirectory directory;
  const std::int64_t rows = file_bytes() / 784;
  const std::string header = npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': (" +
                                        std::to_string(rows) + ", 784), }");
  const std::string x = sparse(directory, "x.npy", header, 128 + rows * 784);
  const std::string y = numbered_npy(directory, rows);
  stays_small([&] {
    const FileDataset files = data::map_npy({{"x", {x}, Dtype::float32}, {"y", {y}}}, options());
    return complete(files, rows);
  });
  // Rows anywhere, and a model that learns of them.
  stays_small([&] {
    const FileDataset files = data::map_npy({{"x", {x}, Dtype::float32}, {"y", {y}}}, options());
    Rng rng(1);
    const nn::Dense model(784, 1, {}, rng);
    optim::SGD optimizer(model, {.learning_rate = 0.01});
    data::Loader loader(
        files, {.batch_size = 64, .sampler = data::Sampler::uniform(rows, {.samples = 20000})},
        rng);
    const auto loss = [&](const data::Dataset& batch) { return mean(model(batch.x)); };
    return Fit(model, optimizer, loader, loss, {.epochs = 1}).run()["loss"].size() == 1;
  });
}

TEST_CASE("large files: mapped shards, in less memory than they have") {
  const TemporaryDirectory directory;
  constexpr std::int64_t shards = 64;
  const std::int64_t each = file_bytes() / shards / 784;
  for (std::int64_t i = 0; i < shards; ++i) {
    const std::string to_y = std::to_string(8 * each), to_x = std::to_string(8 * each + 784 * each);
    std::string header = "{\"y\":{\"dtype\":\"I64\",\"shape\":[" + std::to_string(each) +
                         "],\"data_offsets\":[0," + to_y +
                         "]},\"x\":{\"dtype\":\"U8\",\"shape\":[" + std::to_string(each) +
                         ",784],\"data_offsets\":[" + to_y + "," + to_x + "]}}";
    header.resize(248, ' ');
    std::string front("\xf8\0\0\0\0\0\0\0", 8);
    front += header;
    const auto numbers = arange(i * each, (i + 1) * each).to_vector<std::int64_t>();
    front.append(reinterpret_cast<const char*>(numbers.data()), 8 * numbers.size());
    sparse(directory, "s-" + std::to_string(100 + i), front, 256 + each * (8 + 784));
  }
  stays_small([&] {
    return complete(data::map_shards(data::glob(directory.file("s-*")),
                                     {{"x", {}, Dtype::float32}, {"y"}}, options()),
                    shards * each);
  });
}

TEST_CASE("large files: deflated shards, in less memory than what comes out of them") {
  const TemporaryDirectory directory;
  constexpr std::int64_t shards = 32;
  const std::int64_t each = file_bytes() / shards / 784;
  for (std::int64_t i = 0; i < shards; ++i) {
    data::save_npz(
        directory.file("s-" + std::to_string(100 + i)),
        {{"x", zeros({each, 784}, Dtype::boolean)}, {"y", arange(i * each, (i + 1) * each)}},
        {.compress = true});
  }
  stays_small([&] {
    return complete(data::map_shards(data::glob(directory.file("s-*")),
                                     {{"x", {}, Dtype::float32}, {"y"}}, options()),
                    shards * each);
  });
}

TEST_CASE("large files: a table in pieces, in less memory than it has") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("x.csv");
  std::int64_t rows = 0;
  const bool every_day = std::getenv("XTAPE_LARGE") == nullptr;  // an eighth takes long enough
  {
    std::ofstream file(path);
    file << "row,a,b,text\n";
    for (std::int64_t bytes = 0; bytes < file_bytes() / (every_day ? 8 : 1); ++rows) {
      const std::string line = std::to_string(rows) + ",0,-0.0,\"some text, which is in quotes\"\n";
      file << line;
      bytes += std::ssize(line);
    }
  }
  stays_small([&] {
    const FileDataset files = data::open_csv(
        {path},
        [](const data::Table& table) {
          return data::Dataset{
              table.numbers({"a", "b"}),
              reshape(table.numbers({"row"}, Dtype::float64).to(Dtype::int64), {table.rows()})};
        },
        {.block_bytes = options().block_bytes, .window_bytes = options().window_bytes});
    return complete(files, rows);
  });
}
