#pragma once
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <typeinfo>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct SummaryOptions {
  bool time = false;  ///< runs the model once more, to see how long each module takes
};

/// A module of a model.
struct SummaryRow {
  std::string path;             ///< "head.0"; empty for the model
  std::string layer;            ///< "Dense(64, 10)"
  std::string output = {};      ///< "float32[32, 10]", of the last call; empty if nobody called it
  std::int64_t parameters = 0;  ///< their elements, in this module and its parts
  std::int64_t trained = 0;     ///< those that are not frozen
  std::int64_t calls = 0;
  double flops = 0;        ///< of all calls, in this module and its parts, see TraceStep::flops
  std::int64_t bytes = 0;  ///< of the results of its operations, likewise
  double seconds = 0;      ///< of all calls, if asked for
};

/// What each module of a model does in a pass. `std::cout << summary(model, x)` is a table of it.
struct Summary {
  std::vector<SummaryRow> rows = {};  ///< in the order of `named_modules`: the model first
  bool timed = false;
};

std::ostream& operator<<(std::ostream& stream, const Summary& summary);

/// What the modules do while `pass` runs, a function that calls the model: for models of several
/// inputs. It runs in evaluation mode, without a tape, and nothing of the model is changed.
Summary summary(const Module& model, const std::function<void()>& pass,
                const SummaryOptions& options = {});

/// A model of several inputs is not called so: `summary(model, [&] { static_cast<void>(model(a,
/// b)); })`.
template <std::derived_from<Module> M>
requires(!std::invocable<const M&, const Tensor&>) Summary
    summary(const M& model, const Tensor& x, const SummaryOptions& options = {})
= delete;

/// What they do for x.
/// ```
/// std::cout << nn::summary(model, zeros({1, 784}));
/// ```
template <std::derived_from<Module> M>
requires std::invocable<const M&, const Tensor&> Summary
summary(const M& model, const Tensor& x, const SummaryOptions& options = {}) {
  std::string output;
  const auto pass = [&] {
    const auto y = model(x);
    if constexpr (std::convertible_to<decltype(y), Tensor>) output = y.describe();
  };
  Summary result = summary(static_cast<const Module&>(model), pass, options);
  if (!output.empty()) result.rows.front().output = output;
  std::string& layer = result.rows.front().layer;
  if (layer == "Module()") layer = detail::type_name(typeid(M)) + "()";
  return result;
}

}  // namespace xtape::nn

XTAPE_EXPORT_END
