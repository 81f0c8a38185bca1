#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/alive.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/optim/parameters.hpp>
#include <xtape/optim/schedule.hpp>
#include <xtape/optim/setting.hpp>

XTAPE_EXPORT_BEGIN

/// Optimizers step over leaves along the gradients that `backward` has accumulated in them.
namespace xtape::optim {

/// One parameter in one step, as the rule of an optimizer gets it.
struct Update {
  const Tensor& parameter;
  const Tensor& gradient;         // dense, of the parameter's shape and dtype
  std::span<const Tensor> state;  // one tensor a slot, of the parameter's shape and dtype
  double rate;                    // the learning rate of this step
  std::int64_t t;                 // this is the parameter's t-th update, t = 1, 2, ...
  // If defined, [k] int64: the gradient is [k, ...], of these rows, and all others stay as they
  // are.
  const Tensor& rows;
};

struct StepOptions {
  bool check_finite = false;  ///< look at each gradient and parameter first; costs a pass over them
  /// Look at so many elements of each gradient first, in pieces spread evenly over it. A NaN that
  /// comes from behind a layer is in whole rows or columns of its weights' gradient: few pieces
  /// show it.
  std::int64_t look_at = 0;
};

/// Base: groups of parameters, each with a learning rate. In step t = 0, 1, ... of the optimizer,
/// for groups that were added later too, the rate is
///   learning_rate schedule(t) / (1 + decay t)
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;

  /// Updates each parameter that requires a gradient and has one. Throws ValueError, with nothing
  /// changed, if a schedule gives a factor that is negative, infinite or NaN, and if asked to look,
  /// for a parameter or gradient with NaN or an infinity, by the parameter's name; for a negative
  /// number of elements. What the update of
  /// one parameter throws, a rule of one's own or a DebugGuard, is thrown when all have had theirs.
  void step(const StepOptions& options = {});

  /// Forgets the gradients of all parameters.
  void zero_grad() const;

  /// The rate that the last step used. Before the first step, and after `set_learning_rate`, the
  /// rate that decay and schedule multiply. Groups count in the order in which they came.
  /// Throws IndexError without such a group.
  double learning_rate(std::size_t group = 0) const;
  /// The rate that decay and schedule multiply: `set_learning_rate(base_learning_rate() / 10)`.
  /// Throws IndexError without such a group.
  double base_learning_rate(std::size_t group = 0) const;
  /// The rate that the next step will use. Throws IndexError without such a group, and what `step`
  /// throws for a schedule.
  double next_learning_rate(std::size_t group = 0) const { return scheduled_rate(at(group)); }
  /// Sets the rate that decay and schedule multiply, from the next step on, of all groups or of
  /// one. Throws ValueError if negative or not finite, IndexError without such a group.
  void set_learning_rate(double rate);
  void set_learning_rate(double rate, std::size_t group);
  /// Sets the schedule from the next step on, of all groups or of one; it counts from the
  /// optimizer's first step. Throws IndexError without such a group.
  void set_schedule(const Schedule& schedule);
  void set_schedule(Schedule schedule, std::size_t group);
  /// That of a group. Throws IndexError without such a group.
  const Schedule& schedule(std::size_t group = 0) const { return at(group).schedule; }

  /// Groups of parameters.
  std::size_t groups() const { return groups_.size(); }
  /// Steps made so far.
  std::int64_t steps() const { return steps_; }

  /// All that decides what a step makes of gradients, but for its state and schedules, a line each:
  /// the kind, "group.0 of weight, bias", "group.0.learning_rate 0.001", "group.0.beta1 0.9".
  /// Optimizers with the same lines do the same, but for options of other types than numbers, truth
  /// values, enumerations and texts: "group.0.mask ?".
  std::vector<std::string> settings() const;

  /// The leaves that a loss depends on and no group holds, such as those of a layer that a module
  /// forgot to register: the names that `known`, often `model.named_parameters()`, has for them, or
  /// dtype and shape.
  std::vector<std::string> missed(const Tensor& loss, const NamedTensors& known = {}) const;

  /// All that another optimizer, made with the same options and schedules, needs to go on exactly
  /// as this one would: "steps", int64; "group.0.learning_rate", the rate that decay and schedule
  /// multiply, and "group.0.last_rate", float64; for each parameter its number of "updates", int64,
  /// and its state, as "hidden.weight.velocity". Later steps do not change these tensors. A
  /// schedule that learns has a state of its own, see `ReduceOnPlateau::state`.
  NamedTensors state() const;
  /// Takes up a state; parameters are found by their names, in any order.
  /// Throws, with nothing changed, ValueError for an entry that is missing, unknown, given twice or
  /// out of range; ShapeError and DtypeError for one that does not fit its parameter.
  void restore(const NamedTensors& state);

 protected:
  Optimizer() = default;

  /// Adds a group, with a tensor of zeros for each parameter and slot. Throws ValueError for a bad
  /// rate or decay, no parameters, an undefined tensor, an empty name, and a tensor or name that is
  /// in a group already; GradError for a tensor that is no leaf or does not require a gradient,
  /// unless it is a parameter of a module, which is frozen and may be thawed; for a first group of
  /// those alone too.
  void add(const Parameters& parameters, std::vector<std::string> slots, double learning_rate,
           double decay, Schedule schedule);

  /// float32 if any of the parameters is.
  static Dtype narrowest(const NamedTensors& parameters);
  /// Throws ValueError for options that do not fit in a dtype.
  virtual void check_group(std::size_t group, Dtype dtype) const {
    static_cast<void>(group), static_cast<void>(dtype);
  }
  /// Updates a parameter that has a gradient.
  virtual void run(std::size_t group, const Update& parameter) const = 0;
  /// Whether it can be given a sparse gradient as rows; else it gets a dense one.
  virtual bool takes_rows(std::size_t group) const = 0;
  /// Options beside learning rate, decay and schedule: "beta1 0.9".
  virtual std::vector<std::string> options_of(std::size_t group) const {
    static_cast<void>(group);
    return {};
  }

 private:
  struct Entry {
    Tensor parameter;
    std::vector<Tensor> state;  // one tensor a slot
    std::int64_t updates;       // made so far
    std::string name;
    Tensor gradient = {}, rows = {};  // of the step that is being made
  };
  void prepare(std::size_t group, Entry& entry, const StepOptions& options) const;
  struct Group {
    std::vector<Entry> entries;
    std::vector<std::string> slots;
    double learning_rate, decay;
    Schedule schedule;
    double last_rate, next_rate;
    bool narrow;  // float32 was among its dtypes when its options were checked
  };
  const Group& at(std::size_t group) const;
  static bool is_narrow(const Group& group);
  double scheduled_rate(const Group& group) const;

  std::vector<Group> groups_;
  std::int64_t steps_ = 0;
  detail::Alive alive_;
};

/// An optimizer with Options: an aggregate of Settings with at least `learning_rate`, `decay`,
/// `schedule` and `fields`, a tuple of references to all, and best with `names` of these, for
/// `settings()`. What is left to say is which options are wrong, which tensors the optimizer keeps
/// of each parameter, and what it does in an update. Its constructor adds the first group.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  /// Adds parameters. Options that are not given are those of the optimizer's constructor.
  void add_group(const Parameters& parameters, const Options& options = {}) {
    Options own = inherited(options, defaults_);
    check_for(own, narrowest(parameters.named()));
    for (const auto& [name, parameter] : parameters.named()) check_parameter(name, parameter);
    options_.reserve(options_.size() + 1);  // the base adds the group and so do we, or neither
    add(parameters, slots(own), own.learning_rate, own.decay, own.schedule);
    options_.push_back(std::move(own));
  }

 protected:
  explicit OptimizerOf(const Options& defaults) : defaults_(defaults) {}

  /// Throws ValueError for options out of range; the base checks learning rate and decay.
  virtual void check(const Options&) const {}
  /// The same for parameters of a dtype, float32 if any is: also where they are turned into that.
  virtual void check_for(const Options& options, Dtype) const { check(options); }
  /// Throws ShapeError for a parameter that the optimizer has no rule for.
  virtual void check_parameter(const std::string& name, const Tensor& parameter) const {
    static_cast<void>(name), static_cast<void>(parameter);
  }
  /// Names of the state tensors of each parameter, without dots.
  virtual std::vector<std::string> slots(const Options&) const { return {}; }
  /// Whether `update` knows what to do with a sparse gradient, of some rows
  /// (`Tensor::sparse_grad`); others are made dense for it. Throws ValueError for options that are
  /// not defined for one.
  virtual bool takes_rows(const Options&) const { return false; }
  /// Updates a parameter and its state, by `assign`. Nothing is recorded.
  virtual void update(const Options& options, const Update& parameter) const = 0;

 private:
  void check_group(std::size_t group, Dtype dtype) const final {
    check_for(options_[group], dtype);
  }
  void run(std::size_t group, const Update& parameter) const final {
    update(options_[group], parameter);
  }
  bool takes_rows(std::size_t group) const final { return takes_rows(options_[group]); }
  std::vector<std::string> options_of(std::size_t group) const final {
    return xtape::detail::setting_lines(options_[group]);
  }

  Options defaults_;
  std::vector<Options> options_;  // of each group
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
