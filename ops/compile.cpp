#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/compile.hpp>
#include <xtape/ops/replay/plan.hpp>
#include <xtape/ops/replay/recorder.hpp>

namespace xtape::detail {
namespace {

/// What a trace depends on beside values.
struct Form {
  struct Argument {
    Shape shape;
    Dtype dtype;
    bool operator==(const Argument&) const = default;
  };

  Form(std::span<const Tensor> inputs, std::span<const std::int64_t> given)
      : counts(given.begin(), given.end()),
        records(recording()),
        floating(default_dtype()),
        mode_of_modules(mode()) {
    for (const Tensor& x : inputs) arguments.push_back({x.shape(), x.dtype()});
  }
  bool operator==(const Form&) const = default;

  std::vector<std::int64_t, memory::Allocator<std::int64_t>> counts;  // see Replays::call
  std::vector<Argument, memory::Allocator<Argument>> arguments{};
  bool records;
  Dtype floating;
  std::uint64_t mode_of_modules;
};

struct Plan {
  Form form;
  std::optional<Script> last{};  // what the last call did
  std::unique_ptr<Program> program{};
  int differences = 0;  // of calls one after another
};

void check(std::span<const Tensor> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = inputs[i];
    const auto refuse = [&](const char* wanted) {
      throw ValueError("compile: argument " + std::to_string(i) + " must " + wanted + "; got " +
                       x.describe());
    };
    if (!x.defined()) refuse("be defined");
    if (x.body().number) refuse("be a tensor rather than a number (see tensor())");
    if (x.requires_grad()) refuse("not require a gradient (capture it, or detach() it)");
  }
}

/// Dense tensors of their own handles: `assign` to one outside is not seen.
TensorList as_arguments(std::span<const Tensor> inputs) {
  TensorList own;
  own.reserve(inputs.size());
  for (const Tensor& x : inputs) own.push_back(x.is_contiguous() ? x.detach() : x.contiguous());
  return own;
}

/// In memory of their own, so that a trace does not take what f captures for an argument.
TensorList copied(std::span<const Tensor> inputs) {
  TensorList copies;
  for (const Tensor& x : inputs) copies.push_back(x.clone());
  return copies;
}

TensorList off_the_tape(TensorList results) {
  for (Tensor& result : results)
    if (result.defined()) result = result.detach();
  return results;
}

}  // namespace

struct Replays::State {
  static constexpr std::size_t most_plans = 64;

  std::mutex mutex;
  std::vector<Plan> plans;  // the last used one first
  std::int64_t replayed = 0;

  Plan& plan_for(const Form& form) {
    auto found = std::ranges::find(plans, form, &Plan::form);
    if (found == plans.end()) {
      if (plans.size() == most_plans) plans.pop_back();
      plans.push_back({form});
      found = plans.end() - 1;
    }
    if (found != plans.begin()) std::rotate(plans.begin(), found, found + 1);
    return plans.front();
  }

  static TensorList trace(Plan& plan, std::span<const Tensor> inputs, Function function,
                          void* context) {
    TensorList results;
    Script script;
    {
      Recorder recorder(inputs);
      results = function(context, inputs);
      script = recorder.finish(results);
    }
    if (plan.last) {
      const std::string differs = difference(*plan.last, script);
      if (differs.empty()) {
        plan.program = Planner(*plan.last, std::move(script)).plan();
        plan.last.reset();
        plan.differences = 0;
        return results;
      }
      if (++plan.differences > 1) {
        plan.last.reset();
        plan.differences = 0;
        throw ReplayError("compile: the function must do the same each time; " + differs);
      }
    }
    plan.last = std::move(script);
    return results;
  }
};

void append(TensorList& list, const Tensor& x) { list.push_back(x); }
void append(TensorList& list, const std::vector<Tensor>& x) {
  list.insert(list.end(), x.begin(), x.end());
}

void FromList::take(std::vector<Tensor>& x) {
  for (Tensor& each : x) take(each);
}

std::vector<Tensor> ResultOf<std::vector<Tensor>>::from(std::span<const Tensor> list) {
  return {list.begin(), list.end()};
}

namespace {

/// Throws ValueError for a compiled function that was moved from.
template <class Pointer>
auto& held(const Pointer& state) {
  if (!state) throw ValueError("compile: a function is needed; this one was moved from");
  return *state;
}

}  // namespace

Replays::Replays() : state_(new State) {}
Replays::Replays(Replays&&) noexcept = default;
Replays& Replays::operator=(Replays&&) noexcept = default;
Replays::~Replays() = default;

TensorList Replays::call(std::span<const Tensor> given, std::span<const std::int64_t> counts,
                         Function function, void* context) {
  State& state = held(state_);
  check(given);
  const bool mapped = levels.current > 0 ||
                      std::ranges::any_of(given, [](const Tensor& x) { return x.body().mapped; });
  if (mapped || Watcher::present()) return off_the_tape(function(context, given));
  const TensorList inputs = as_arguments(given);
  const std::lock_guard lock(state.mutex);
  Plan& plan = state.plan_for(Form(inputs, counts));
  if (plan.program && !plan.program->valid()) plan.program.reset();
  if (plan.program) {
    TensorList results = plan.program->run(inputs);
    ++state.replayed;
    return results;
  }
  return off_the_tape(State::trace(plan, copied(inputs), function, context));
}

std::int64_t Replays::replayed() const {
  State& state = held(state_);
  const std::lock_guard lock(state.mutex);
  return state.replayed;
}
std::size_t Replays::plans() const {
  State& state = held(state_);
  const std::lock_guard lock(state.mutex);
  return static_cast<std::size_t>(
      std::ranges::count_if(state.plans, [](const Plan& plan) { return plan.program != nullptr; }));
}
void Replays::forget() {
  State& state = held(state_);
  const std::lock_guard lock(state.mutex);
  state.plans.clear();
}

}  // namespace xtape::detail
