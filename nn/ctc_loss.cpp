#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/nn/ctc_loss.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/kernels/ctc.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {
namespace {

constexpr double nothing = -HUGE_VAL;

/// How probable each class is at each step, given the labels, in operations: differentiable to any
/// order. All as the kernel has it, for all samples at once.
class Posterior {
 public:
  Posterior(const Tensor& log_p, const Tensor& targets, const Tensor& steps, const Tensor& counts,
            std::int64_t blank)
      : steps_(expand_dims(steps, 1)), length_(log_p.extent(1)), shape_(log_p.shape()) {
    const std::int64_t n = log_p.extent(0), labels = targets.extent(1);
    const Tensor known =
        where(arange(labels) < expand_dims(counts, 1), targets, blank);  // [n, labels]
    const Tensor blanks = full({n, labels}, blank, Dtype::int64);
    const Tensor pairs = reshape(stack({blanks, known}, 2), {n, 2 * labels});
    states_ = concatenate({pairs, full({n, 1}, blank, Dtype::int64)}, 1);
    const std::int64_t states = 2 * labels + 1;
    const Tensor place = arange(states), last = expand_dims(2 * counts, 1);
    const Tensor repeated = concatenate({full({n, 2}, blank, Dtype::int64), states_}, 1);
    skips_ = (states_ != blank) & (states_ != slice(repeated, {Slice::all, range(0, states)})) &
             (place > 2);
    begins_ = place < 2;
    ends_ = (place == last) | (place == last - 1);
    emitted_ = take_along_axis(log_p, expand_dims(states_, 1), 2);
  }

  Tensor operator()() const {
    std::vector<Tensor> forward, rest;
    for (std::int64_t t = 0; t < length_; ++t) forward.push_back(forward_at(t, forward));
    for (std::int64_t t = length_ - 1; t >= 0; --t) rest.push_back(rest_at(t, rest));
    const Tensor end = where(ends_, forward.back(), nothing);
    const Tensor all = logsumexp(end, 1, {.keep_dims = true});
    std::vector<Tensor> through;
    for (std::size_t t = 0; t < forward.size(); ++t) {
      const Tensor path = forward[t] + rest[forward.size() - 1 - t] - where(all > nothing, all, 0);
      const Tensor read = (steps_ > static_cast<std::int64_t>(t)) & (all > nothing);
      through.push_back(where(read, exp(path), 0));
    }
    const Tensor places =
        broadcast_to(expand_dims(states_, 1), {shape_[0], shape_[1], states_.extent(1)});
    return scatter_add_along_axis(stack(through, 1), places, shape_, 2);
  }

 private:
  Tensor emitted(std::int64_t t) const { return slice(emitted_, {Slice::all, t}); }
  /// States moved by so many places, nothing where none comes from.
  static Tensor moved(const Tensor& x, std::int64_t by) {
    const std::int64_t states = x.extent(1), size = std::min(std::abs(by), states);
    const Tensor none = full({x.extent(0), size}, nothing, x.dtype());
    return by > 0 ? concatenate({none, slice(x, {Slice::all, range(0, states - size)})}, 1)
                  : concatenate({slice(x, {Slice::all, range(size, states)}), none}, 1);
  }
  Tensor forward_at(std::int64_t t, const std::vector<Tensor>& before) const {
    if (t == 0) return where(begins_, emitted(0), nothing);
    const Tensor& last = before.back();
    const Tensor skipped = where(skips_, moved(last, 2), nothing);
    const Tensor reached = logaddexp(logaddexp(last, moved(last, 1)), skipped) + emitted(t);
    return where(steps_ > t, reached, last);
  }
  Tensor rest_at(std::int64_t t, const std::vector<Tensor>& behind) const {
    Tensor end = where(ends_, zeros({}, emitted_.dtype()), nothing);
    if (t == length_ - 1) return end;
    const Tensor next = behind.back() + emitted(t + 1);
    const Tensor skipped = moved(where(skips_, next, nothing), -2);
    return where(steps_ > t + 1, logaddexp(logaddexp(next, moved(next, -1)), skipped), end);
  }

  Tensor steps_;
  std::int64_t length_;
  Shape shape_;
  Tensor states_, skips_, begins_, ends_, emitted_;
};

template <class F>
void visit_floating(Dtype dtype, F call) {
  dtype == Dtype::float32 ? call(TypeTag<float>{}) : call(TypeTag<double>{});
}

/// What the kernels are given of each sample: `call(sample, alignment)`.
template <class F>
void each_alignment(const Tensor& log_p, const Tensor& targets, const Tensor& steps,
                    const Tensor& counts, std::int64_t blank, F call) {
  const Tensor labels = targets.contiguous(), step = steps.contiguous(),
               count = counts.contiguous();
  for (std::int64_t i = 0; i < log_p.extent(0); ++i) {
    call(i, kernels::Alignment{labels.body().elements<const std::int64_t>() + i * targets.extent(1),
                               count.body().elements<const std::int64_t>()[i], blank,
                               step.body().elements<const std::int64_t>()[i], log_p.extent(2)});
  }
}

std::size_t room(const Tensor& log_p, const Tensor& targets) {
  return static_cast<std::size_t>(log_p.extent(1) * (2 * targets.extent(1) + 1));
}

/// The derivative by log p, fused: for backward passes that are not recorded.
struct CtcGradient {
  static constexpr OpInfo info{"ctc_loss"};
  std::int64_t blank;

  OpResult infer(const Tensor&, const Tensor& log_p, const Tensor&, const Tensor&,
                 const Tensor&) const {
    return {log_p.shape(), log_p.dtype()};
  }
  void run(const Tensor& dx, const Tensor& g, const Tensor& log_p, const Tensor& targets,
           const Tensor& steps, const Tensor& counts) const {
    const NoGradGuard off;
    const Tensor dense = log_p.contiguous(), given = g.contiguous();
    std::vector<double> forward(room(log_p, targets)),
        backward(static_cast<std::size_t>(4 * targets.extent(1) + 2));
    const std::int64_t size = log_p.extent(1) * log_p.extent(2);
    visit_floating(dense.dtype(), [&]<class T>(TypeTag<T>) {
      T* to = dx.body().elements<T>();
      std::fill_n(to, dx.size(), T{0});
      each_alignment(log_p, targets, steps, counts, blank, [&](std::int64_t i, const auto& of) {
        const auto factor = -static_cast<double>(given.body().elements<const T>()[i]);
        kernels::align_gradient(of, dense.body().elements<const T>() + i * size, factor,
                                forward.data(), backward.data(), to + i * size);
      });
    });
  }
};

Tensor ctc_losses(const Tensor& log_p, const Tensor& targets, const Tensor& steps,
                  const Tensor& counts, std::int64_t blank);

/// The loss of each sample.
struct CtcLosses {
  static constexpr OpInfo info{"ctc_loss"};
  std::int64_t blank;
  SavedInput x{}, labels{}, lengths{}, counts{};

  void attributes(auto& visit) const { visit("blank", blank); }
  OpResult infer(const Tensor& log_p, const Tensor&, const Tensor&, const Tensor&) const {
    return {Shape{log_p.extent(0)}, log_p.dtype()};
  }
  void run(const Tensor& losses, const Tensor& log_p, const Tensor& targets, const Tensor& steps,
           const Tensor& of_targets) const {
    const NoGradGuard off;
    const Tensor dense = log_p.contiguous();
    check_values(dense, targets, steps, of_targets);
    std::vector<double> forward(room(log_p, targets));
    const std::int64_t size = log_p.extent(1) * log_p.extent(2);
    visit_floating(dense.dtype(), [&]<class T>(TypeTag<T>) {
      each_alignment(log_p, targets, steps, of_targets, blank, [&](std::int64_t i, const auto& of) {
        losses.body().elements<T>()[i] = static_cast<T>(
            -kernels::align(of, dense.body().elements<const T>() + i * size, forward.data()));
      });
    });
  }
  void keep(const Tensor&, const Tensor& log_p, const Tensor& targets, const Tensor& steps,
            const Tensor& of_targets) {
    x = SavedInput(log_p);
    labels = SavedInput(targets);
    lengths = SavedInput(steps);
    counts = SavedInput(of_targets);
  }
  void vjp(const Tensor& g, const Send& send) const {
    if (xtape::detail::plain(g) && xtape::detail::level_of(x.get()) == 0) {
      return send(0,
                  apply(CtcGradient{blank}, g, x.get(), labels.get(), lengths.get(), counts.get()));
    }
    send(0, -reshape(g, {g.extent(0), 1, 1}) * posterior());
  }
  Tensor jvp(const Tangents& t) const { return -sum(posterior() * t[0], {1, 2}); }
  /// Samples of one batch, whatever example they are from.
  Tensor batch(const Examples& all) const {
    const auto flat = [&](std::size_t i) {
      const Tensor of_each = all.each(i);
      std::vector<std::int64_t> shape{all.count() * of_each.extent(1)};
      for (int axis = 2; axis < of_each.rank(); ++axis) shape.push_back(of_each.extent(axis));
      return reshape(of_each, shape);
    };
    const Tensor losses = ctc_losses(flat(0), flat(1), flat(2), flat(3), blank);
    return reshape(losses, {all.count(), all.each(0).extent(1)});
  }

 private:
  Tensor posterior() const {
    return Posterior(x.get(), labels.get(), lengths.get(), counts.get(), blank)();
  }
  static void check_length(const char* what, std::int64_t length, std::int64_t least,
                           std::int64_t most, std::int64_t sample) {
    if (length >= least && length <= most) return;
    throw ValueError("ctc_loss: " + std::string(what) + " must lie in [" + std::to_string(least) +
                     ", " + std::to_string(most) + "]; got " + std::to_string(length) +
                     " in sample " + std::to_string(sample));
  }
  void check_values(const Tensor& log_p, const Tensor& targets, const Tensor& steps,
                    const Tensor& of_targets) const {
    each_alignment(log_p, targets, steps, of_targets, blank, [&](std::int64_t i, const auto& of) {
      check_length("input_lengths", of.steps, 1, log_p.extent(1), i);
      check_length("target_lengths", of.count, 0, targets.extent(1), i);
      for (std::int64_t k = 0; k < of.count; ++k) {
        if (of.labels[k] >= 0 && of.labels[k] < of.classes && of.labels[k] != blank) continue;
        throw IndexError("ctc_loss: labels must lie in [0, " + std::to_string(of.classes) +
                         ") and not be the blank, " + std::to_string(blank) + "; got " +
                         std::to_string(of.labels[k]) + " in sample " + std::to_string(i));
      }
    });
  }
};

Tensor ctc_losses(const Tensor& log_p, const Tensor& targets, const Tensor& steps,
                  const Tensor& counts, std::int64_t blank) {
  return apply(CtcLosses{blank}, log_p, targets, steps, counts);
}

/// The lengths that are given, or all that there is.
Tensor lengths(const char* what, const Tensor& given, std::int64_t n, std::int64_t most) {
  if (!given.defined()) return full({n}, most, Dtype::int64);
  if (given.shape() == Shape{n} && given.dtype() == Dtype::int64) return given;
  throw ShapeError("ctc_loss: " + std::string(what) + " must be int64" + to_string(Shape{n}) +
                   "; got " + given.describe());
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probabilities, const Tensor& targets, const CTCOptions& options) {
  const char* const op = "ctc_loss";
  xtape::detail::require_defined(op, "log_probabilities", log_probabilities);
  xtape::detail::require_defined(op, "targets", targets);
  if (log_probabilities.rank() != 3 || log_probabilities.extent(1) == 0 || targets.rank() != 2 ||
      targets.extent(0) != log_probabilities.extent(0)) {
    throw ShapeError(
        "ctc_loss: log_probabilities [n, steps, classes] need targets [n, labels]; got " +
        log_probabilities.describe() + " and " + targets.describe());
  }
  detail::check_floating(op, "log_probabilities", log_probabilities);
  if (targets.dtype() != Dtype::int64)
    throw DtypeError("ctc_loss: targets must be int64; got " + targets.describe());
  const std::int64_t n = targets.extent(0), classes = log_probabilities.extent(2);
  if (options.blank < 0 || options.blank >= classes) {
    throw IndexError("ctc_loss: blank must lie in [0, " + std::to_string(classes) + "); got " +
                     std::to_string(options.blank));
  }
  const Tensor steps =
      lengths("input_lengths", options.input_lengths, n, log_probabilities.extent(1));
  const Tensor counts = lengths("target_lengths", options.target_lengths, n, targets.extent(1));
  Tensor losses = ctc_losses(log_probabilities, targets, steps, counts, options.blank);
  if (options.zero_infinity) losses = where(isinf(losses), 0, losses);
  if (options.reduction == Reduction::mean) losses = losses / maximum(counts, 1).to(losses.dtype());
  return detail::reduced(losses, options.reduction);
}

}  // namespace xtape::nn
