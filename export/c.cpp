#include <algorithm>
#include <cctype>
#include <string_view>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/export/c.hpp>
#include <xtape/export/c/quantize.hpp>
#include <xtape/export/c/writer.hpp>

namespace xtape {
namespace {

/// Names that a program may not define, or that are in the file already.
constexpr std::string_view taken[] = {
    "auto",   "break",    "case",   "char",    "const",    "continue", "default", "do",
    "double", "else",     "enum",   "extern",  "float",    "for",      "goto",    "if",
    "inline", "int",      "long",   "main",    "register", "restrict", "return",  "short",
    "signed", "sizeof",   "static", "struct",  "switch",   "typedef",  "union",   "unsigned",
    "void",   "volatile", "while",  "sigmoid", "sigmoidf", "x",        "y"};

void check_name(const std::string& name) {
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const bool identifier = !name.empty() && letter(name[0]) && name.size() <= 63 &&
                          std::ranges::all_of(name, [&](char c) {
                            return letter(c) || c == '_' || (c >= '0' && c <= '9');
                          });
  const bool free = std::ranges::find(taken, name) == std::end(taken) && !name.starts_with("k_") &&
                    !name.starts_with("memory_of_");
  if (identifier && free) return;
  throw ValueError("export_c: the name must be an identifier of C that begins with a letter and " +
                   std::string("is not taken; got \"") + name + "\"");
}

void check_calibration(const Tensor& given, const Tensor& example) {
  if (given.dtype() != example.dtype())
    throw DtypeError("export_c: the calibration must be like the example; got " + given.describe() +
                     " for " + example.describe());
  const bool same = given.rank() == example.rank() && given.size() > 0 &&
                    std::equal(given.shape().begin() + std::min(1, given.rank()),
                               given.shape().end(), example.shape().begin() + 1);
  if (!same)
    throw ShapeError("export_c: the calibration must be like the example, of any batch; got " +
                     given.describe() + " for " + example.describe());
}

}  // namespace

void detail::export_c(const std::string& path, const nn::Module& model,
                      const std::function<Tensor(const Tensor&)>& function, const Tensor& example,
                      const CSourceOptions& options) {
  using namespace exporting;
  check_name(options.name);
  require_defined("export_c", "the example", example);
  if (example.size() == 0)
    throw ShapeError("export_c: an example with elements is needed; got " + example.describe());
  const Graph graph = graph_of("export_c", model, function, example, false);
  CRanges ranges;
  if (options.calibration.defined()) {
    check_calibration(options.calibration, example);
    ranges = calibrated(graph, record_model("export_c", model, function, options.calibration));
  }
  const std::string source = CWriter(graph, options.name, std::move(ranges)).source();
  data::OutputFile file(path);
  file.write(source);
  file.commit();
}

}  // namespace xtape
