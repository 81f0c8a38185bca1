#include <xtape/core/create.hpp>
#include <xtape/export/onnx.hpp>
#include <xtape/nn/activation.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: the axis of the batch of an exported model") {
  check(Counts{{"OnnxOptions.batch_axis",
                Kind::index,
                {2, -3, most, least},
                [](auto a) {
                  export_onnx("/dev/null/all.onnx", nn::ReLU(), ones({2, 3}), {.batch_axis = a});
                },
                "export_onnx: axis must lie in [-2, 2); got "}});
}
