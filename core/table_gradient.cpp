#include <algorithm>
#include <utility>
#include <vector>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/kernels/row_sums.hpp>
#include <xtape/core/table_gradient.hpp>

namespace xtape::detail {
namespace {

struct RowsBody : Body {
  RowsBody(const Shape& table, Dtype type)
      : Body(table, row_major_strides(table), type, nullptr, nullptr) {
    of_rows = true;
    end = [](Body* body) noexcept { delete static_cast<RowsBody*>(body); };
  }
  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* body, std::size_t bytes) noexcept {
    memory::deallocate(body, bytes);
  }

  std::int64_t width() const { return count_of({shape.begin() + 1, shape.end()}); }

  std::vector<TableRows, memory::Allocator<TableRows>> parts;
  bool coalesced = false;  // one part, which names each row once, in rising order
};

RowsBody& body_of(const Tensor& gradient) { return static_cast<RowsBody&>(gradient.body()); }

Tensor make(const Shape& table, Dtype dtype) {
  return Tensor(Ref<Body>::adopt(new RowsBody(table, dtype)));
}

/// The rows of all parts, and where their values lie.
kernels::NamedRows named_rows(const RowsBody& body) {
  kernels::NamedRows rows;
  const std::int64_t row_bytes = body.width() * static_cast<std::int64_t>(size_of(body.dtype));
  std::int64_t count = 0;
  for (const TableRows& part : body.parts) count += part.rows.size();
  rows.reserve(static_cast<std::size_t>(count));
  for (const TableRows& part : body.parts) {
    const auto* number = part.rows.body().elements<const std::int64_t>();
    const std::byte* values = part.values.body().data;
    for (std::int64_t i = 0, n = part.rows.size(); i < n; ++i, values += row_bytes)
      rows.push_back({number[i], values});
  }
  return rows;
}

}  // namespace

Tensor table_gradient(const Shape& table, Dtype dtype, TableRows part) {
  Tensor gradient = make(table, dtype);
  RowsBody& body = body_of(gradient);
  body.coalesced =
      kernels::rising(part.rows.body().elements<const std::int64_t>(), part.rows.size());
  body.parts.push_back(std::move(part));
  return gradient;
}

bool of_rows(const Tensor& gradient) { return gradient.body().of_rows; }

Tensor coalesced(Tensor gradient) {
  const RowsBody& body = body_of(gradient);
  if (body.coalesced) return gradient;
  kernels::NamedRows rows = named_rows(body);
  kernels::sort_rows(rows, body.shape[0]);
  const std::int64_t count = kernels::count_distinct(rows);
  Shape shape = body.shape;
  shape[0] = count;
  const TableRows sums{make_tensor({count}, Dtype::int64), make_tensor(shape, body.dtype)};
  kernels::sum_rows(rows, body.width(), body.dtype, sums.rows.body().elements<std::int64_t>(),
                    sums.values.body().data);
  Tensor result = make(body.shape, body.dtype);
  body_of(result).parts.push_back(sums);
  body_of(result).coalesced = true;
  return result;
}

const TableRows& rows_of(const Tensor& gradient) { return body_of(gradient).parts.front(); }

Tensor dense(const Tensor& gradient) {
  if (!of_rows(gradient)) return gradient;
  const Tensor once = coalesced(gradient);
  const TableRows& part = rows_of(once);
  const Body& body = once.body();
  Tensor whole = zeros(body.shape, body.dtype);
  kernels::put_rows(whole.body().data, part.values.body().data,
                    part.rows.body().elements<const std::int64_t>(), part.rows.size(),
                    static_cast<std::size_t>(body_of(once).width()) * size_of(body.dtype));
  return whole;
}

Tensor accumulate_rows(Tensor a, Tensor b) {
  if (!of_rows(a)) std::swap(a, b);
  if (of_rows(b)) {
    Tensor sum = a;
    a = {};
    if (shared(sum)) {
      const RowsBody& others = body_of(sum);
      Tensor copy = make(others.shape, others.dtype);
      body_of(copy).parts = others.parts;
      sum = std::move(copy);
    }
    RowsBody& body = body_of(sum);
    const RowsBody& other = body_of(b);
    body.parts.insert(body.parts.end(), other.parts.begin(), other.parts.end());
    body.coalesced = false;
    return sum;
  }
  if (b.body().mapped || b.requires_grad()) return accumulate(std::move(b), dense(a));
  const Tensor once = coalesced(std::move(a));
  if (!exclusive(b)) b = b.detach().clone();
  const TableRows& part = rows_of(once);
  kernels::add_rows(b.body().data, b.dtype(), part.values.body().data, once.dtype(),
                    part.rows.body().elements<const std::int64_t>(), part.rows.size(),
                    body_of(once).width());
  return b;
}

}  // namespace xtape::detail
