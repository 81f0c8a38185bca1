#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

#include <xtape/config.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/storage.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// What all handles of one tensor share.
struct Body {
  /// A view.
  Body(const Shape& extents, const Strides& steps, Dtype type, std::byte* elements,
       Ref<Storage> memory)
      : dtype(type),
        shape(extents),
        strides(steps),
        size(extents.size()),
        data(elements),
        storage(std::move(memory)) {}

  /// Of dense elements in row-major order.
  Body(const Shape& extents, std::int64_t count, Dtype type, std::byte* elements,
       Ref<Storage> memory)
      : dtype(type),
        shape(extents),
        strides(row_major_strides(extents)),
        size(count),
        data(elements),
        storage(std::move(memory)) {}

  std::atomic<std::uint32_t> references{1};
  Dtype dtype;
  bool contiguous : 1 = true;
  bool number : 1 = false;  // adapts its dtype as a literal does; `number_of` has its exact value
  bool fixed : 1 = false;   // made of a number for an operation: nobody can assign to it
  bool cotangent : 1 = false;  // a constant gradient, handed to a rule that is being differentiated
  bool replaceable : 1 = false;  // a CloneScope may hand out a copy instead
  bool mapped : 1 = false;  // one example's view of the values of all, without data: see mapped.hpp
  bool of_rows : 1 = false;  // a gradient without data: see table_gradient.hpp
  bool placed : 1 = false;   // in memory that is planned: what is assigned to it is written there
  bool reading : 1 = false;  // what was read of such a gradient: an assignment would be lost
  Shape shape;
  Strides strides;
  std::int64_t size;
  std::byte* data;       // the first element
  Ref<Storage> storage;  // keeps `data` alive
  Ref<Node> node;        // where its gradient goes; null for constants
  Ref<Node> frozen;      // the node of a leaf that requires no gradient for now
  // By the copy of the library that made it, whose pool it is from: a process may have several.
  void (*end)(Body*) noexcept = [](Body* body) noexcept { delete body; };

  void retain() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references.load(std::memory_order_acquire) == 1 ||
        references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      end(this);
    }
  }
  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* body, std::size_t bytes) noexcept {
    memory::deallocate(body, bytes);
  }

  template <class T>
  T* elements() const {
    if (mapped) throw_no_values();
    return reinterpret_cast<T*>(data);
  }
  [[noreturn]] void throw_no_values() const;
};

static_assert(sizeof(Body) <= 192);  // three cache lines

/// A tensor of one number. Throws ValueError, in the name of `op`, if it does not fit in the dtype.
Tensor constant(const char* op, const Shape& shape, const Number& value, Dtype dtype);

/// The exact value of a tensor that is a number, or the only element of a dense one of int64,
/// boolean or float64.
Number number_of(const Body& body);

/// `value`; if it is a number `adapted`, made a tensor of it that fits beside those of dtype
/// `other`.
/// Throws ValueError, in the name of `op`, if it does not.
const Tensor& beside(const char* op, const Tensor& value, Dtype other, Tensor& adapted);

/// The dtype beside which numbers among tensors are made tensors: the promoted one of the others,
/// or that of a list of numbers if there are no others.
Dtype dtype_of_all(std::span<const Tensor> tensors);

[[noreturn]] void throw_undefined(const char* op, const char* what);
/// Throws ValueError, "op: what must be defined; ...", for a tensor that is not.
inline void require_defined(const char* op, const char* what, const Tensor& tensor) {
  if (!tensor.defined()) [[unlikely]]
    throw_undefined(op, what);
}

/// A tensor over the memory of `base` without a place on the tape.
Tensor make_view(const Tensor& base, const Shape& shape, const Strides& strides,
                 std::int64_t offset = 0, const char* operation = __builtin_FUNCTION());

/// A dense tensor over memory of somebody else's; `release` is called when nobody needs it any
/// more.
Tensor adopt_memory(void* data, const Shape& shape, Dtype dtype, std::function<void()> release,
                    const char* operation = __builtin_FUNCTION());

/// Another handle's worth of the same value: shares memory and place on the tape, not the fate
/// under `assign`.
Tensor snapshot(const Tensor& tensor, const char* operation = __builtin_FUNCTION());

/// Whether other handles refer to the same tensor.
bool shared(const Tensor& tensor);

/// Whether the value may be overwritten: dense, one handle, one owner of the memory, not on the
/// tape.
bool exclusive(const Tensor& tensor);

/// The elements of a leaf for writing in place. If others hold its memory it first moves to memory
/// of its own, with the values copied.
template <class T>
T* writable(const Tensor& leaf);
void make_exclusive(const Tensor& leaf);

template <class T>
T* writable(const Tensor& leaf) {
  make_exclusive(leaf);
  return leaf.body().elements<T>();
}

/// Replaces value and dtype of a leaf; its gradient is dropped if the dtype changes, and a live
/// graph that wants to add to it throws.
void replace_value(const Tensor& leaf, const Tensor& value);

/// While it lives, a rule of this name runs on this thread; none if null, for a user's function
/// that a rule calls.
class RuleScope {
 public:
  explicit RuleScope(const char* name);
  ~RuleScope();
  RuleScope(const RuleScope&) = delete;
  RuleScope& operator=(const RuleScope&) = delete;

 private:
  const char* outer_;
};

/// Name of the operation whose rule runs; null outside backward.
const char* running_rule();

/// Name of the operation whose rule runs while the backward pass is recorded; null otherwise.
const char* differentiable_rule();

}  // namespace xtape::detail

XTAPE_EXPORT_END
