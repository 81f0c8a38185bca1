#include <xtape/core/create.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/adadelta.hpp>
#include <xtape/optim/adagrad.hpp>
#include <xtape/optim/adam.hpp>
#include <xtape/optim/adamax.hpp>
#include <xtape/optim/adamw.hpp>
#include <xtape/optim/averaging.hpp>
#include <xtape/optim/clip.hpp>
#include <xtape/optim/lamb.hpp>
#include <xtape/optim/lbfgs.hpp>
#include <xtape/optim/lion.hpp>
#include <xtape/optim/muon.hpp>
#include <xtape/optim/nadam.hpp>
#include <xtape/optim/radam.hpp>
#include <xtape/optim/reduce_on_plateau.hpp>
#include <xtape/optim/rmsprop.hpp>
#include <xtape/optim/schedule.hpp>
#include <xtape/optim/sgd.hpp>
#include <xtape/optim/sparse_adam.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

const std::vector<double> bad{-1, not_a_number, inf}, outside{-0.1, 1, not_a_number, inf};
const std::vector<double> unfit{-1, not_a_number, inf, 1e300};  // also beyond float32

Tensor parameter() {
  static const Tensor w = ones({2}).set_requires_grad(true);
  return w;
}

Tensor matrix() {
  static const Tensor w = ones({2, 2}).set_requires_grad(true);
  return w;
}

/// The rows that all optimizers have.
template <class Optimizer, class Options>
Numbers of_rates(const char* rate, const char* decay) {
  return {{rate, Kind::value, bad,
           [](auto v) { return Optimizer({parameter()}, Options{.learning_rate = v}); },
           "optimizer: learning rate must be finite and not negative; got "},
          {decay, Kind::value, bad,
           [](auto v) { return Optimizer({parameter()}, Options{.decay = v}); },
           "optimizer: decay must be finite and not negative; got "}};
}

}  // namespace

TEST_CASE("refusals: options of optimizers") {
  using namespace optim;
  static_cast<void>(matrix());
  static_cast<void>(parameter());  // that is there before and after
  check(of_rates<SGD, SGDOptions>("SGDOptions.learning_rate", "SGDOptions.decay"));
  check(of_rates<Adagrad, AdagradOptions>("AdagradOptions.learning_rate", "AdagradOptions.decay"));
  check(of_rates<RMSprop, RMSpropOptions>("RMSpropOptions.learning_rate", "RMSpropOptions.decay"));
  check(of_rates<Adam, AdamOptions>("AdamOptions.learning_rate", "AdamOptions.decay"));
  check(of_rates<AdamW, AdamWOptions>("AdamWOptions.learning_rate", "AdamWOptions.decay"));
  check(of_rates<Adadelta, AdadeltaOptions>("AdadeltaOptions.learning_rate",
                                            "AdadeltaOptions.decay"));
  check(of_rates<Adamax, AdamaxOptions>("AdamaxOptions.learning_rate", "AdamaxOptions.decay"));
  check(of_rates<NAdam, NAdamOptions>("NAdamOptions.learning_rate", "NAdamOptions.decay"));
  check(of_rates<RAdam, RAdamOptions>("RAdamOptions.learning_rate", "RAdamOptions.decay"));
  check(of_rates<Lion, LionOptions>("LionOptions.learning_rate", "LionOptions.decay"));
  check(of_rates<LAMB, LAMBOptions>("LAMBOptions.learning_rate", "LAMBOptions.decay"));
  check(of_rates<SparseAdam, SparseAdamOptions>("SparseAdamOptions.learning_rate",
                                                "SparseAdamOptions.decay"));
  const std::string fraction = " must lie in [0, 1); got ";
  const std::string fits = " must be at least 0 and fit in float32; got ";
  check(Numbers{
      {"SGDOptions.momentum", Kind::value, outside,
       [](auto v) { return SGD({parameter()}, {.momentum = v}); }, "sgd: momentum" + fraction},
      {"AdagradOptions.epsilon", Kind::value, unfit,
       [](auto v) { return Adagrad({parameter()}, {.epsilon = v}); }, "adagrad: epsilon" + fits},
      {"RMSpropOptions.rho", Kind::value, outside,
       [](auto v) { return RMSprop({parameter()}, {.rho = v}); }, "rmsprop: rho" + fraction},
      {"RMSpropOptions.epsilon", Kind::value, unfit,
       [](auto v) { return RMSprop({parameter()}, {.epsilon = v}); }, "rmsprop: epsilon" + fits},
      {"AdamOptions.beta1", Kind::value, outside,
       [](auto v) { return Adam({parameter()}, {.beta1 = v}); }, "adam: beta1" + fraction},
      {"AdamOptions.beta2", Kind::value, outside,
       [](auto v) { return Adam({parameter()}, {.beta2 = v}); }, "adam: beta2" + fraction},
      {"AdamOptions.epsilon", Kind::value, unfit,
       [](auto v) { return Adam({parameter()}, {.epsilon = v}); }, "adam: epsilon" + fits},
      {"AdamWOptions.beta1", Kind::value, outside,
       [](auto v) { return AdamW({parameter()}, {.beta1 = v}); }, "adamw: beta1" + fraction},
      {"AdamWOptions.beta2", Kind::value, outside,
       [](auto v) { return AdamW({parameter()}, {.beta2 = v}); }, "adamw: beta2" + fraction},
      {"AdamWOptions.epsilon", Kind::value, unfit,
       [](auto v) { return AdamW({parameter()}, {.epsilon = v}); }, "adamw: epsilon" + fits},
      {"SparseAdamOptions.beta1", Kind::value, outside,
       [](auto v) { return SparseAdam({parameter()}, {.beta1 = v}); },
       "sparse_adam: beta1" + fraction},
      {"SparseAdamOptions.beta2", Kind::value, outside,
       [](auto v) { return SparseAdam({parameter()}, {.beta2 = v}); },
       "sparse_adam: beta2" + fraction},
      {"SparseAdamOptions.epsilon", Kind::value, unfit,
       [](auto v) { return SparseAdam({parameter()}, {.epsilon = v}); },
       "sparse_adam: epsilon" + fits},
      {"SGDOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return SGD({parameter()}, {.weight_decay = v}); }, "sgd: weight_decay" + fits},
      {"AdamOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return Adam({parameter()}, {.weight_decay = v}); },
       "adam: weight_decay" + fits},
      {"RMSpropOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return RMSprop({parameter()}, {.weight_decay = v}); },
       "rmsprop: weight_decay" + fits},
      {"AdagradOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return Adagrad({parameter()}, {.weight_decay = v}); },
       "adagrad: weight_decay" + fits},
      {"AdamWOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return AdamW({parameter()}, {.weight_decay = v}); },
       "adamw: weight_decay" + fits},
      {"SGDOptions.dampening", Kind::value, outside,
       [](auto v) { return SGD({parameter()}, {.dampening = v}); }, "sgd: dampening" + fraction},
      {"AdagradOptions.initial_accumulator", Kind::value, unfit,
       [](auto v) { return Adagrad({parameter()}, {.initial_accumulator = v}); },
       "adagrad: initial_accumulator" + fits},
      {"RMSpropOptions.momentum", Kind::value, outside,
       [](auto v) { return RMSprop({parameter()}, {.momentum = v}); },
       "rmsprop: momentum" + fraction},
      {"AdadeltaOptions.rho", Kind::value, outside,
       [](auto v) { return Adadelta({parameter()}, {.rho = v}); }, "adadelta: rho" + fraction},
      {"AdadeltaOptions.epsilon", Kind::value, unfit,
       [](auto v) { return Adadelta({parameter()}, {.epsilon = v}); }, "adadelta: epsilon" + fits},
      {"AdadeltaOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return Adadelta({parameter()}, {.weight_decay = v}); },
       "adadelta: weight_decay" + fits},
      {"AdamaxOptions.beta1", Kind::value, outside,
       [](auto v) { return Adamax({parameter()}, {.beta1 = v}); }, "adamax: beta1" + fraction},
      {"AdamaxOptions.beta2", Kind::value, outside,
       [](auto v) { return Adamax({parameter()}, {.beta2 = v}); }, "adamax: beta2" + fraction},
      {"AdamaxOptions.epsilon", Kind::value, unfit,
       [](auto v) { return Adamax({parameter()}, {.epsilon = v}); }, "adamax: epsilon" + fits},
      {"AdamaxOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return Adamax({parameter()}, {.weight_decay = v}); },
       "adamax: weight_decay" + fits},
      {"NAdamOptions.beta1", Kind::value, outside,
       [](auto v) { return NAdam({parameter()}, {.beta1 = v}); }, "nadam: beta1" + fraction},
      {"NAdamOptions.beta2", Kind::value, outside,
       [](auto v) { return NAdam({parameter()}, {.beta2 = v}); }, "nadam: beta2" + fraction},
      {"NAdamOptions.epsilon", Kind::value, unfit,
       [](auto v) { return NAdam({parameter()}, {.epsilon = v}); }, "nadam: epsilon" + fits},
      {"NAdamOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return NAdam({parameter()}, {.weight_decay = v}); },
       "nadam: weight_decay" + fits},
      {"RAdamOptions.beta1", Kind::value, outside,
       [](auto v) { return RAdam({parameter()}, {.beta1 = v}); }, "radam: beta1" + fraction},
      {"RAdamOptions.beta2", Kind::value, outside,
       [](auto v) { return RAdam({parameter()}, {.beta2 = v}); }, "radam: beta2" + fraction},
      {"RAdamOptions.epsilon", Kind::value, unfit,
       [](auto v) { return RAdam({parameter()}, {.epsilon = v}); }, "radam: epsilon" + fits},
      {"RAdamOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return RAdam({parameter()}, {.weight_decay = v}); },
       "radam: weight_decay" + fits},
      {"LAMBOptions.beta1", Kind::value, outside,
       [](auto v) { return LAMB({parameter()}, {.beta1 = v}); }, "lamb: beta1" + fraction},
      {"LAMBOptions.beta2", Kind::value, outside,
       [](auto v) { return LAMB({parameter()}, {.beta2 = v}); }, "lamb: beta2" + fraction},
      {"LAMBOptions.epsilon", Kind::value, unfit,
       [](auto v) { return LAMB({parameter()}, {.epsilon = v}); }, "lamb: epsilon" + fits},
      {"LAMBOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return LAMB({parameter()}, {.weight_decay = v}); },
       "lamb: weight_decay" + fits},
      {"NAdamOptions.momentum_decay", Kind::value, unfit,
       [](auto v) { return NAdam({parameter()}, {.momentum_decay = v}); },
       "nadam: momentum_decay" + fits},
      {"LionOptions.beta1", Kind::value, outside,
       [](auto v) { return Lion({parameter()}, {.beta1 = v}); }, "lion: beta1" + fraction},
      {"LionOptions.beta2", Kind::value, outside,
       [](auto v) { return Lion({parameter()}, {.beta2 = v}); }, "lion: beta2" + fraction},
      {"LionOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return Lion({parameter()}, {.weight_decay = v}); },
       "lion: weight_decay" + fits},
      {"MuonOptions.momentum", Kind::value, outside,
       [](auto v) { return Muon({matrix()}, {.momentum = v}); }, "muon: momentum" + fraction},
      {"MuonOptions.weight_decay", Kind::value, unfit,
       [](auto v) { return Muon({matrix()}, {.weight_decay = v}); }, "muon: weight_decay" + fits},
      {"MuonOptions.learning_rate", Kind::value, bad,
       [](auto v) { return Muon({matrix()}, {.learning_rate = v}); },
       "optimizer: learning rate must be finite and not negative; got "},
      {"MuonOptions.decay", Kind::value, bad, [](auto v) { return Muon({matrix()}, {.decay = v}); },
       "optimizer: decay must be finite and not negative; got "},
      {"AveragingOptions.decay", Kind::value, outside,
       [](auto v) { return Averaging({parameter()}, {.decay = v}); },
       "averaging: decay" + fraction},
      {"LBFGSOptions.learning_rate",
       Kind::value,
       {-1, 0, not_a_number, inf},
       [](auto v) { return LBFGS({parameter()}, {.learning_rate = v}); },
       "lbfgs: learning_rate must be finite and above 0; got "},
      {"LBFGSOptions.gradient_tolerance", Kind::value, bad,
       [](auto v) { return LBFGS({parameter()}, {.gradient_tolerance = v}); },
       "lbfgs: gradient_tolerance must be finite and not negative; got "},
      {"LBFGSOptions.change_tolerance", Kind::value, bad,
       [](auto v) { return LBFGS({parameter()}, {.change_tolerance = v}); },
       "lbfgs: change_tolerance must be finite and not negative; got "},
  });
  check(Counts{
      {"MuonOptions.iterations",
       Kind::value,
       {0, -1, least},
       [](auto n) { return Muon({matrix()}, {.iterations = n}); },
       "muon: iterations must be at least 1; got "},
      {"LBFGSOptions.iterations",
       Kind::value,
       {0, -1, least},
       [](auto n) { return LBFGS({parameter()}, {.iterations = n}); },
       "lbfgs: iterations must be at least 1; got "},
      {"LBFGSOptions.evaluations",
       Kind::value,
       {0, -1, least},
       [](auto n) { return LBFGS({parameter()}, {.evaluations = n}); },
       "lbfgs: evaluations must be at least 1; got "},
      {"LBFGSOptions.history",
       Kind::value,
       {0, -1, least},
       [](auto n) { return LBFGS({parameter()}, {.history = n}); },
       "lbfgs: history must be at least 1; got "},
  });
}

TEST_CASE("refusals: steps and clips of optimizers") {
  const Tensor w = parameter();
  sum(w * 2).backward();
  const Tensor before = w.detach().clone();
  optim::SGD optimizer({w});
  const auto at_rate = [&](double rate) {
    optimizer.set_learning_rate(rate);
    optimizer.step();
  };
  const auto with_factor = [&](double factor) {
    optimizer.set_learning_rate(1);
    optimizer.set_schedule([factor](std::int64_t) { return factor; });
    optimizer.step();
  };
  check(Numbers{
      {"set_learning_rate: rate", Kind::value, bad, at_rate,
       "optimizer: learning rate must be finite and not negative; got "},
      {"set_learning_rate: rate",
       Kind::value,
       {1e39, 1e300},
       at_rate,
       "optimizer: the scheduled learning rate must fit in the parameters' dtype; got % in step 0"},
      {"SGDOptions.schedule", Kind::value, bad, with_factor,
       "optimizer: a schedule must give finite factors that are not negative; got % in step 0"},
      {"clip_grad_norm: max_norm",
       Kind::value,
       {-1, not_a_number},
       [&](auto v) { return optim::clip_grad_norm({w}, v); },
       "clip_grad_norm: max_norm must not be negative or NaN; got "},
      {"clip_grad_value: limit",
       Kind::value,
       {-1, not_a_number},
       [&](auto v) { optim::clip_grad_value({w}, v); },
       "clip_grad_value: limit must not be negative or NaN; got "},
      {"scale_grad: factor",
       Kind::value,
       {not_a_number, inf, -inf},
       [&](auto v) { optim::scale_grad({w}, v); },
       "scale_grad: factor must be finite; got "},
  });
  const std::string groups = "optimizer: there are 1 groups; got index ";
  check(Counts{
      {"learning_rate: group",
       Kind::index,
       {1, most},
       [&](auto i) { return optimizer.learning_rate(static_cast<std::size_t>(i)); },
       groups},
      {"base_learning_rate: group",
       Kind::index,
       {1, most},
       [&](auto i) { return optimizer.base_learning_rate(static_cast<std::size_t>(i)); },
       groups},
      {"set_learning_rate: group",
       Kind::index,
       {1, most},
       [&](auto i) { optimizer.set_learning_rate(1, static_cast<std::size_t>(i)); },
       groups},
      {"set_schedule: group",
       Kind::index,
       {1, most},
       [&](auto i) { optimizer.set_schedule(optim::Schedule(), static_cast<std::size_t>(i)); },
       groups},
  });
  CHECK(w.to_vector<double>() == before.to_vector<double>());
  w.zero_grad();
}

TEST_CASE("refusals: schedules") {
  using namespace optim;
  using namespace optim::schedule;
  const std::string not_negative = " must be finite and not negative; got ";
  const std::string positive = " must be finite and above 0; got ";
  check(Counts{
      {"lasting: steps",
       Kind::value,
       {-1, least},
       [](auto n) { return Schedule().lasting(n); },
       "schedule: the length must be at least 0; got "},
      {"step: every",
       Kind::value,
       {0, -1, least},
       [](auto n) { return step(n); },
       "schedule: `every` must be at least 1; got "},
      {"cosine: steps",
       Kind::value,
       {-1, least},
       [](auto n) { return cosine(n); },
       "schedule: the number of steps must be at least 0; got "},
      {"linear_warmup: steps",
       Kind::value,
       {-1, least},
       [](auto n) { return linear_warmup(n); },
       "schedule: the number of steps must be at least 0; got "},
      {"one_cycle: steps",
       Kind::value,
       {-1, least},
       [](auto n) { return one_cycle(n); },
       "schedule: the number of steps must be at least 0; got "},
      {"ReduceOnPlateauOptions.patience",
       Kind::value,
       {-1, least},
       [](auto n) { return ReduceOnPlateau({.patience = n}); },
       "reduce on plateau: patience must not be negative; got "},
      {"ReduceOnPlateauOptions.cooldown",
       Kind::value,
       {-1, least},
       [](auto n) { return ReduceOnPlateau({.cooldown = n}); },
       "reduce on plateau: cooldown must not be negative; got "},
  });
  check(Numbers{
      {"constant: factor", Kind::value, bad, [](auto v) { return constant(v); },
       "schedule: the factor" + not_negative},
      {"inverse_time: decay", Kind::value, bad, [](auto v) { return inverse_time(v); },
       "schedule: decay" + not_negative},
      {"step: gamma", Kind::value, bad, [](auto v) { return step(1, v); },
       "schedule: gamma" + not_negative},
      {"exponential: gamma", Kind::value, bad, [](auto v) { return exponential(v); },
       "schedule: gamma" + not_negative},
      {"CosineOptions.last", Kind::value, bad, [](auto v) { return cosine(3, {.last = v}); },
       "schedule: the last factor" + not_negative},
      {"LinearWarmupOptions.first", Kind::value, bad,
       [](auto v) { return linear_warmup(3, {.first = v}); },
       "schedule: the first factor" + not_negative},
      {"OneCycleOptions.pct_start",
       Kind::value,
       {-0.1, 1.1, not_a_number, inf},
       [](auto v) { return one_cycle(3, {.pct_start = v}); },
       "schedule: pct_start must lie in [0, 1]; got "},
      {"OneCycleOptions.div_factor",
       Kind::value,
       {0, -1, not_a_number, inf},
       [](auto v) { return one_cycle(3, {.div_factor = v}); },
       "schedule: div_factor" + positive},
      {"OneCycleOptions.final_div_factor",
       Kind::value,
       {0, -1, not_a_number, inf},
       [](auto v) { return one_cycle(3, {.final_div_factor = v}); },
       "schedule: final_div_factor" + positive},
      {"ReduceOnPlateauOptions.factor", Kind::value, outside,
       [](auto v) { return ReduceOnPlateau({.factor = v}); },
       "reduce on plateau: factor must lie in [0, 1); got "},
      {"ReduceOnPlateauOptions.threshold", Kind::value, bad,
       [](auto v) { return ReduceOnPlateau({.threshold = v}); },
       "reduce on plateau: threshold must lie in [0, inf); got "},
      {"ReduceOnPlateauOptions.min_factor",
       Kind::value,
       {-0.1, 1.1, not_a_number, inf},
       [](auto v) { return ReduceOnPlateau({.min_factor = v}); },
       "reduce on plateau: min_factor must lie in [0, 1]; got "},
  });
}

TEST_CASE("schedules that are as long as can be give factors to the end") {
  using namespace optim::schedule;
  for (const optim::Schedule& schedule :
       {cosine(most), linear_warmup(most), one_cycle(most), step(most), step(1), exponential(0.9),
        inverse_time(0.1), cosine(most - 1).then(constant())}) {
    for (const std::int64_t t : {std::int64_t{0}, most - 1, most}) {
      CHECK(schedule(t) >= 0);
      CHECK(schedule(t) <= 1);
    }
  }
}
