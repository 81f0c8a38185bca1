#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/core/together.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/kernels/normalize.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/normalization.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape {
namespace {

void check(const char* op, const Tensor& x, const NormalizationOptions& options) {
  detail::require_defined(op, "x", x);
  if (!is_floating(x.dtype()))
    throw DtypeError(std::string(op) + ": floating numbers are needed; got " + x.describe());
  detail::require_eps(op, options.eps, x.dtype());
}

/// The last axes of x, as many as `shape` has, which must be these.
Axes last_axes(const char* op, const Tensor& x, const Shape& shape) {
  std::vector<std::int64_t> axes;
  bool fits = shape.rank() > 0 && shape.rank() <= x.rank();
  for (int axis = -shape.rank(); fits && axis < 0; ++axis) {
    fits = x.extent(axis) == shape[axis];
    axes.push_back(axis);
  }
  if (fits) return axes;
  throw ShapeError(std::string(op) + ": the last axes must be " + to_string(shape) + "; got " +
                   x.describe());
}

/// Dense x as [outer, groups, channels of a group, inner]; of what is normalized by channel, in one
/// group.
struct Layout {
  explicit Layout(const kernels::Normalization& of)
      : shape{of.outer, of.by_channel ? 1 : of.groups,
              of.by_channel ? of.channels : of.channels / of.groups, of.inner},
        weights{1, shape[1], shape[2], 1},
        together(of.by_channel ? Axes{0, 3} : Axes{2, 3}) {}
  Shape shape, weights;
  Axes together;
};

/// x with mean 0, unless it is left as it is, and mean square 1.
struct Standardized {
  Standardized(const Tensor& x, const Axes& axes, double eps, bool centre)
      : together(axes), centred(centre) {
    const Tensor apart = centred ? x - mean_of(x) : x;
    scale = rsqrt(mean_of(square(apart)) + eps);
    value = apart * scale;
  }
  Tensor mean_of(const Tensor& x) const { return mean(x, together, {.keep_dims = true}); }
  /// The derivative along d, and as well its transpose.
  Tensor derivative(const Tensor& d) const {
    const Tensor along = d - value * mean_of(d * value);
    return scale * (centred ? along - mean_of(d) : along);
  }
  Axes together;
  bool centred;
  Tensor value, scale;
};

/// The derivatives of Normalize, fused: for backward passes that are not recorded. Of g and x;
/// those by weight and bias are undefined unless wanted.
struct NormalizeGradient {
  OpInfo info;
  kernels::Normalization of;
  bool by_weight, by_bias;
  SavedConstant moments, weight;

  detail::Results run(std::span<const Tensor* const> given) const {
    const NoGradGuard off;
    const Tensor g = given[0]->contiguous(), x = given[1]->contiguous();
    const auto like = [&](const Tensor& other, bool wanted) {
      return wanted ? detail::make_tensor(other.shape(), other.dtype(), info.name) : Tensor();
    };
    const Tensor& w = weight.get();
    detail::Results all{like(g, true), like(w, by_weight), like(w, by_bias)};
    kernels::normalize_kernels().normalize_gradient(
        g.dtype(), of, g.body().data, x.body().data, data_of(w), moments.get().body().data,
        data_of(all[0]), data_of(all[1]), data_of(all[2]));
    return all;
  }
  static std::byte* data_of(const Tensor& tensor) {
    return tensor.defined() ? tensor.body().data : nullptr;
  }
};

/// x normalized, times a weight, plus a bias for each channel, if they are given.
struct Normalize {
  OpInfo info;
  kernels::Normalization of;
  std::shared_ptr<Tensor> first{};  // if given, gets the moments of the first run
  mutable SavedConstant moments{};  // the rule's, made by run
  SavedInput x{}, weight{};
  bool biased = false;
  void attributes(auto& visit) const {
    visit("eps", of.eps);
    if (!of.by_channel) visit("channels", of.channels);
    if (!of.by_channel && of.groups > 1) visit("groups", of.groups);
  }

  template <class... Affine>
  OpResult infer(const Tensor& input, const Affine&...) const {
    return {input.shape(), input.dtype()};
  }
  template <class... Affine>
  void run(const Tensor& y, const Tensor& input, const Affine&... affine) const {
    const NoGradGuard off;
    moments = SavedConstant(detail::make_tensor({3, of.parts()}, y.dtype(), info.name));
    const Tensor dense = input.contiguous();
    const std::array<Tensor, 2> own{affine.contiguous()...};
    kernels::normalize_kernels().normalize(
        y.dtype(), of, dense.body().data, NormalizeGradient::data_of(own[0]),
        NormalizeGradient::data_of(own[1]), y.body().data, moments.get().body().data);
    if (first != nullptr && !first->defined()) *first = moments.get();
  }
  template <class... Affine>
  void keep(const Tensor&, const Tensor& input, const Affine&... affine) {
    x = SavedInput(input);
    const std::array<const Tensor*, sizeof...(Affine)> own{&affine...};
    if constexpr (sizeof...(Affine) > 0) weight = SavedInput(*own[0]);
    biased = sizeof...(Affine) > 1;
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor input = x.get(), w = weight.get();
    if (detail::plain(g) && detail::level_of(input) == 0 &&
        !(w.defined() && detail::level_of(w) != 0))
      return fused(g, input, w, send);
    const Layout layout(of);
    const Standardized standardized(reshape(input, layout.shape), layout.together, of.eps,
                                    of.centred);
    const Tensor slope = reshape(g, layout.shape);
    const auto shaped = [&](const Tensor& y, const Shape& shape) { return reshape(y, shape); };
    send(0, [&] {
      const Tensor d = w.defined() ? slope * reshape(w, layout.weights) : slope;
      return shaped(standardized.derivative(d), input.shape());
    });
    if (!w.defined()) return;
    send(1, [&] { return shaped(sum_to(slope * standardized.value, layout.weights), w.shape()); });
    if (biased) send(2, [&] { return shaped(sum_to(slope, layout.weights), w.shape()); });
  }
  Tensor jvp(const Tangents& t) const {
    const Layout layout(of);
    const Tensor input = x.get(), w = weight.get();
    const Standardized standardized(reshape(input, layout.shape), layout.together, of.eps,
                                    of.centred);
    Tensor change;
    const auto add = [&](const Tensor& part) { change = change.defined() ? change + part : part; };
    if (t[0].defined()) {
      const Tensor d = standardized.derivative(reshape(t[0], layout.shape));
      add(w.defined() ? d * reshape(w, layout.weights) : d);
    }
    if (t.size() > 1 && t[1].defined()) add(standardized.value * reshape(t[1], layout.weights));
    if (t.size() > 2 && t[2].defined())
      add(broadcast_to(reshape(t[2], layout.weights), layout.shape));
    return reshape(change, input.shape());
  }

 private:
  void fused(const Tensor& g, const Tensor& input, const Tensor& w, const Send& send) const {
    const bool by_weight = w.defined() && send.wanted(1),
               by_bias = w.defined() && biased && send.wanted(2);
    const std::array<const Tensor*, 2> given{&g, &input};
    detail::Results dx =
        apply_together(NormalizeGradient{info, of, by_weight, by_bias, moments,
                                         SavedConstant(w.defined() ? w.contiguous() : Tensor())},
                       given);
    if (send.wanted(0)) send(0, std::move(dx[0]));
    if (by_weight) send(1, std::move(dx[1]));
    if (by_bias) send(2, std::move(dx[2]));
  }
};
/// Whether the kernels take these: of one floating dtype, and of no example within vmap.
bool fusible(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto fits = [&](const Tensor& other) {
    return !other.defined() || (other.dtype() == x.dtype() && !other.body().mapped);
  };
  return !x.body().mapped && fits(weight) && fits(bias);
}

/// The same in operations.
Tensor composed(const kernels::Normalization& of, const Tensor& x, const Tensor& weight,
                const Tensor& bias) {
  const Layout layout(of);
  const Standardized standardized(reshape(x, layout.shape), layout.together, of.eps, of.centred);
  Tensor y = standardized.value;
  if (weight.defined()) y = y * reshape(weight, layout.weights);
  if (bias.defined()) y = y + reshape(bias, layout.weights);
  return reshape(y, x.shape());
}

Tensor normalized(const OpInfo& info, const kernels::Normalization& of, const Tensor& x,
                  const Tensor& weight = {}, const Tensor& bias = {},
                  const std::shared_ptr<Tensor>& first = nullptr) {
  if (!fusible(x, weight, bias)) return composed(of, x, weight, bias);
  Normalize op{info, of, first};
  if (!weight.defined()) return apply(std::move(op), x);
  return bias.defined() ? apply(std::move(op), x, weight, bias) : apply(std::move(op), x, weight);
}

/// The last axes of x as channels of examples.
kernels::Normalization of_last_axes(const Tensor& x, const Shape& shape, bool centred, double eps) {
  const std::int64_t columns = shape.size();
  return {columns == 0 ? 0 : x.size() / columns, columns, 1, false, 1, centred, eps};
}

constexpr OpInfo layer_norm_info{"layer_norm"}, rms_norm_info{"rms_norm"};
constexpr OpInfo group_norm_info{"group_norm"}, batch_norm_info{"batch_norm"};

void check_affine(const char* op, const Tensor& weight, const Tensor& bias) {
  detail::require_defined(op, "weight", weight);
  detail::require_defined(op, "bias", bias);
  if (weight.shape() == bias.shape()) return;
  throw ShapeError(std::string(op) + ": weight and bias must have one shape; got " +
                   weight.describe() + " and " + bias.describe());
}

/// Throws ShapeError unless there is a weight for each channel.
void check_channels(const char* op, const Tensor& x, const Tensor& weight) {
  if (x.rank() >= 2 && weight.shape() == Shape{x.extent(1)}) return;
  throw ShapeError(std::string(op) + ": the weight must have one entry a channel; got " +
                   weight.describe() + " for " + x.describe());
}

/// [examples, channels, ...]. Throws ShapeError for fewer axes.
kernels::Normalization of_images(const char* op, const Tensor& x) {
  if (x.rank() < 2)
    throw ShapeError(std::string(op) + ": [examples, channels, ...] is needed; got " +
                     x.describe());
  std::int64_t inner = 1;
  for (int axis = 2; axis < x.rank(); ++axis) inner *= x.extent(axis);
  return {x.extent(0), x.extent(1), inner, true, 1, true, 0};
}

kernels::Normalization of_groups(const Tensor& x, std::int64_t groups,
                                 const NormalizationOptions& options) {
  check("group_norm", x, options);
  kernels::Normalization of = of_images("group_norm", x);
  detail::require_at_least<std::int64_t>("group_norm", "groups", groups, 1);
  detail::require(x.extent(1) % groups == 0, "group_norm", "groups", "divide the channels", groups);
  of.by_channel = false;
  of.groups = groups;
  of.eps = options.eps;
  return of;
}

BatchNormResult by_batch(const Tensor& x, const Tensor& weight, const Tensor& bias,
                         const NormalizationOptions& options) {
  check("batch_norm", x, options);
  kernels::Normalization of = of_images("batch_norm", x);
  of.eps = options.eps;
  const auto moments = std::allocate_shared<Tensor>(memory::Allocator<Tensor>());
  Tensor y = normalized(batch_norm_info, of, x, weight, bias, moments);
  if (moments->defined()) return {y, (*moments)[0], (*moments)[2]};
  const Tensor shaped = reshape(x.detach(), {of.outer, of.channels, of.inner});
  const Tensor means = mean(shaped, {0, 2});
  const bool of_nothing = of.outer * of.inner == 0;  // NaN, as the kernel gives
  return {y, means, of_nothing ? means : var(shaped, {0, 2})};
}

}  // namespace

Tensor standardize(const Tensor& x, const Axes& axes, const NormalizationOptions& options) {
  check("standardize", x, options);
  static_cast<void>(axes.flags("standardize", x.rank()));
  return Standardized(x, axes, options.eps, true).value;
}

Tensor layer_norm(const Tensor& x, const Shape& shape, const NormalizationOptions& options) {
  check("layer_norm", x, options);
  static_cast<void>(last_axes("layer_norm", x, shape));
  return normalized(layer_norm_info, of_last_axes(x, shape, true, options.eps), x);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const NormalizationOptions& options) {
  check_affine("layer_norm", weight, bias);
  check("layer_norm", x, options);
  static_cast<void>(last_axes("layer_norm", x, weight.shape()));
  return normalized(layer_norm_info, of_last_axes(x, weight.shape(), true, options.eps), x, weight,
                    bias);
}

Tensor rms_norm(const Tensor& x, const Shape& shape, const NormalizationOptions& options) {
  check("rms_norm", x, options);
  static_cast<void>(last_axes("rms_norm", x, shape));
  return normalized(rms_norm_info, of_last_axes(x, shape, false, options.eps), x);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, const NormalizationOptions& options) {
  detail::require_defined("rms_norm", "weight", weight);
  check("rms_norm", x, options);
  static_cast<void>(last_axes("rms_norm", x, weight.shape()));
  return normalized(rms_norm_info, of_last_axes(x, weight.shape(), false, options.eps), x, weight);
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const NormalizationOptions& options) {
  return normalized(group_norm_info, of_groups(x, groups, options), x);
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias,
                  const NormalizationOptions& options) {
  check_affine("group_norm", weight, bias);
  const kernels::Normalization of = of_groups(x, groups, options);
  check_channels("group_norm", x, weight);
  return normalized(group_norm_info, of, x, weight, bias);
}

BatchNormResult batch_norm(const Tensor& x, const NormalizationOptions& options) {
  return by_batch(x, {}, {}, options);
}

BatchNormResult batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const NormalizationOptions& options) {
  check_affine("batch_norm", weight, bias);
  check("batch_norm", x, options);
  check_channels("batch_norm", x, weight);
  return by_batch(x, weight, bias, options);
}

}  // namespace xtape
