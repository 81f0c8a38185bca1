#include <algorithm>
#include <chrono>
#include <cmath>
#include <ostream>
#include <utility>

#include <xtape/core/text.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/nn/evaluation_scope.hpp>
#include <xtape/nn/summary.hpp>
#include <xtape/ops/hook.hpp>

namespace xtape::nn {
namespace {

using Clock = std::chrono::steady_clock;

bool is_within(const std::string& path, const std::string& whole) {
  return path.starts_with(whole) && (path.size() == whole.size() || path[whole.size()] == '.');
}

/// Adds what each operation takes to the module that carries it out, and those that this is a part
/// of.
class Counter : xtape::detail::Watcher {
 public:
  Counter(const NamedModules& modules, std::vector<SummaryRow>& rows)
      : modules_(modules), rows_(rows) {}

 private:
  void computed(const xtape::detail::Step& step) override {
    const std::string place = ErrorContext::path();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i > 0 && !is_within(place, modules_[i].second->path())) continue;
      rows_[i].flops += step.flops();
      rows_[i].bytes += step.bytes();
    }
  }

  const NamedModules& modules_;
  std::vector<SummaryRow>& rows_;
};

std::vector<ModuleHook> hook_all(const NamedModules& modules, const auto& hooks_of) {
  std::vector<ModuleHook> hooks;
  for (std::size_t i = 0; i < modules.size(); ++i)
    hooks.push_back(modules[i].second->hook(hooks_of(i)));
  return hooks;
}

/// Elements of all parameters, and of those that are not frozen.
std::pair<std::int64_t, std::int64_t> parameters_of(const Module& module) {
  std::int64_t total = 0, trained = 0;
  for (const Tensor& parameter : module.parameters()) {
    total += parameter.size();
    if (parameter.requires_grad()) trained += parameter.size();
  }
  return {total, trained};
}

void count(const NamedModules& modules, const std::function<void()>& pass,
           std::vector<SummaryRow>& rows) {
  const auto hooks = hook_all(modules, [&](std::size_t i) {
    return ModuleHooks{.after_forward = [&row = rows[i]](const Tensor& y) {
      row.output = y.describe();
      ++row.calls;
      return y;
    }};
  });
  const Counter counter(modules, rows);
  pass();
}

void time(const NamedModules& modules, const std::function<void()>& pass,
          std::vector<SummaryRow>& rows) {
  std::vector<Clock::time_point> begun(modules.size());
  const auto seconds_since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  const auto hooks = hook_all(modules, [&](std::size_t i) {
    return ModuleHooks{.before_forward =
                           [&, i](const Tensor& x) {
                             begun[i] = Clock::now();
                             return x;
                           },
                       .after_forward =
                           [&, i](const Tensor& y) {
                             rows[i].seconds += seconds_since(begun[i]);
                             return y;
                           }};
  });
  const Clock::time_point begin = Clock::now();
  pass();
  rows.front().seconds = seconds_since(begin);  // also where the model itself cannot be hooked
}

std::string in_units(double number) {
  constexpr const char* units[] = {"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (number >= 1000 && unit + 1 < std::size(units)) number /= 1000, ++unit;
  const double step = unit == 0 || number >= 100 ? 1 : number >= 10 ? 10 : 100;
  return xtape::detail::text(std::round(number * step) / step) + units[unit];
}

}  // namespace

Summary summary(const Module& model, const std::function<void()>& pass,
                const SummaryOptions& options) {
  const NamedModules modules = model.named_modules();
  Summary summary{.timed = options.time};
  for (const auto& [path, module] : modules) {
    const auto [parameters, trained] = parameters_of(*module);
    summary.rows.push_back({.path = path,
                            .layer = module->type() + '(' + module->arguments() + ')',
                            .parameters = parameters,
                            .trained = trained});
  }
  const NoGradGuard off;
  const xtape::detail::EvaluationScope evaluation(model);
  count(modules, pass, summary.rows);
  if (options.time) time(modules, pass, summary.rows);
  return summary;
}

std::ostream& operator<<(std::ostream& stream, const Summary& summary) {
  std::vector<std::vector<std::string>> rows{
      {"module", "layer", "output", "parameters", "flops", "bytes", summary.timed ? "us" : ""}};
  for (const SummaryRow& row : summary.rows) {
    rows.push_back({row.path.empty() ? "(model)" : row.path, row.layer, row.output,
                    std::to_string(row.parameters), in_units(row.flops),
                    in_units(static_cast<double>(row.bytes)),
                    summary.timed ? in_units(row.seconds * 1e6) : ""});
  }
  stream << xtape::detail::table(rows, {3, 4, 5, 6});
  if (summary.rows.empty()) return stream;
  const SummaryRow& model = summary.rows.front();
  return stream << model.parameters << " parameters, " << model.trained << " of them trained\n";
}

}  // namespace xtape::nn
