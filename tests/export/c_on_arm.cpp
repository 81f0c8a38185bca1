#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/temporary_directory.hpp"
#include "loaded_c.hpp"
#include "models.hpp"

using namespace xtape;
using models::runs;

namespace {

std::string array(const std::string& name, const Tensor& numbers) {
  std::ostringstream text;
  text.precision(17);
  const char* type = is_floating(numbers.dtype()) ? "float" : "int64_t";
  text << "static const " << type << ' ' << name << "[] = {";
  for (const double number : numbers.detach().to_vector<double>()) text << number << ", ";
  text << "};\n";
  return text.str();
}

/// A program that calls the model with x and ends with 1 unless it makes y of it.
std::string program(const Tensor& x, const Tensor& y) {
  const std::string type = is_floating(x.dtype()) ? "float" : "int64_t";
  const std::string count = std::to_string(y.size());
  return "#include <math.h>\n#include <stdint.h>\nvoid model(const " + type + "* x, float* y);\n" +
         array("x", x) + array("wanted", y) + "static float y[" + count +
         "];\nint main(void) {\n  model(x, y);\n  for (int i = 0; i < " + count +
         "; ++i) {\n    const float apart = fabsf(y[i] - wanted[i]);\n"
         "    if (!(apart <= 2e-6F * fmaxf(1, fabsf(wanted[i])))) return 1;\n  }\n  return 0;\n}\n";
}

const std::string quiet = " >/dev/null 2>&1";

/// A compiler for ARM, and how it links a program that runs by itself: for boards, or, of which
/// Debian's takes less room, for Linux.
struct Compiler {
  std::string name, linking;
};
const Compiler& compiler() {
  static const Compiler found = [] {
    for (const Compiler& one : {Compiler{"arm-none-eabi-gcc", "--specs=rdimon.specs"},
                                Compiler{"arm-linux-gnueabihf-gcc", "-static"}})
      if (runs("command -v " + one.name + quiet)) return one;
    return Compiler();
  }();
  return found;
}
bool no_compiler() {
  if (!compiler().name.empty()) return false;
  MESSAGE("there is no compiler for ARM (gcc-arm-none-eabi): not checked");
  return true;
}

}  // namespace

TEST_CASE("export_c: the file compiles for a microcontroller, where there is a compiler for one") {
  if (no_compiler()) return;
  const TemporaryDirectory directory;
  for (const models::Case& of : models::of_layers()) {
    CAPTURE(of.name);
    export_c(directory.file(of.name + ".c"), of.model, of.input(1));
    const Tensor x = of.input(5);
    if (!is_floating(x.dtype())) continue;
    try {
      export_c(directory.file(of.name + "_bytes.c"), of.model, x, {.calibration = x});
    } catch (const ValueError& error) {  // nothing in it becomes int8
      CHECK(std::string(error.what()).ends_with("; the model has none"));
    }
  }
  CHECK(runs("cd " + directory.path() + " && " + compiler().name +
             " -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=c11 -Wall -Wextra "
             "-Werror -pedantic -Wdouble-promotion -O2 -c *.c"));
}

TEST_CASE("export_c: layers give the same on an emulated ARM, where there is one") {
  if (no_compiler()) return;
  if (!runs("command -v qemu-arm" + quiet)) {
    MESSAGE("there is no qemu-arm (qemu-user): not checked");
    return;
  }
  const TemporaryDirectory directory;
  const std::string source = directory.file("model.c"), caller = directory.file("main.c"),
                    binary = directory.file("model.elf");
  for (const models::Case& of : models::of_layers()) {
    CAPTURE(of.name);
    of.model->eval();
    const Tensor x = of.input(2);
    export_c(source, of.model, x);
    std::ofstream(caller) << program(x, of.model(x));
    REQUIRE(runs(compiler().name +
                 " -mcpu=cortex-a9 -mthumb -mfloat-abi=hard -mfpu=vfpv3-d16 -std=c11 -O2 " +
                 compiler().linking + " -o " + binary + " " + source + " " + caller + " -lm"));
    CHECK(runs("qemu-arm -cpu cortex-a9 " + binary));
  }
}
