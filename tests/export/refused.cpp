// Every public operation is exported, and agrees, or is refused by name: docs/deployment.md lists
// those.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/temporary_directory.hpp"
#include "loaded_c.hpp"
#include "operations.hpp"

using namespace xtape;
using models::Attempt, models::Use;

namespace {

std::vector<Attempt> of_onnx() {
  const TemporaryDirectory directory;
  return models::sweep([&](const Use& use) {
    export_onnx(directory.file("use.onnx"), nn::AnyModule(use.function), use.x,
                {.dynamic_batch = false});
  });
}
/// An identifier for a use, as long as one may be.
std::string name_of(const std::string& use) {
  std::string name = "use_";
  for (const char c : use)
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  return name.substr(0, 63);
}
std::vector<Attempt> of_c(const TemporaryDirectory& directory) {
  return models::sweep([&](const Use& use) {
    const std::string name = name_of(use.name);
    export_c(directory.file(name + ".c"), nn::AnyModule(use.function), use.x, {.name = name});
  });
}

std::string row(const std::string& title, const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "`" : ", `") + name + "`";
  return "| " + title + " | " + text + " |";
}

}  // namespace

TEST_CASE("export: what is refused is refused by name, and docs/deployment.md lists it") {
  const TemporaryDirectory directory;
  const std::vector<Attempt> by_onnx = of_onnx(), by_c = of_c(directory);
  for (const auto& attempts : {by_onnx, by_c}) {
    CHECK(attempts.size() > 400);
    for (const Attempt& attempt : attempts) {
      CAPTURE(attempt.name);
      CHECK((attempt.exported || attempt.error.starts_with("export_")));
    }
  }
  const std::set<std::string> onnx = models::refused(by_onnx), c = models::refused(by_c);
  std::set<std::string> both, onnx_alone, c_alone;
  std::ranges::set_intersection(onnx, c, std::inserter(both, both.end()));
  std::ranges::set_difference(onnx, c, std::inserter(onnx_alone, onnx_alone.end()));
  std::ranges::set_difference(c, onnx, std::inserter(c_alone, c_alone.end()));
  const std::string docs = models::text_of(XTAPE_DEPLOYMENT);
  for (const std::string& line : {row("both", both), row("ONNX", onnx_alone), row("C", c_alone)}) {
    CAPTURE(line);
    CHECK(docs.find("\n" + line + "\n") != std::string::npos);
  }
}

TEST_CASE("export_c: operations give what the library gives") {
  if (models::no_compiler()) return;
  const TemporaryDirectory directory;
  const std::vector<Attempt> attempts = of_c(directory);
  const models::LibraryOfC library(directory, "use_*.c");
  const NoGradGuard off;
  for (const Attempt& attempt : attempts) {
    if (!attempt.exported) continue;
    CAPTURE(attempt.name);
    const Use& use = *attempt.exported;
    const Tensor y = use.function(use.x).contiguous();
    CHECK(mismatch(library.call(name_of(attempt.name), use.x, y), y, tolerance_of(y.dtype())) ==
          "");
  }
}
