#include <new>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
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

void throw_undefined(const char* op, const char* what) {
  throw ValueError(std::string(op) + ": " + what + " must be defined; got an undefined tensor");
}

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
std::size_t bytes_of(const Shape& shape, std::int64_t size, Dtype dtype) {
  std::size_t bytes;
  if (__builtin_mul_overflow(static_cast<std::size_t>(size), size_of(dtype), &bytes) ||
      bytes > PTRDIFF_MAX / 2) [[unlikely]] {
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

/// The body of a small tensor lies in front of its storage.
Body* make_small_body(const Shape& shape, std::int64_t size, Dtype dtype, std::size_t bytes) {
  Ref<Storage> storage = Storage::allocate_behind(sizeof(Body), bytes);
  Storage& behind = *storage.get();
  auto* const body =
      ::new (behind.room()) Body(shape, size, dtype, behind.data(), std::move(storage));
  body->end = [](Body* self) noexcept {
    auto* const home = std::launder(reinterpret_cast<Storage*>(self + 1));
    Ref<Storage> last = std::move(self->storage);
    self->~Body();
    home->vacate(std::move(last));
  };
  return body;
}

Body* make_large_body(const Shape& shape, std::int64_t size, Dtype dtype, std::size_t bytes) {
  Ref<Storage> storage = Storage::allocate(bytes);
  std::byte* const data = storage->data();
  return new Body(shape, size, dtype, data, std::move(storage));
}

}  // namespace

Tensor make_tensor(const Shape& shape, Dtype dtype, const char* operation) {
  const std::int64_t size = shape.size();
  const std::size_t bytes = bytes_of(shape, size, dtype);
  const auto make = bytes <= Storage::most_behind ? make_small_body : make_large_body;
  try {
    return Tensor(Ref<Body>::adopt(make(shape, size, dtype, bytes)));
  } catch (const MemoryError&) {
    throw_no_memory(operation, bytes, shape, dtype);
  }
}

Tensor make_view(const Tensor& base, const Shape& shape, const Strides& strides,
                 std::int64_t offset, const char* operation) {
  if (levels.watcher != nullptr) [[unlikely]]
    Watcher::tell_all([&](Watcher& to) { to.views(base); });
  const Body& from = base.body();
  std::byte* data = from.data + offset * static_cast<std::int64_t>(size_of(from.dtype));
  try {
    Tensor view(Ref<Body>::adopt(new Body(shape, strides, from.dtype, data, from.storage)));
    view.body().contiguous = is_row_major(shape, strides);
    return view;
  } catch (const MemoryError& error) {
    throw_no_memory(operation, error.bytes, shape, from.dtype);
  }
}

Tensor adopt_memory(void* data, const Shape& shape, Dtype dtype, std::function<void()> release,
                    const char* operation) {
  const std::int64_t size = shape.size();
  const std::size_t bytes = bytes_of(shape, size, dtype);
  try {
    Tensor y(Ref<Body>::adopt(
        new Body(shape, size, dtype, static_cast<std::byte*>(data), Ref<Storage>())));
    y.body().storage = Storage::adopt(data, bytes, std::move(release));  // nothing throws after
    return y;
  } catch (const MemoryError& error) {
    throw_no_memory(operation, error.bytes, shape, dtype);
  }
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
