// Reads what it has written.
#include <xtape/images.hpp>
#include <xtape/report/images.hpp>

int main() {
  const xtape::Tensor image = xtape::tensor({{0.0, 255.0}, {51.0, 0.0}});
  xtape::report::save_png("written.png", image, 0, 255);
  const xtape::Tensor read = xtape::data::read_image("written.png");
  return read(1, 0, 0).item() == 51 && read(0, 1, 0).item() == 255 ? 0 : 1;
}
