// Random programs as files of ONNX, with an input and what the library makes of it, for
// tests/reference/onnx_programs.py:
//   onnx_programs FOLDER COUNT [FIRST]
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "program.hpp"

using namespace xtape;

namespace {

std::vector<std::uint8_t> random_bytes(unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<std::uint8_t> bytes(32 + generator() % 300);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(generator());
  return bytes;
}

/// The inputs one behind the other, in the widest of their dtypes.
Tensor packed(const Program& program) {
  Tensors rows;
  for (const Tensor& input : program.inputs) rows.push_back(reshape(input, {-1}));
  return concatenate(rows, 0).contiguous();
}

/// The results one behind the other, as a function of the packed inputs.
Tensor unpacked(const Program& program, const Tensor& x) {
  Tensors inputs, rows;
  std::int64_t first = 0;
  for (const Tensor& input : program.inputs) {
    const std::int64_t end = first + input.size();
    inputs.push_back(reshape(slice(x, {range(first, end)}), input.shape()).to(input.dtype()));
    first = end;
  }
  for (const Tensor& y : outputs_of(program, inputs)) rows.push_back(reshape(y, {-1}));
  return concatenate(rows, 0);
}

/// Whether no value, of a step neither, is infinite or NaN: of those ONNX leaves much open.
bool finite(const Program& program) {
  for (const Tensor& x : values_of(program, program.inputs))
    if (all(isfinite(x)).item() == 0) return false;
  return true;
}

/// Whether it could be exported; throws what no export may throw.
bool written(const Program& program, const std::string& path) {
  const Tensor x = packed(program);
  const auto function = [&](const Tensor& all) { return unpacked(program, all); };
  try {
    export_onnx(path + ".onnx", nn::AnyModule(function), x, {.dynamic_batch = false});
  } catch (const Error& error) {
    std::printf("refused: %s\n", error.what());
    return false;
  }
  data::save_safetensors(path + ".safetensors", {{"x", x}, {"y", function(x).contiguous()}},
                         {{"program", program.text()}, {"finite", finite(program) ? "yes" : "no"}});
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const unsigned programs = static_cast<unsigned>(std::stoul(arguments[2]));
  const unsigned first = count > 3 ? static_cast<unsigned>(std::stoul(arguments[3])) : 0;
  const NoGradGuard plain;
  unsigned exported = 0;
  for (unsigned seed = first; seed < first + programs; ++seed) {
    const std::vector<std::uint8_t> bytes = random_bytes(seed);
    const Program program = decoded(Decisions(bytes));
    const std::string path = std::string(arguments[1]) + "/" + std::to_string(seed);
    try {
      if (written(program, path)) ++exported;
    } catch (const std::exception& error) {
      std::printf("FAULT, seed %u: %s\n%s", seed, error.what(), program.text().c_str());
      return 1;
    }
  }
  std::printf("%u of %u programs exported\n", exported, programs);
  return 0;
}
