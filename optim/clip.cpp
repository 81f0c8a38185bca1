#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/table_gradient.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/optim/clip.hpp>

namespace xtape::optim {
namespace {

void check_arguments(const std::string& op, const std::vector<Tensor>& parameters,
                     const char* limit_name, double limit) {
  if (!(limit >= 0)) {
    throw ValueError(op + ": " + limit_name + " must not be negative or NaN; got " +
                     detail::text(limit));
  }
  using Body = const detail::Body;
  std::vector<Body*, memory::Allocator<Body*>> bodies;
  bodies.reserve(parameters.size());
  for (const Tensor& parameter : parameters) {
    if (!parameter.is_leaf()) {
      throw GradError(op + ": parameters must be leaves; got " + parameter.describe() +
                      ", the result of " + parameter.node()->name());
    }
    bodies.push_back(&parameter.body());
  }
  std::sort(bodies.begin(), bodies.end(), std::less<>());
  if (std::adjacent_find(bodies.begin(), bodies.end()) != bodies.end())
    throw ValueError(op + ": a parameter may be given once; got one twice");
}

/// The gradient as its leaf has it: dense, or of rows.
Tensor held_gradient(const Tensor& parameter) {
  return parameter.node() == nullptr ? Tensor() : detail::Leaf::grad(*parameter.node());
}

/// The elements of a gradient that may be other than 0.
const Tensor& elements_of(const Tensor& gradient) {
  return detail::of_rows(gradient) ? detail::rows_of(gradient).values : gradient;
}

/// sum (scale g)², in several sums for the registers.
template <class T>
double sum_of_squares(const Tensor& gradient, double scale) {
  const auto g = gradient.data<T>();
  std::array<double, 8> sums{};
  std::size_t i = 0;
  const auto add = [&](double& sum, T element) {
    const double x = scale * static_cast<double>(element);
    sum += x * x;
  };
  for (; i + sums.size() <= g.size(); i += sums.size())
    for (std::size_t k = 0; k < sums.size(); ++k) add(sums[k], g[i + k]);
  for (; i < g.size(); ++i) add(sums[0], g[i]);
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

/// sqrt(sum (scale g)²) / scale
double scaled_norm(const std::vector<Tensor>& parameters, double scale) {
  double total = 0;
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = held_gradient(parameter);
    if (!gradient.defined()) continue;
    const Tensor& g = elements_of(gradient);
    total += g.dtype() == Dtype::float32 ? sum_of_squares<float>(g, scale)
                                         : sum_of_squares<double>(g, scale);
  }
  return std::sqrt(total) / scale;
}

double norm_of_gradients(const std::vector<Tensor>& parameters) {
  const double norm = scaled_norm(parameters, 1);
  if (std::isinf(norm)) return scaled_norm(parameters, 0x1p-600);  // the squares were too large
  if (norm < 0x1p-400) return scaled_norm(parameters, 0x1p600);    // or too small
  return norm;
}

/// The gradients of parameters, taken out for a while: whoever else holds one is then told by its
/// references.
class Gradients {
 public:
  explicit Gradients(const std::vector<Tensor>& parameters) : parameters_(parameters) {
    list_.reserve(parameters.size());
    for (const Tensor& parameter : parameters) list_.push_back(held_gradient(parameter));
    for (const Tensor& parameter : parameters) parameter.zero_grad();  // all are held now
  }
  ~Gradients() {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (list_[i].defined()) detail::Leaf::set_grad(*parameters_[i].node(), std::move(list_[i]));
    }
  }
  Gradients(const Gradients&) = delete;
  Gradients& operator=(const Gradients&) = delete;

  /// Gives each element g the value f(g), where f(0) = 0: in place, or in a copy if others hold the
  /// tensor.
  template <class F>
  void change(F&& f) {
    List targets;  // all of them before anything is written
    targets.reserve(list_.size());
    for (const Tensor& own : list_) targets.push_back(own.defined() ? for_writing(own) : own);
    for (const Tensor& target : targets) {
      if (!target.defined()) continue;
      const Tensor& own = elements_of(target);
      own.dtype() == Dtype::float32 ? apply<float>(own, f) : apply<double>(own, f);
    }
    list_.swap(targets);
  }

 private:
  using List = std::vector<Tensor, memory::Allocator<Tensor>>;  // the pool's: steps follow steps

  static Tensor for_writing(const Tensor& own) {
    if (detail::exclusive(elements_of(own))) return own;
    if (!detail::of_rows(own)) return own.clone();
    const auto& [rows, values] = detail::rows_of(own);
    return detail::table_gradient(own.shape(), own.dtype(), {rows, values.clone()});
  }

  template <class T, class F>
  static void apply(const Tensor& gradient, F&& f) {
    for (T& g : std::span(gradient.body().elements<T>(), static_cast<std::size_t>(gradient.size())))
      g = f(g);
  }

  const std::vector<Tensor>& parameters_;
  List list_;
};

}  // namespace

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm) {
  check_arguments("clip_grad_norm", parameters, "max_norm", max_norm);
  const detail::Act act("clip_grad_norm", [&] {
    return [=] { static_cast<void>(clip_grad_norm(parameters, max_norm)); };
  });
  const double norm = norm_of_gradients(parameters);
  if (!std::isfinite(norm)) {
    throw ValueError("clip_grad_norm: the norm of the gradients must be finite; got " +
                     detail::text(norm));
  }
  if (norm > max_norm) {
    Gradients(parameters).change([scale = max_norm / norm]<class T>(T g) {
      return static_cast<T>(scale * static_cast<double>(g));
    });
  }
  return norm;
}

void clip_grad_value(const std::vector<Tensor>& parameters, double limit) {
  check_arguments("clip_grad_value", parameters, "limit", limit);
  const detail::Act act("clip_grad_value",
                        [&] { return [=] { clip_grad_value(parameters, limit); }; });
  Gradients(parameters).change([limit]<class T>(T g) {
    const T bound = static_cast<T>(limit);
    return g > bound ? bound : g < -bound ? -bound : g;
  });
}

void scale_grad(const std::vector<Tensor>& parameters, double factor) {
  detail::require_finite("scale_grad", "factor", factor);
  check_arguments("scale_grad", parameters, "factor", std::abs(factor));
  const detail::Act act("scale_grad", [&] { return [=] { scale_grad(parameters, factor); }; });
  Gradients(parameters).change([factor]<class T>(T g) {
    return static_cast<T>(factor * static_cast<double>(g));
  });
}

}  // namespace xtape::optim
