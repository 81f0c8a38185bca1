#include <cxxabi.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <typeinfo>
#include <unordered_set>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/tape.hpp>
#include <xtape/core/threads.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/optim/kernels/finite.hpp>
#include <xtape/optim/kernels/state.hpp>
#include <xtape/optim/optimizer.hpp>

namespace xtape::optim {
namespace {

void check_rate(const std::string& what, double value) {
  detail::require_not_negative("optimizer", what.c_str(), value);
}

void check_finite(const std::string& what, const Tensor& tensor) {
  if (const std::string bad = detail::first_not_finite(tensor); !bad.empty())
    throw ValueError("optimizer: the " + what + " must be finite; got " + bad);
}

template <class T>
bool looks_finite(std::span<const T> x, std::int64_t elements,
                  bool (*finite)(const T* x, std::int64_t n)) {
  const auto size = static_cast<std::int64_t>(x.size());
  if (size <= elements) return finite(x.data(), size);
  const std::int64_t piece = std::min<std::int64_t>(64, elements), pieces = elements / piece;
  const std::int64_t stride = pieces == 1 ? 0 : (size - piece) / (pieces - 1);
  for (std::int64_t i = 0; i < pieces; ++i)
    if (!finite(x.data() + i * stride, piece)) return false;
  return true;
}

/// Of a dense gradient.
bool looks_finite(const Tensor& gradient, std::int64_t elements) {
  const auto& kernels = kernels::chosen<kernels::FiniteKernels>();
  return gradient.dtype() == Dtype::float32
             ? looks_finite(gradient.data<float>(), elements, kernels.float32)
             : looks_finite(gradient.data<double>(), elements, kernels.float64);
}

}  // namespace

const Optimizer::Group& Optimizer::at(std::size_t group) const {
  if (group >= groups_.size()) {
    throw IndexError("optimizer: there are " + std::to_string(groups_.size()) +
                     " groups; got index " + std::to_string(group));
  }
  return groups_[group];
}

bool Optimizer::is_narrow(const Group& group) {
  return std::ranges::any_of(
      group.entries, [](const Entry& entry) { return entry.parameter.dtype() == Dtype::float32; });
}

double Optimizer::scheduled_rate(const Group& group) const {
  const double factor = group.schedule(steps_);
  const double rate =
      group.learning_rate * factor / (1 + group.decay * static_cast<double>(steps_));
  if (!(factor >= 0) || std::isinf(factor)) {
    throw ValueError("optimizer: a schedule must give finite factors that are not negative; got " +
                     detail::text(factor) + " in step " + std::to_string(steps_));
  }
  constexpr double most = std::numeric_limits<float>::max();
  if (std::isinf(rate) || (rate > most && is_narrow(group))) {
    throw ValueError(
        "optimizer: the scheduled learning rate must fit in the parameters' dtype; got " +
        detail::text(rate) + " in step " + std::to_string(steps_));
  }
  return rate;
}

/// Gets all memory that the step of a parameter needs, so that a step that finds none changes
/// nothing.
void Optimizer::prepare(std::size_t group, Entry& entry, const StepOptions& options) const {
  entry.gradient = entry.rows = {};
  if (!entry.parameter.requires_grad()) return;  // frozen
  const ErrorContext in(entry.name);
  const auto sparse = entry.parameter.sparse_grad();
  const bool by_rows = sparse && takes_rows(group);
  const Tensor gradient = by_rows ? sparse->values : entry.parameter.grad();
  if (!gradient.defined()) return;
  if (options.check_finite) {
    check_finite("parameter", entry.parameter);
    check_finite("gradient", gradient);
  }
  detail::named_in_errors("optimizer", [&] {
    for (const Tensor& own : entry.state) {  // the model may have been turned into another dtype
      if (own.dtype() != gradient.dtype()) detail::replace_value(own, own.to(gradient.dtype()));
      detail::make_exclusive(own);
    }
    detail::make_exclusive(entry.parameter);
    entry.gradient = gradient.contiguous();
    if (by_rows) entry.rows = sparse->rows;
  });
  if (options.look_at > 0 && !looks_finite(entry.gradient, options.look_at))
    check_finite("gradient", entry.gradient);
}

void Optimizer::step(const StepOptions& options) {
  detail::require_at_least<std::int64_t>("optimizer", "look_at", options.look_at, 0);
  const detail::Act act("step", [&] {
    return [this, options, alive = alive_.weak()] {
      alive.require("an optimizer");
      step(options);
    };
  });
  const NoGradGuard no_grad;
  static_cast<void>(threads());  // throws now, or never
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    Group& group = groups_[i];
    group.next_rate = scheduled_rate(group);
    if (!group.narrow && is_narrow(group)) {
      check_group(i, Dtype::float32);
      group.narrow = true;
    }
    for (Entry& entry : group.entries) prepare(i, entry, options);
  }
  std::exception_ptr failure;  // of a rule of somebody else's, or of who watches
  for (std::size_t i = 0; i < groups_.size(); ++i) {  // our own rules cannot fail now
    Group& group = groups_[i];
    group.last_rate = group.next_rate;
    for (Entry& entry : group.entries) {
      const Tensor gradient = std::exchange(entry.gradient, {});
      const Tensor rows = std::exchange(entry.rows, {});
      if (!gradient.defined()) continue;
      const ErrorContext in(entry.name);
      ++entry.updates;
      try {
        run(i, {entry.parameter, gradient, entry.state, group.last_rate, entry.updates, rows});
      } catch (...) {
        if (failure == nullptr) failure = std::current_exception();
      }
    }
  }
  ++steps_;
  if (failure != nullptr) std::rethrow_exception(failure);
}

void Optimizer::zero_grad() const {
  const detail::Act act("zero_grad", [&] {
    return [this, alive = alive_.weak()] {
      alive.require("an optimizer");
      zero_grad();
    };
  });
  for (const Group& group : groups_) {
    for (const Entry& entry : group.entries) entry.parameter.zero_grad();
  }
}

double Optimizer::learning_rate(std::size_t group) const { return at(group).last_rate; }

double Optimizer::base_learning_rate(std::size_t group) const { return at(group).learning_rate; }

void Optimizer::set_learning_rate(double rate) {
  detail::refuse_to_repeat("set_learning_rate");
  check_rate("learning rate", rate);
  for (Group& group : groups_) group.learning_rate = group.last_rate = rate;
}

void Optimizer::set_learning_rate(double rate, std::size_t group) {
  detail::refuse_to_repeat("set_learning_rate");
  check_rate("learning rate", rate);
  at(group);
  groups_[group].learning_rate = groups_[group].last_rate = rate;
}

void Optimizer::set_schedule(const Schedule& schedule) {
  detail::refuse_to_repeat("set_schedule");
  for (Group& group : groups_) group.schedule = schedule;
}

void Optimizer::set_schedule(Schedule schedule, std::size_t group) {
  detail::refuse_to_repeat("set_schedule");
  at(group);
  groups_[group].schedule = std::move(schedule);
}

Dtype Optimizer::narrowest(const NamedTensors& parameters) {
  const bool narrow = std::ranges::any_of(parameters, [](const auto& named) {
    return named.second.defined() && named.second.dtype() == Dtype::float32;
  });
  return narrow ? Dtype::float32 : Dtype::float64;
}

void Optimizer::add(const Parameters& parameters, std::vector<std::string> slots,
                    double learning_rate, double decay, Schedule schedule) {
  check_rate("learning rate", learning_rate);
  check_rate("decay", decay);
  std::unordered_set<const detail::Body*> bodies;
  std::unordered_set<std::string> names;
  for (const Group& group : groups_) {
    for (const Entry& entry : group.entries) {
      bodies.insert(&entry.parameter.body());
      names.insert(entry.name);
    }
  }
  std::vector<Entry> entries;
  const NamedTensors named = parameters.named(names.size());
  if (named.empty()) throw ValueError("optimizer: parameters are needed; got none");
  bool trainable = !groups_.empty();
  for (const auto& [name, parameter] : named) {
    const std::string what = "\"" + name + "\", " + parameter.describe();
    if (name.empty()) {
      throw ValueError("optimizer: the name of a parameter must not be empty; got none for " +
                       parameter.describe());
    }
    const bool frozen = !parameter.requires_grad();
    const bool registered = parameter.body().replaceable && is_floating(parameter.dtype());
    if (!parameter.is_leaf() || (frozen && !registered)) {
      throw GradError("optimizer: parameters must be leaves that require gradients; got " + what);
    }
    trainable = trainable || !frozen;
    if (!bodies.insert(&parameter.body()).second) {
      throw ValueError("optimizer: a parameter may be given once; got " + what + " twice");
    }
    if (!names.insert(name).second) {
      throw ValueError("optimizer: the name of a parameter may be given once; got \"" + name +
                       "\" twice");
    }
    std::vector<Tensor> state;
    for (std::size_t i = 0; i < slots.size(); ++i) state.push_back(zeros_like(parameter));
    entries.push_back({parameter, std::move(state), 0, name});
  }
  if (!trainable) {
    throw GradError(
        "optimizer: at least one parameter must require a gradient; got frozen ones, "
        "\"" +
        named.front().first + "\" first");
  }
  groups_.push_back({std::move(entries), std::move(slots), learning_rate, decay,
                     std::move(schedule), learning_rate, learning_rate, false});
  groups_.back().narrow = is_narrow(groups_.back());
}

std::vector<std::string> Optimizer::settings() const {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> kind(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), std::free);
  std::vector<std::string> lines{kind != nullptr ? kind.get() : typeid(*this).name()};
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const std::string prefix = "group." + std::to_string(i);
    std::string names;
    for (const Entry& entry : groups_[i].entries) names += (names.empty() ? "" : ", ") + entry.name;
    lines.push_back(prefix + " of " + names);
    lines.push_back(prefix + ".learning_rate " + detail::text(groups_[i].learning_rate));
    lines.push_back(prefix + ".decay " + detail::text(groups_[i].decay));
    for (const std::string& option : options_of(i)) lines.push_back(prefix + "." + option);
  }
  return lines;
}

std::vector<std::string> Optimizer::missed(const Tensor& loss, const NamedTensors& known) const {
  std::unordered_set<const Node*> stepped;
  for (const Group& group : groups_) {
    for (const Entry& entry : group.entries) stepped.insert(entry.parameter.node());
  }
  std::vector<std::string> missed;
  for (const Node* leaf : Tape(loss).leaves()) {
    if (stepped.contains(leaf)) continue;
    const auto named = std::find_if(known.begin(), known.end(), [&](const NamedTensor& tensor) {
      return tensor.second.node() == leaf;
    });
    const std::string name = named != known.end() ? named->first : leaf->label();
    missed.push_back(
        !name.empty() ? name : std::string(to_string(leaf->dtype())) + to_string(leaf->shape()));
  }
  std::reverse(missed.begin(), missed.end());  // in the order in which they were made
  return missed;
}

NamedTensors Optimizer::state() const {
  NamedTensors state{{"steps", number(steps_)}};
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const std::string prefix = "group." + std::to_string(i) + ".";
    state.emplace_back(prefix + "learning_rate", number(groups_[i].learning_rate));
    state.emplace_back(prefix + "last_rate", number(groups_[i].last_rate));
  }
  for (const Group& group : groups_) {
    for (const Entry& entry : group.entries) {
      state.emplace_back(entry.name + ".updates", number(entry.updates));
      for (std::size_t i = 0; i < group.slots.size(); ++i) {
        // A view of memory that the next update leaves to it.
        state.emplace_back(entry.name + "." + group.slots[i],
                           entry.state[i].to(entry.parameter.dtype()).detach());
      }
    }
  }
  return state;
}

void Optimizer::restore(const NamedTensors& given) {
  const NamedTensors entries = entries_like(state(), given);
  for (std::size_t i = 1; i <= 2 * groups_.size(); ++i)
    check_rate(entries[i].first, number<double>(entries[i].second));
  auto next = entries.begin();
  steps_ = number<std::int64_t>((next++)->second);
  for (Group& group : groups_) {
    group.learning_rate = number<double>((next++)->second);
    group.last_rate = number<double>((next++)->second);
  }
  for (Group& group : groups_) {
    for (Entry& entry : group.entries) {
      entry.updates = number<std::int64_t>((next++)->second);
      for (Tensor& own : entry.state) own = (next++)->second;
    }
  }
}

}  // namespace xtape::optim
