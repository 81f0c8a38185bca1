#include <xtape/xtape.hpp>
#include <xtape/xtensor.hpp>

int main() {
  const xt::xarray<float> ones = xt::ones<float>({3});
  return xtape::sum(xtape::from_xt(ones)).item() == 3 ? 0 : 1;
}
