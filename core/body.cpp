#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>

namespace xtape::detail {

void Body::throw_no_values() const {
  throw ValueError(
      "vmap: the values of all examples are not one tensor's values, and this function reads them; "
      "got " +
      std::string(to_string(dtype)) + to_string(shape));
}

void add_reference(Body* body) noexcept { body->retain(); }
void drop_reference(Body* body) noexcept { body->release(); }

namespace {

bool is_row_major(const Shape& shape, const Strides& strides) {
  if (shape.size() == 0) return true;
  std::int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (shape[axis] != 1 && strides[static_cast<std::size_t>(axis)] != step) return false;
    step *= shape[axis];
  }
  return true;
}

/// Half of the address space is left for what is laid around the elements.
std::size_t bytes_of(const Shape& shape, Dtype dtype) {
  std::size_t bytes;
  if (__builtin_mul_overflow(static_cast<std::size_t>(shape.size()), size_of(dtype), &bytes) ||
      bytes > PTRDIFF_MAX / 2) {
    throw ShapeError("tensor: the size in bytes must be below 2^62; got " +
                     std::string(to_string(dtype)) + to_string(shape));
  }
  return bytes;
}

/// For an operation; within the rule of another, for that.
[[noreturn, gnu::cold]] void throw_no_memory(const char* operation, std::size_t bytes,
                                             const Shape& shape, Dtype dtype) {
  const std::string name =
      running_rule() != nullptr ? std::string(running_rule()) + " (backward)" : operation;
  throw MemoryError(name, bytes, std::string(to_string(dtype)) + to_string(shape));
}

inline Tensor make_body(const Shape& shape, const Strides& strides, Dtype dtype, std::byte* data,
                        Ref<Storage> storage, const char* operation) {
  try {
    return Tensor(Ref<Body>::adopt(new Body(shape, strides, dtype, data, std::move(storage))));
  } catch (const MemoryError& error) {
    throw_no_memory(operation, error.bytes, shape, dtype);
  }
}

}  // namespace

Tensor make_tensor(const Shape& shape, Dtype dtype, const char* operation) {
  const std::size_t bytes = bytes_of(shape, dtype);
  Ref<Storage> storage;
  try {
    storage = Storage::allocate(bytes);
  } catch (const MemoryError&) {
    throw_no_memory(operation, bytes, shape, dtype);
  }
  std::byte* data = storage->data();
  return make_body(shape, row_major_strides(shape), dtype, data, std::move(storage), operation);
}

Tensor make_view(const Tensor& base, const Shape& shape, const Strides& strides,
                 std::int64_t offset, const char* operation) {
  const Body& from = base.body();
  std::byte* data = from.data + offset * static_cast<std::int64_t>(size_of(from.dtype));
  Tensor view = make_body(shape, strides, from.dtype, data, from.storage, operation);
  view.body().contiguous = is_row_major(shape, strides);
  return view;
}

Tensor adopt_memory(void* data, const Shape& shape, Dtype dtype, std::function<void()> release,
                    const char* operation) {
  const std::size_t bytes = bytes_of(shape, dtype);
  Tensor y = make_body(shape, row_major_strides(shape), dtype, static_cast<std::byte*>(data),
                       nullptr, operation);
  named_in_errors(operation, [&] {  // last: nothing throws after
    y.body().storage = Storage::adopt(data, bytes, std::move(release));
  });
  return y;
}

Tensor off_tape(const Tensor& tensor, const char* operation) {
  if (tensor.body().mapped) return mapped_alias(tensor, true);
  Tensor view = make_view(tensor, tensor.shape(), tensor.body().strides, 0, operation);
  view.body().number = tensor.body().number;
  return view;
}

Tensor snapshot(const Tensor& tensor, const char* operation) {
  Tensor copy = off_tape(tensor, operation);
  copy.body().node = tensor.body().node;
  return copy;
}

bool shared(const Tensor& tensor) {
  return tensor.body().references.load(std::memory_order_acquire) > 1;
}

bool exclusive(const Tensor& tensor) {
  const Body& body = tensor.body();
  return body.references.load(std::memory_order_acquire) == 1 && body.contiguous && !body.node &&
         !body.mapped && body.storage->exclusive();
}

}  // namespace xtape::detail
