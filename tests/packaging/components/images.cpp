// Reads what it has written.
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/images.hpp>
#include <xtape/report/images.hpp>

int main(int, char** argv) {
  const std::string path = std::string(argv[0]) + ".png";
  const xtape::Tensor image = xtape::tensor({{0.0, 255.0}, {51.0, 0.0}});
  xtape::report::save_png(path, image, 0, 255);
  const xtape::Tensor read = xtape::data::read_image(path);
  return read(1, 0, 0).item() == 51 && read(0, 1, 0).item() == 255 ? 0 : 1;
}
