#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

using namespace xtape;
namespace fs = std::filesystem;

namespace {

/// Calls what needs zlib and minizip, each of which a static xtape asks its users to link.
bool files_work() {
  std::string name = (fs::temp_directory_path() / "xtape-consumer-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return false;
  const fs::path directory = name;
  const std::string table = directory / "table.csv", archive = directory / "numbers.npz";
  std::ofstream(table) << "a,b\n1,2\n3,4\n";
  data::save_npz(archive, {{"numbers", data::read_csv(table).numbers()}}, {.compress = true});
  const Tensor numbers = data::load_npz(archive, "numbers");
  fs::remove_all(directory);
  return numbers.to_vector<double>() == std::vector<double>{1, 2, 3, 4};
}

/// A picture, of which zlib writes the images.
bool pictures_work() {
  const std::string svg =
      report::grid({report::Plot().line({1, 2, 3}), report::image_grid(ones({1, 2, 2}))}).svg();
  return svg.starts_with("<svg") && svg.find("data:image/png") != std::string::npos;
}

}  // namespace

int main() {
  Tensor w = tensor({{1.0, 2.0}, {3.0, 4.0}}).set_requires_grad(true);
  sum(w * w).backward();

  const std::vector<double> grad = w.grad().to_vector<double>();
  if (grad != std::vector<double>{2, 4, 6, 8}) return 1;
  if (!files_work() || !pictures_work()) return 1;
  std::cout << "xtape works: w.grad() =";
  for (double g : grad) std::cout << ' ' << g;
  std::cout << '\n';
}
