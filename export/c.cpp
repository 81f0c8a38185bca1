#include <algorithm>
#include <optional>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/export/c.hpp>
#include <xtape/export/c/quantize.hpp>
#include <xtape/export/c/writer.hpp>

namespace xtape {
namespace {

void check_name(const std::string& name) {
  if (exporting::is_free_in_c(name)) return;
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
  if (!same) {
    const bool one = given.rank() == example.rank() + 1;  // a row, without the axis of the batch
    throw ShapeError("export_c: the calibration must be like the example, of any batch; got " +
                     given.describe() + " for " + example.describe() +
                     (one ? ", which has no axis of a batch: give an example [n, ...]" : ""));
  }
  if (const std::string bad = detail::first_not_finite(given); !bad.empty())
    throw ValueError("export_c: the calibration must be finite; got " + bad);
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
  const Graph graph = graph_of("export_c", model, function, example, std::nullopt);
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
