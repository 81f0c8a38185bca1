#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/kernels/add.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>

namespace xtape {
namespace detail {
namespace {

/// A tensor as a mapped function sees it: the shape of one example, the values of all in `whole`.
struct MappedBody : Body {
  MappedBody(const Shape& extents, Tensor all, int at, std::uint64_t run_of_level, bool differs)
      : Body(extents, row_major_strides(extents), all.dtype(), nullptr, nullptr),
        whole(std::move(all)),
        level(at),
        run(run_of_level),
        differ(differs) {
    mapped = true;
    end = [](Body* body) noexcept { delete static_cast<MappedBody*>(body); };
  }
  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* body, std::size_t bytes) noexcept {
    memory::deallocate(body, bytes);
  }

  Tensor whole;
  int level;
  std::uint64_t run;  // of the level's: what a function has put aside belongs to no later one
  bool differ;        // whole has a leading axis of the examples
};

const MappedBody& mapped_body(const Tensor& x) { return static_cast<const MappedBody&>(x.body()); }

Tensor make_mapped(Tensor whole, int level, std::uint64_t run, bool differ) {
  Shape shape = whole.shape();
  if (differ) shape.erase(0);
  return Tensor(Ref<Body>::adopt(new MappedBody(shape, std::move(whole), level, run, differ)));
}
/// Of the run that is under way.
Tensor make_mapped(Tensor whole, int level, bool differ) {
  return make_mapped(std::move(whole), level, levels.runs[static_cast<std::size_t>(level)], differ);
}

/// Throws ValueError for a tensor of a mapped function that is not running.
void check_run(const char* op, const Tensor& x) {
  if (!x.body().mapped) return;
  const MappedBody& body = mapped_body(x);
  if (body.level <= levels.current && body.run == levels.runs[static_cast<std::size_t>(body.level)])
    return;
  throw ValueError(std::string(op) +
                   ": a tensor of a mapped function is used outside of it; return it from there");
}

/// In float64, so that the sum keeps its digits whatever the number of examples.
struct Fold {
  static constexpr OpInfo info{"sum", true};
  int axis;

  Tensor run(const Tensor& x) const;
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return repeated(g, send.shape(0)[axis], axis); });
  }
  Tensor batch(const Examples& x) const { return apply(Fold{axis + 1}, x[0]); }
};

struct Repeat {
  static constexpr OpInfo info{"broadcast_to", true};
  std::int64_t count;
  int axis;

  Tensor run(const Tensor& x) const {
    Shape shape = x.shape();
    shape.insert(axis, count);
    Strides strides = x.body().strides;
    std::copy_backward(strides.begin() + axis, strides.end() - 1, strides.end());
    strides[static_cast<std::size_t>(axis)] = 0;
    return make_view(x, shape, strides, 0, info.name);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return apply(Fold{axis}, g); });
  }
  Tensor batch(const Examples& x) const { return apply(Repeat{count, axis + 1}, x[0]); }
};

/// x, for each of the examples that another tensor has.
struct Spread {
  static constexpr OpInfo info{"spread", true};

  Tensor run(const Tensor& x, const Tensor&) const { return off_tape(x); }
  void vjp(Tensor g, const Send& send) const { send(0, std::move(g)); }
  Tensor jvp(const Tangents& t) const { return t[0]; }
  Tensor batch(const Examples& x) const { return x.each(0); }
};

Tensor Fold::run(const Tensor& x) const {
  const NoGradGuard off;
  Shape shape = x.shape();
  shape.erase(axis);
  const Tensor dense = x.contiguous(), sums = zeros(shape, Dtype::float64);
  const std::int64_t outer = count_of({x.shape().begin(), x.shape().begin() + axis});
  const std::int64_t n = x.shape()[axis], inner = outer == 0 ? 0 : sums.size() / outer;
  const auto& add = kernels::chosen<kernels::AddKernels>();
  for (std::int64_t row = 0; row < outer * n; ++row) {
    double* sum = sums.body().elements<double>() + row / n * inner;
    if (x.dtype() == Dtype::float32) {
      add.widening(sum, sum, dense.body().elements<float>() + row * inner, inner);
    } else {
      add.float64(sum, sum, dense.body().elements<double>() + row * inner, inner);
    }
  }
  return sums.to(x.dtype());
}

}  // namespace

int level_of(const Tensor& x) { return x.body().mapped ? mapped_body(x).level : 0; }
int current_level() { return levels.current; }

Tensor raised(const Tensor& x, int level) {
  return level_of(x) < level ? make_mapped(x, level, false) : x;
}

bool watched(const Tensor& x) {
  if (!x.defined()) return false;
  if (x.requires_grad() && levels.records(level_of(x))) return true;
  return x.body().mapped && watched(mapped_body(x).whole);
}

bool watched(std::span<const Tensor* const> any) {
  return levels.recording != 0 &&
         std::any_of(any.begin(), any.end(), [](const Tensor* x) { return watched(*x); });
}

bool plain(const Tensor& g) { return !recording() && !g.body().mapped && !watched(g); }

void check_has_values(const char* op, const Tensor& x) {
  if (!x.body().mapped) return;
  throw ValueError(std::string(op) +
                   ": inside vmap a tensor stands for the values of all examples, which cannot be "
                   "read; got " +
                   x.describe());
}

Tensor repeated(const Tensor& x, std::int64_t count, int axis) {
  return apply(Repeat{count, axis}, x);
}

Tensor mapped_alias(const Tensor& x, bool keep_places) {
  const MappedBody& body = mapped_body(x);
  return make_mapped(keep_places ? body.whole : body.whole.detach(), body.level, body.run,
                     body.differ);
}

Tensor mapped_like(const Tensor& x, const Tensor& like) {
  const MappedBody& body = mapped_body(like);
  Tensor y = raised(x, body.level);
  if (!body.differ || mapped_body(y).differ) return y;
  return apply(Spread(), y, like);
}

Tensor mapped_clone(const Tensor& x) {
  const MappedBody& body = mapped_body(x);
  return make_mapped(body.whole.clone(), body.level, body.run, body.differ);
}

Mapping::Mapping(const char* op, std::span<const Tensor> inputs)
    : op_(op), level_(levels.current + 1) {
  const std::string name = op;
  if (inputs.empty()) throw ValueError(name + ": at least one input is needed; got none");
  for (const Tensor& x : inputs) {
    require_defined(op, "the inputs", x);
    if (x.rank() == 0 || x.shape()[0] != inputs[0].shape()[0]) {
      throw ShapeError(name +
                       ": the inputs must have one leading extent, that of the examples; got " +
                       inputs[0].describe() + (&x == &inputs[0] ? "" : " and " + x.describe()));
    }
  }
  if (level_ > max_rank) {
    throw ValueError(name + ": at most " + std::to_string(max_rank) + " may be nested");
  }
  count_ = inputs[0].shape()[0];
  static std::atomic<std::uint64_t> last{0};
  enter(++last);
}

Mapping::Mapping(const char* op, const std::vector<Tensor>& inputs)
    : Mapping(op, std::span<const Tensor>(inputs)) {}
Mapping::Mapping(const char* op, const Tensor& input)
    : Mapping(op, std::span<const Tensor>(&input, 1)) {}

Mapping::Mapping(const char* op, std::int64_t count, std::uint64_t run)
    : op_(op), count_(count), level_(levels.current + 1) {
  enter(run);
}

void Mapping::enter(std::uint64_t run) {
  run_ = std::exchange(levels.runs[static_cast<std::size_t>(level_)], run);
  recording_ = levels.records(level_);
  levels.set(level_, levels.records(levels.current));
  levels.current = level_;
}

Mapping::~Mapping() {
  levels.current = level_ - 1;
  levels.runs[static_cast<std::size_t>(level_)] = run_;
  levels.set(level_, recording_);  // its own: guards may begin or end in the function
}

Outside::Outside(int level) : before_(std::exchange(levels.current, level - 1)) {}
Outside::~Outside() { levels.current = before_; }

Tensor Mapping::in(const Tensor& x) const { return make_mapped(x, level_, true); }
std::vector<Tensor> Mapping::in(const std::vector<Tensor>& x) const {
  std::vector<Tensor> result;
  result.reserve(x.size());
  for (const Tensor& input : x) result.push_back(in(input));
  return result;
}

Tensor Mapping::out(const Tensor& y) const {
  require_defined(op_, "the result of the function", y);
  check_run(op_, y);
  const bool mapped = level_of(y) == level_;
  const Tensor& whole = mapped ? mapped_body(y).whole : y;
  if (mapped && mapped_body(y).differ) return whole;
  const Outside outside(level_);
  return repeated(whole, count_, 0);
}
std::vector<Tensor> Mapping::out(const std::vector<Tensor>& y) const {
  std::vector<Tensor> result;
  result.reserve(y.size());
  for (const Tensor& output : y) result.push_back(out(output));
  return result;
}

}  // namespace detail

Tensor Examples::each(std::size_t input) const {
  return differ_[input] ? inputs_[input] : detail::repeated(inputs_[input], count_, 0);
}

MappedInputs::MappedInputs(const char* op, std::span<const Tensor* const> inputs) {
  for (const Tensor* x : inputs) {
    detail::check_run(op, *x);
    level_ = std::max(level_, detail::level_of(*x));
  }
  inputs_.reserve(inputs.size());
  for (const Tensor* x : inputs) {
    inputs_.push_back(detail::raised(*x, level_));
    pointers_.push_back(&inputs_.back());
    const auto& body = detail::mapped_body(inputs_.back());
    examples_.inputs_.push_back(body.whole);
    examples_.differ_.push_back(body.differ);
    examples_.pointers_.push_back(&body.whole);
    if (body.differ) examples_.count_ = body.whole.shape()[0];
  }
}

bool MappedInputs::same() const {
  const auto& differ = examples_.differ_;
  return std::none_of(differ.begin(), differ.end(), [](bool differs) { return differs; });
}

std::uint64_t MappedInputs::run() const {
  return detail::levels.runs[static_cast<std::size_t>(level_)];
}

bool MappedInputs::recorded() const {
  return detail::levels.records(level_) &&
         std::any_of(inputs_.begin(), inputs_.end(),
                     [](const Tensor& x) { return x.requires_grad(); });
}

std::span<const Tensor* const> Examples::pointers() const { return pointers_; }
std::span<const Tensor* const> MappedInputs::pointers() const { return pointers_; }
bool MappedInputs::watched_outside() const { return detail::watched(examples_.pointers()); }

Tensor MappedInputs::raised(const Tensor& x) const { return detail::raised(x, level_); }

Tensor MappedInputs::wrap(Tensor whole) const {
  return detail::make_mapped(std::move(whole), level_, !same());
}

}  // namespace xtape
