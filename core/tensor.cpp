#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>

#include <xtape/core/body.hpp>
#include <xtape/core/clone_scope.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/table_gradient.hpp>
#include <xtape/core/write_log.hpp>

namespace xtape {

using detail::Body;
using detail::Leaf;

namespace {

kernels::Layout layout(const Body& body) { return {body.data, body.dtype, body.strides}; }

/// Where the values are read: of a floating number the exact one, see `number_tensor`.
kernels::Layout source(const Body& body) {
  const bool twice = body.number && is_floating(body.dtype);
  return twice ? kernels::Layout{body.data + sizeof(double), Dtype::float64, {}} : layout(body);
}

Tensor dense_copy(const Tensor& tensor, Dtype dtype, const char* operation = __builtin_FUNCTION()) {
  Tensor copy = detail::make_tensor(tensor.shape(), dtype, operation);
  kernels::copy(tensor.shape(), layout(copy.body()), source(tensor.body()));
  return copy;
}

/// To `values`, dense in row-major order.
void copy_values(const Body& from, void* values, Dtype dtype) {
  kernels::copy(from.shape, {static_cast<std::byte*>(values), dtype, row_major_strides(from.shape)},
                source(from));
}

/// Throws ValueError for a value that is no int64 even when truncated.
void check_truncated(double value) {
  if (!(std::abs(value) < 0x1p63)) Number(value).check("to", Dtype::int64);
}
void check_integers(const Tensor& tensor) {
  if (tensor.body().number)
    return check_truncated(detail::number_of(tensor.body()).as<double>("to"));
  const Tensor dense = tensor.is_contiguous() ? tensor : dense_copy(tensor, tensor.dtype(), "to");
  visit(tensor.dtype(), [&]<class T>(TypeTag<T>) {
    for (const T value :
         std::span(dense.body().elements<T>(), static_cast<std::size_t>(tensor.size())))
      check_truncated(static_cast<double>(value));
  });
}

struct Clone {
  static constexpr OpInfo info{"clone", true};

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    kernels::copy(x.shape(), layout(y.body()), source(x.body()));
  }
};

void check_assignable(const Tensor& tensor) {
  if (!tensor.body().reading) return;
  throw GradError("assign: what tells of a sparse gradient is a copy, the gradient stays; got " +
                  tensor.describe() + " (clone() first)");
}

void check_leaf(const char* what, const Tensor& tensor) {
  if (!tensor.is_leaf()) {
    throw GradError(std::string(what) + ": the tensor must be a leaf; got " + tensor.describe() +
                    ", the result of " + tensor.node()->name() + " (detach() first)");
  }
}

[[noreturn]] void throw_other_shape(const Tensor& leaf, const std::string& value) {
  throw ShapeError("assign: the value must have the tensor's shape; got " + value + " for " +
                   leaf.describe());
}

void tell_of_reading(const char* function, const Tensor& tensor) {
  if (detail::levels.watcher != nullptr) [[unlikely]]
    detail::Watcher::tell_all([&](detail::Watcher& to) { to.reads(function, tensor); });
}

/// A rule that is being differentiated would lose what it computes from values instead of tensors.
void check_rule_may_read(const char* what, const Tensor& tensor) {
  const bool derived = tensor.node() != nullptr || tensor.body().cotangent;
  if (derived && detail::differentiable_rule() != nullptr) {
    throw GradError(
        std::string(what) + ": the backward pass of " + detail::differentiable_rule() +
        " is being differentiated and may not read values past the tape (see once_differentiable)");
  }
}

struct To {
  static constexpr OpInfo info{"to"};
  Dtype target;

  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("dtype", target);
  }
  OpResult infer(const Tensor& x) const {
    if (is_floating(x.dtype()) && target == Dtype::int64) check_integers(x);
    return {x.shape(), target};
  }
  void run(const Tensor& y, const Tensor& x) const {
    kernels::copy(x.shape(), layout(y.body()), source(x.body()));
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, g.to(send.dtype(0))); }
  Tensor jvp(const Tangents& t) const { return t[0].to(target); }
  Tensor batch(const Examples& x) const { return x[0].to(target); }
};

struct Contiguous {
  static constexpr OpInfo info{"contiguous", true};

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    kernels::copy(x.shape(), layout(y.body()), layout(x.body()));
  }
  void vjp(Tensor g, const Send& send) const { send(0, std::move(g)); }
  Tensor batch(const Examples& x) const { return x[0].contiguous(); }
};

thread_local detail::CloneScope* active_scope = nullptr;

}  // namespace

Tensor::Tensor(const Tensor& other) {
  Body* body = other.body_.get();
  if (body != nullptr && body->replaceable && active_scope != nullptr) [[unlikely]] {
    body_ = active_scope->copy(Tensor(Ref<Body>::share(body)));
  } else {
    body_ = Ref<Body>::share(body);
  }
}

Tensor& Tensor::operator=(const Tensor& other) & {
  body_ = Tensor(other).body_;
  return *this;
}

Dtype Tensor::dtype() const { return body().dtype; }
void Tensor::throw_no_room(const char* operation, Dtype dtype) const {
  const std::size_t element = size_of(dtype);
  const auto count = static_cast<std::size_t>(size());
  const bool fits = count <= std::numeric_limits<std::size_t>::max() / element;
  throw MemoryError(operation, fits ? count * element : std::numeric_limits<std::size_t>::max(),
                    describe());
}

const Shape& Tensor::shape() const& { return body().shape; }
int Tensor::rank() const { return body().shape.rank(); }
std::int64_t Tensor::size() const { return body().size; }
std::int64_t Tensor::extent(std::int64_t axis) const {
  return shape()[normalize_axis("extent", axis, rank())];
}
bool Tensor::is_contiguous() const { return body().contiguous; }
Node* Tensor::node() const { return body().node.get(); }
bool Tensor::requires_grad() const { return node() != nullptr; }
bool Tensor::is_leaf() const { return node() == nullptr || node()->is_leaf(); }
std::string Tensor::describe() const {
  return defined() ? std::string(to_string(dtype())) + to_string(shape()) : "an undefined tensor";
}

void Tensor::throw_undefined() {
  throw ValueError("tensor: a value is needed; got an undefined tensor");
}

double Tensor::item() const {
  if (size() != 1) throw ShapeError("item: the tensor must have one element; got " + describe());
  detail::check_has_values("item", *this);
  check_rule_may_read("item", *this);
  tell_of_reading("item", *this);
  double value;
  copy_values(body(), &value, Dtype::float64);
  return value;
}

const void* Tensor::checked_data(Dtype dtype) const {
  const Body& own = body();
  if (own.dtype != dtype) {
    throw DtypeError("data: the element type must be that of the tensor; got " +
                     std::string(to_string(dtype)) + " for " + describe());
  }
  if (!own.contiguous) {
    throw ValueError("data: the tensor must be contiguous; got a strided " + describe() +
                     " (see contiguous())");
  }
  detail::check_readable("data", *this);
  return own.data;
}

std::vector<bool> Tensor::truth_values() const {
  detail::check_readable("to_vector", *this);
  const Tensor dense = dense_copy(*this, Dtype::boolean, "to_vector");
  const auto values = dense.data<bool>();
  return std::vector<bool>(values.begin(), values.end());
}

void Tensor::copy_to(void* values, Dtype target) const {
  if (is_floating(dtype()) && !is_floating(target)) {
    throw DtypeError("to_vector: floating values need a floating element type; got " +
                     std::string(to_string(target)) + " for " + describe() + " (see to())");
  }
  detail::check_readable("to_vector", *this);
  copy_values(body(), values, target);
}

Tensor Tensor::to(Dtype target) const {
  detail::require_defined("to", "the tensor", *this);
  return dtype() == target && !body().number ? *this : apply(To{.target = target}, *this);
}

Tensor Tensor::contiguous() const {
  detail::require_defined("contiguous", "the tensor", *this);
  return is_contiguous() ? *this : apply(Contiguous{}, *this);
}

Tensor Tensor::detach() const {
  detail::require_defined("detach", "the tensor", *this);
  if (body().mapped) return detail::mapped_alias(*this, false);
  return detail::off_tape(*this);
}

Tensor Tensor::clone() const {
  Tensor copy = body().mapped ? detail::mapped_clone(*this) : apply(Clone(), *this);
  if (requires_grad() && is_leaf()) copy.set_requires_grad(true);
  return copy;
}

Tensor Tensor::set_requires_grad(bool wanted) const {
  check_leaf("set_requires_grad", *this);
  if (wanted && !is_floating(dtype())) {
    throw DtypeError("set_requires_grad: only floating tensors have gradients; got " + describe());
  }
  if (wanted == requires_grad()) return *this;
  std::optional<detail::Act> act;
  if (body().node || body().frozen) {  // of a leaf that there is
    act.emplace("set_requires_grad",
                [&] { return [leaf = *this, wanted] { leaf.set_requires_grad(wanted); }; });
  }
  Body& own = body();
  own.number = false;
  if (!wanted) {
    Leaf::set_frozen(*own.node, true);
    own.frozen = std::move(own.node);
  } else if (own.frozen) {  // what was recorded before still leads here
    Leaf::set_frozen(*own.frozen, false);
    own.node = std::move(own.frozen);
  } else {
    own.node = Leaf::make(shape(), dtype());
  }
  return *this;
}

void Tensor::assign(const Tensor& given) const {
  Body& own = body();
  check_leaf("assign", *this);
  check_assignable(*this);
  detail::require_defined("assign", "the value", given);
  Tensor adapted;
  const Tensor& value = detail::beside("assign", given, own.dtype, adapted);
  if (value.shape() != own.shape) throw_other_shape(*this, value.describe());
  if (value.dtype() != own.dtype) {
    const bool number = given.body().number;
    throw DtypeError("assign: the value must have the tensor's dtype; got " +
                     (number ? detail::number_of(given.body()).text() : value.describe()) +
                     " for " + describe());
  }
  if (&given.body() == &own) return;
  detail::check_has_values("assign", *this);
  detail::check_has_values("assign", value);
  if (detail::levels.watcher != nullptr) [[unlikely]]
    detail::Watcher::tell_all([&](detail::Watcher& to) { to.assigns(*this, value); });
  detail::WriteLog::note(*this);
  if (own.number) own.number = false;
  if (own.contiguous && (own.placed || own.storage->exclusive())) {
    kernels::copy(own.shape, layout(own), layout(value.body()));
  } else {
    detail::replace_value(*this, dense_copy(value, own.dtype));
  }
}

namespace detail {

void check_readable(const char* what, const Tensor& tensor) {
  check_has_values(what, tensor);
  check_rule_may_read(what, tensor);
  tell_of_reading(what, tensor);
  if (tensor.is_leaf() || running_rule() != nullptr) return;
  throw GradError(std::string(what) + ": the tensor must not be recorded; got " +
                  tensor.describe() + ", the result of " + tensor.node()->name() +
                  " (detach() first, to leave the tape)");
}

void* begin_assign(const Tensor& leaf, const Shape& shape) {
  check_leaf("assign", leaf);
  check_has_values("assign", leaf);
  if (leaf.shape() != shape) throw_other_shape(leaf, to_string(shape));
  make_exclusive(leaf);
  return leaf.body().data;
}

void make_exclusive(const Tensor& leaf) {
  check_assignable(leaf);
  refuse_to_repeat("a change of a tensor past the operations");
  WriteLog::note(leaf);
  Body& body = leaf.body();
  if (body.number) body.number = false;
  if (!body.contiguous || !(body.placed || body.storage->exclusive()))
    replace_value(leaf, dense_copy(leaf, body.dtype, ""));
}

void replace_value(const Tensor& leaf, const Tensor& value) {
  Body& target = leaf.body();
  const Body& source = value.body();
  const Ref<Node> place = target.node ? target.node : target.frozen;
  if (place && target.dtype != source.dtype) {
    const bool frozen = !target.node || !is_floating(source.dtype);
    const Ref<Node> next = Leaf::make(source.shape, source.dtype);
    Leaf::set_frozen(*next, frozen);
    Leaf::replace(*place, next);
    target.node = frozen ? Ref<Node>() : next;
    target.frozen = frozen ? next : Ref<Node>();
  }
  target.number = false;
  target.dtype = source.dtype;
  target.contiguous = source.contiguous;
  target.strides = source.strides;
  target.data = source.data;
  target.storage = source.storage;
}

struct CloneScope::Clones {
  std::unordered_map<const Body*, Tensor> of;
};

CloneScope::CloneScope()
    : clones_(new Clones), makes_(true), outer_(std::exchange(active_scope, this)) {}
CloneScope::CloneScope(std::span<const NamedTensor> originals, std::span<const Tensor> given)
    : clones_(new Clones), makes_(false), outer_(nullptr) {
  for (std::size_t i = 0; i < originals.size(); ++i)
    clones_->of.emplace(&originals[i].second.body(), given[i]);
  outer_ = std::exchange(active_scope, this);
}
CloneScope::~CloneScope() { active_scope = outer_; }
bool CloneScope::active() noexcept { return active_scope != nullptr; }

Ref<Body> CloneScope::copy(const Tensor& original) {
  const auto known = clones_->of.find(&original.body());
  if (known != clones_->of.end()) return Ref<Body>::share(&known->second.body());
  if (!makes_) return Ref<Body>::share(&original.body());
  Tensor clone = original.clone();
  clone.body().replaceable = true;
  return Ref<Body>::share(
      &clones_->of.emplace(&original.body(), std::move(clone)).first->second.body());
}

}  // namespace detail
}  // namespace xtape
