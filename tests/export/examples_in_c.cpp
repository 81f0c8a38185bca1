#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "loaded_c.hpp"
#include "models.hpp"

using namespace xtape;

TEST_CASE("export_c: the models of the examples give what the library gives") {
  if (models::no_compiler()) return;
  for (const models::Case& of : models::of_examples()) {
    CAPTURE(of.name);
    of.model->eval();
    const Tensor x = of.input(2), y = of.model(x).detach().contiguous();
    // Sums of as many as 1568 terms, one behind the other.
    CHECK(mismatch(models::LoadedC(of.model, x)(x, y), y, 1e-5) == "");
  }
}
