#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/together.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/packed_matrix.hpp>
#include <xtape/ops/kernels/recurrence.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/recurrent.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

using kernels::Cell;

/// What the operation takes, in this order; of an LSTM the cell's state too.
enum Argument : std::size_t { input, hidden, weight_ih, weight_hh, bias_ih, bias_hh, cell };

/// What a net computes, beside its tensors.
struct Net {
  const char* op;
  Cell kind;
  bool reverse;
  SavedConstant lengths{};  // [batch], or undefined

  std::int64_t first(std::int64_t steps) const { return reverse ? steps : 0; }
  std::int64_t last(std::int64_t steps) const { return reverse ? 0 : steps; }
};

/// So many columns of a matrix, from that of the i-th gate on.
Tensor gate(const Tensor& sums, std::int64_t i, std::int64_t width) {
  return slice(sums, {Slice::all, range(i * width, (i + 1) * width)});
}

/// One step in public operations: the new states of the sums of x and the old ones.
struct States {
  Tensor h, c;
};
States stepped(Cell kind, const Tensor& sums, const Tensor& product, const States& old) {
  const std::int64_t n = old.h.extent(-1);
  if (kind == Cell::gru) {
    const auto both = [&](std::int64_t i) { return gate(sums, i, n) + gate(product, i, n); };
    const Tensor r = sigmoid(both(0)), z = sigmoid(both(1));
    const Tensor fresh = tanh(gate(sums, 2, n) + r * gate(product, 2, n));
    return {fresh + z * (old.h - fresh), {}};
  }
  const Tensor all = sums + product;
  if (kind != Cell::lstm) return {kind == Cell::relu ? relu(all) : tanh(all), {}};
  const Tensor c =
      sigmoid(gate(all, 1, n)) * old.c + sigmoid(gate(all, 0, n)) * tanh(gate(all, 2, n));
  return {sigmoid(gate(all, 3, n)) * tanh(c), c};
}

/// All states, [1 or 2, steps + 1, batch, width], in public operations: what is differentiated more
/// than once, forwards, or within vmap.
Tensor composed(const Net& net, const std::vector<Tensor>& x) {
  const std::int64_t steps = x[input].extent(0);
  const Tensor sums = linear(x[input], transpose(x[weight_ih]), x[bias_ih]);
  const Tensor weight = transpose(x[weight_hh]);
  const bool has_cell = net.kind == Cell::lstm;
  States now{x[hidden], has_cell ? x[cell] : Tensor()};
  std::vector<Tensor> h(static_cast<std::size_t>(steps) + 1), c(h.size());
  const auto put = [&](std::int64_t place) {
    h[static_cast<std::size_t>(place)] = now.h;
    c[static_cast<std::size_t>(place)] = now.c;
  };
  put(net.first(steps));
  for (std::int64_t i = 0; i < steps; ++i) {
    const std::int64_t step = net.reverse ? steps - 1 - i : i;
    States next = stepped(net.kind, sums[step], linear(now.h, weight, x[bias_hh]), now);
    if (net.lengths.get().defined()) {
      const Tensor alive = expand_dims(net.lengths.get() > step, -1);
      next.h = where(alive, next.h, now.h);
      if (has_cell) next.c = where(alive, next.c, now.c);
    }
    now = std::move(next);
    put(net.reverse ? step : step + 1);
  }
  return has_cell ? stack({stack(h), stack(c)}) : expand_dims(stack(h), 0);
}

std::byte* data(const Tensor& x) { return x.defined() ? x.body().data : nullptr; }

/// Between dense tensors of one shape.
void copy_into(const Tensor& y, const Tensor& x) {
  std::memcpy(data(y), data(x), static_cast<std::size_t>(x.size()) * size_of(x.dtype()));
}

kernels::Recurrence shape_of(const Net& net, const Tensor& x, const Tensor& h) {
  const Tensor& lengths = net.lengths.get();
  return {net.kind,    x.dtype(),
          net.reverse, x.extent(0),
          x.extent(1), x.extent(2),
          h.extent(1), lengths.defined() ? lengths.body().elements<std::int64_t>() : nullptr};
}
kernels::RecurrenceValues values_in(const Net& net, const Tensor& y, const Tensor& values,
                                    const Tensor& products) {
  return {data(y), net.kind == Cell::lstm ? data(y[1]) : nullptr, data(values), data(products)};
}

/// All states, in one pass over the steps.
struct Recurrent {
  OpInfo info;
  Net net;
  mutable SavedConstant gates{}, inner{};
  std::vector<SavedInput> inputs{};
  SavedOutput states{};

  void attributes(auto& visit) const {
    visit("reverse", net.reverse);
    if (net.kind == Cell::relu) visit("nonlinearity", std::string("relu"));
  }

  OpResult infer(std::span<const Tensor* const> x) const {
    const Shape& of = x[hidden]->shape();
    const std::int64_t parts = net.kind == Cell::lstm ? 2 : 1;
    return {{parts, x[input]->extent(0) + 1, of[0], of[1]}, x[input]->dtype()};
  }
  double flops(const Tensor&, std::span<const Tensor* const> x) const {
    const auto weights = static_cast<double>(x[weight_ih]->size() + x[weight_hh]->size());
    return 2 * weights * static_cast<double>(x[input]->extent(0) * x[input]->extent(1));
  }
  void run(const Tensor& y, std::span<const Tensor* const> x) const {
    const NoGradGuard off;
    std::vector<Tensor> dense;
    for (const Tensor* one : x) dense.push_back(one->contiguous());
    const kernels::Recurrence shape = shape_of(net, dense[input], dense[hidden]);
    const Shape steps{shape.steps, shape.batch, kernels::gates_of(net.kind) * shape.width};
    const Tensor values = detail::make_tensor(steps, y.dtype(), info.name);
    Tensor products;
    if (net.kind == Cell::gru)
      products = detail::make_tensor({shape.steps, shape.batch, shape.width}, y.dtype(), info.name);
    const auto at = values_in(net, y, values, products);
    const std::int64_t first = net.first(shape.steps);
    copy_into(y[0][first], dense[hidden]);
    if (net.kind == Cell::lstm) copy_into(y[1][first], dense[cell]);
    kernels::recurrence(shape,
                        {data(dense[weight_ih]), data(dense[weight_hh]), data(dense[bias_ih]),
                         data(dense[bias_hh])},
                        data(dense[input]), at);
    gates = SavedConstant(values);
    inner = SavedConstant(products);
  }
  void keep(const Tensor& y, std::span<const Tensor* const> x) {
    for (const Tensor* one : x) inputs.emplace_back(*one);
    states = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const std::vector<Tensor> x = saved();
    bool derived = !detail::plain(g);
    for (const Tensor& one : x) derived = derived || detail::watched(one);
    if (!derived) return fused(g, x, send);
    const std::vector<Tensor> dx = xtape::vjp(formula(), x).second(g);
    for (std::size_t i = 0; i < dx.size(); ++i) send(i, dx[i]);
  }
  Tensor jvp(const Tangents& t) const {
    const std::vector<Tensor> x = saved();
    std::vector<Tensor> dx;
    for (std::size_t i = 0; i < x.size(); ++i)
      dx.push_back(t[i].defined() ? t[i] : zeros_like(x[i]));
    return xtape::jvp(formula(), x, dx).second;
  }

 private:
  std::vector<Tensor> saved() const {
    std::vector<Tensor> x;
    for (const SavedInput& one : inputs) x.push_back(one.get());
    return x;
  }
  detail::ListFunction formula() const {
    return [of = net](const std::vector<Tensor>& at) { return composed(of, at); };
  }
  void fused(const Tensor& g, const std::vector<Tensor>& x, const Send& send) const;
};

/// aᵀ b, of matrices with many rows.
struct ColumnsBy {
  OpInfo info;

  OpResult infer(const Tensor& a, const Tensor& b) const {
    return {{a.extent(1), b.extent(1)}, a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    const std::int64_t rows = a.extent(0), m = a.extent(1), n = b.extent(1);
    const kernels::PackedMatrix right(a.dtype(), n, rows,
                                      {data(b), std::max<std::int64_t>(n, 1), false});
    right.multiply(m, {data(a), a.body().strides[0], true}, data(y), n, false);
  }
};

/// The derivatives of Recurrent by the sums at the gates, by those within (of a GRU), the first
/// state and the first cell (of an LSTM); of g, the states, the input, the first state and
/// weight_hh.
struct RecurrentGradient {
  OpInfo info;
  Net net;
  SavedConstant gates, inner;

  detail::Results run(std::span<const Tensor* const> given) const {
    const NoGradGuard off;
    const Tensor &y = *given[1], &h = *given[3], g = given[0]->contiguous();
    const auto like = [&](const Tensor& of) {
      return of.defined() ? detail::make_tensor(of.shape(), of.dtype(), info.name) : Tensor();
    };
    // In a replay nobody else has what only this reads: each step's values become their
    // derivatives.
    const auto in_place = [&](const Tensor& of) {
      return of.defined() && of.size() > 0 && detail::exclusive(of) ? of : like(of);
    };
    const bool has_cell = net.kind == Cell::lstm;
    detail::Results dx{in_place(gates.get()), in_place(inner.get()), like(h),
                       has_cell ? like(h) : Tensor()};
    kernels::recurrence_gradient(shape_of(net, *given[2], h), data(given[4]->contiguous()),
                                 values_in(net, y, gates.get(), inner.get()),
                                 {data(g), has_cell ? data(g[1]) : nullptr, data(dx[0]),
                                  data(dx[1]), data(dx[2]), data(dx[3])});
    return dx;
  }
};

void Recurrent::fused(const Tensor& g, const std::vector<Tensor>& x, const Send& send) const {
  const Tensor y = states.get(send), dense = x[input].contiguous();
  const kernels::Recurrence shape = shape_of(net, dense, x[hidden]);
  const std::int64_t n = shape.width, rows = shape.steps * shape.batch;
  const std::array<const Tensor*, 5> given{&g, &y, &dense, &x[hidden], &x[weight_hh]};
  const detail::Results dx = apply_together(RecurrentGradient{info, net, gates, inner}, given);
  const Tensor& sums = dx[0];
  const Tensor flat = reshape(sums, {rows, kernels::gates_of(net.kind) * n});
  const auto by = [this](const Tensor& of, const Tensor& values) {
    return apply(ColumnsBy{info}, of, values);
  };
  const auto states_before = [&] {
    const std::int64_t from = net.reverse ? 1 : 0;
    return reshape(slice(y[0], {range(from, from + shape.steps)}), {rows, n});
  };
  send(input, [&] { return matmul(sums, x[weight_ih]); });
  send(hidden, dx[2]);
  send(weight_ih, [&] { return by(flat, reshape(dense, {rows, shape.inputs})); });
  const Tensor totals = send.wanted(bias_ih) || send.wanted(bias_hh) ? sum(flat, 0) : Tensor();
  if (send.wanted(bias_ih)) send(bias_ih, totals);
  if (net.kind != Cell::gru) {
    send(weight_hh, [&] { return by(flat, states_before()); });
    if (send.wanted(bias_hh)) send(bias_hh, totals);
  } else {
    const Tensor outer = slice(flat, {Slice::all, range(0, 2 * n)});
    const Tensor within = reshape(dx[1], {rows, n});
    send(weight_hh, [&] {
      return concatenate({by(outer, states_before()), by(within, states_before())});
    });
    send(bias_hh, [&] { return concatenate({slice(totals, {range(0, 2 * n)}), sum(within, 0)}); });
  }
  if (net.kind == Cell::lstm) send(cell, dx[3]);
}

[[noreturn]] void refuse(const char* op, const std::string& what, const Tensor& got) {
  throw ShapeError(std::string(op) + ": " + what + "; got " + got.describe());
}

/// Throws unless the tensor has this shape, and the dtype of x.
void check(const char* op, const char* what, const Tensor& given, const Shape& shape, Dtype dtype) {
  if (given.shape() != shape) refuse(op, std::string(what) + " must be " + to_string(shape), given);
  if (given.dtype() == dtype) return;
  throw DtypeError(std::string(op) + ": " + what + " must be " + std::string(to_string(dtype)) +
                   " as x is; got " + given.describe());
}

/// Lengths of a batch, checked: a copy, which nobody assigns to.
struct CheckLengths {
  OpInfo info;
  std::int64_t steps;

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    const auto* given = dense.body().elements<const std::int64_t>();
    auto* to = y.body().elements<std::int64_t>();
    for (std::int64_t i = 0; i < x.size(); ++i) {
      detail::require_in<std::int64_t>(info.name, "lengths", given[i], 0, steps);
      to[i] = given[i];
    }
  }
};

/// Within vmap nobody can look.
Tensor checked_lengths(const char* op, const Tensor& lengths, std::int64_t batch,
                       std::int64_t steps) {
  check(op, "lengths", lengths, Shape{batch}, Dtype::int64);
  if (lengths.body().mapped) return lengths;
  return apply(CheckLengths{{op}, steps}, lengths);
}

/// What all nets have in common: their tensors, checked.
class Checked {
 public:
  Checked(const char* op, Cell kind, const Tensor& x, const RecurrentWeights& weights,
          const LstmState& state, const RecurrentOptions& options)
      : net_{op, kind, options.reverse, {}} {
    detail::require_defined(op, "x", x);
    detail::require_defined(op, "weight_ih", weights.weight_ih);
    detail::require_defined(op, "weight_hh", weights.weight_hh);
    if (x.rank() != 3) refuse(op, "x must be [steps, batch, inputs]", x);
    if (!is_floating(x.dtype()))
      throw DtypeError(std::string(op) + ": floating numbers are needed; got " + x.describe());
    const std::int64_t gates = kernels::gates_of(kind), batch = x.extent(1);
    const Tensor& square = weights.weight_hh;
    if (square.rank() != 2 || square.extent(0) != gates * square.extent(1) || square.size() == 0)
      refuse(op, "weight_hh must be [" + std::to_string(gates) + " width, width]", square);
    const std::int64_t width = square.extent(1), rows = gates * width;
    const auto or_zeros = [&](const char* what, const Tensor& given, const Shape& shape) {
      Tensor filled = given.defined() ? given : zeros(shape, x.dtype());
      check(op, what, filled, shape, x.dtype());
      return filled;
    };
    check(op, "weight_hh", square, Shape{rows, width}, x.dtype());
    check(op, "weight_ih", weights.weight_ih, Shape{rows, x.extent(2)}, x.dtype());
    tensors_ = {x.contiguous(),
                or_zeros("hidden", state.hidden, {batch, width}),
                weights.weight_ih,
                square,
                or_zeros("bias_ih", weights.bias_ih, Shape{rows}),
                or_zeros("bias_hh", weights.bias_hh, Shape{rows})};
    if (kind == Cell::lstm) tensors_.push_back(or_zeros("cell", state.cell, {batch, width}));
    if (!options.lengths.defined()) return;
    net_.lengths = SavedConstant(checked_lengths(op, options.lengths, batch, x.extent(0)));
    tensors_[input] = where(alive(), tensors_[input], 0);  // whatever stands behind the end
  }

  LstmResult result() const {
    const std::int64_t steps = tensors_[input].extent(0), from = net_.reverse ? 0 : 1;
    const Tensor states = all_states();
    Tensor output = slice(states[0], {range(from, from + steps)});
    if (net_.lengths.get().defined()) output = where(alive(), output, 0);
    const std::int64_t last = net_.last(steps);
    return {output, states[0][last], net_.kind == Cell::lstm ? states[1][last] : Tensor()};
  }

 private:
  /// Which steps belong to a sequence, [steps, batch, 1].
  Tensor alive() const {
    const Tensor steps = expand_dims(arange(tensors_[input].extent(0)), 1);
    return expand_dims(expand_dims(net_.lengths.get(), 0) > steps, -1);
  }
  Tensor all_states() const {
    bool mapped = net_.lengths.get().defined() && net_.lengths.get().body().mapped;
    std::vector<const Tensor*> pointers;
    for (const Tensor& one : tensors_) {
      mapped = mapped || one.body().mapped;
      pointers.push_back(&one);
    }
    return mapped ? composed(net_, tensors_) : apply_list(Recurrent{{net_.op}, net_}, pointers);
  }

  Net net_;
  std::vector<Tensor> tensors_;
};

}  // namespace

RecurrentResult rnn(const Tensor& x, const RecurrentWeights& weights, const Tensor& hidden,
                    const RecurrentOptions& options, Nonlinearity nonlinearity) {
  const Cell kind = nonlinearity == Nonlinearity::relu ? Cell::relu : Cell::tanh;
  const LstmResult all = Checked("rnn", kind, x, weights, {hidden, {}}, options).result();
  return {all.output, all.hidden};
}

RecurrentResult gru(const Tensor& x, const RecurrentWeights& weights, const Tensor& hidden,
                    const RecurrentOptions& options) {
  const LstmResult all = Checked("gru", Cell::gru, x, weights, {hidden, {}}, options).result();
  return {all.output, all.hidden};
}

LstmResult lstm(const Tensor& x, const RecurrentWeights& weights, const LstmState& state,
                const RecurrentOptions& options) {
  return Checked("lstm", Cell::lstm, x, weights, state, options).result();
}

}  // namespace xtape
