#include <algorithm>
#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/dtype.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/numbers.hpp>

namespace xtape::distributions {
namespace {

struct Rule {
  const char* text;
  bool (*holds)(double);
};

Rule rule_of(Range range) {
  switch (range) {
    case Range::positive:
      return {"be finite and above 0", [](double x) { return x > 0 && std::isfinite(x); }};
    case Range::not_negative:
      return {"be finite and not negative", [](double x) { return x >= 0 && std::isfinite(x); }};
    case Range::probability: return {"lie in [0, 1]", [](double x) { return x >= 0 && x <= 1; }};
    case Range::any: break;
  }
  return {"", [](double) { return true; }};
}

/// A look at the values of a parameter, as an operation that gives nothing new.
struct Check {
  OpInfo info;
  const char* name;
  Rule rule;
  std::int64_t examples = 1;

  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    visit(x.dtype(), [&]<class T>(TypeTag<T>) {
      const Tensor dense = x.contiguous();
      const T* values = dense.body().elements<const T>();
      for (std::int64_t i = 0, size = x.size(); i < size; ++i) {
        if (rule.holds(static_cast<double>(values[i]))) continue;
        refuse(xtape::detail::text(values[i]), i % (size / examples), size / examples);
      }
    });
    return x.detach();
  }
  Tensor batch(const Examples& x) const {
    Check all(*this);
    all.examples = examples * x.count();
    return apply(all, x[0]);
  }
  [[noreturn]] void refuse(const std::string& value, std::int64_t place, std::int64_t size) const {
    throw ValueError(std::string(info.name) + ": " + name + " must " + rule.text + "; got " +
                     value + (size > 1 ? " at position " + std::to_string(place) : ""));
  }
};

}  // namespace

void check_parameter(const char* distribution, const char* name, const Tensor& parameter,
                     Range range) {
  xtape::detail::require_defined(distribution, name, parameter);
  if (parameter.dtype() == Dtype::boolean) {
    throw DtypeError(std::string(distribution) + ": " + name + " must be numbers; got " +
                     parameter.describe());
  }
  if (range == Range::any) return;
  const Check check{{distribution}, name, rule_of(range)};
  if (!Operand(parameter).is_number()) {
    static_cast<void>(apply(check, parameter));
  } else if (!check.rule.holds(parameter.item())) {
    check.refuse(xtape::detail::text(parameter.item()), 0, 1);
  }
}

Tensor in_floating(const Tensor& parameter) {
  const bool whole = parameter.defined() && parameter.dtype() == Dtype::int64;
  return whole && !Operand(parameter).is_number() ? parameter.to(Dtype::float64) : parameter;
}

Dtype dtype_of(std::initializer_list<const Tensor*> parameters) {
  bool alone = true;
  Dtype numbers = default_dtype(), dtype = Dtype::boolean;
  for (const Tensor* parameter : parameters) {
    const bool number = Operand(*parameter).is_number();
    alone = alone && number;
    if (number) numbers = std::max(numbers, parameter->dtype());
    if (!number) dtype = promote(dtype, parameter->dtype());
  }
  if (alone) return numbers;
  return is_floating(dtype) ? dtype : Dtype::float64;
}

Tensor beside(const Tensor& x, std::initializer_list<const Tensor*> others) {
  const auto is_tensor = [](const Tensor* other) { return !Operand(*other).is_number(); };
  const bool alone = !is_tensor(&x) && std::any_of(others.begin(), others.end(), is_tensor);
  Tensor adapted;
  return alone ? xtape::detail::beside("log_prob", x, dtype_of(others), adapted) : x;
}

Batch::Batch(const char* distribution, std::initializer_list<const Tensor*> parameters)
    : dtype(dtype_of(parameters)) {
  for (const Tensor* parameter : parameters) {
    shape = broadcast_shapes(distribution, shape, parameter->shape());
    const Operand given(*parameter);
    if (given.is_number()) given.number().check(distribution, dtype);
  }
}

Tensor Batch::operator()(const Tensor& x) const { return broadcast_to(x.to(dtype), shape); }

Tensor as_discrete(const Tensor& x, Dtype dtype) {
  const Tensor constant = x.detach();
  return is_floating(x.dtype()) || Operand(x).is_number() ? constant : constant.to(dtype);
}

Shape without_last(Shape shape) {
  shape.erase(shape.rank() - 1);
  return shape;
}

Shape joined(const Shape& first, const Shape& second) {
  Shape shape = first;
  for (const std::int64_t extent : second) shape.push_back(extent);
  return shape;
}

Tensor for_draws(const Tensor& parameter, const Shape& shape) {
  return broadcast_to(parameter.to(Dtype::float64), shape);
}

Tensor values_of(const char* draw, const Tensor& parameter) {
  xtape::detail::check_has_values(draw, parameter);
  return parameter.detach().contiguous();
}

}  // namespace xtape::distributions
