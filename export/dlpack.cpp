#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/export/dlpack.hpp>
#include <xtape/export/kernels/dlpack_elements.hpp>

namespace xtape {
namespace {

static_assert(sizeof(dlpack::Array) == 48 && sizeof(dlpack::Managed) == 80 &&
              sizeof(dlpack::Unversioned) == 64);

// Going out.

dlpack::DataType type_of(Dtype dtype) {
  constexpr dlpack::DataType types[] = {{dlpack::boolean, 8, 1},
                                        {dlpack::integer, 64, 1},
                                        {dlpack::floating, 32, 1},
                                        {dlpack::floating, 64, 1}};
  return types[static_cast<std::size_t>(dtype)];
}

/// What another library holds: the tensor, and its shape for as long.
template <class Structure>
struct Handed {
  Structure structure{};
  Tensor tensor;
  std::array<std::int64_t, max_rank> shape{}, strides{};
};

template <class Structure>
Structure* handed(const char* op, const Tensor& x, bool copied) {
  detail::require_defined(op, "x", x);
  detail::check_readable(op, x);
  auto of = std::make_unique<Handed<Structure>>();
  {
    const NoGradGuard off;
    of->tensor = copied ? x.detach().clone() : x.detach();  // a handle: assign leaves it alone
  }
  const detail::Body& body = of->tensor.body();
  std::copy(body.shape.begin(), body.shape.end(), of->shape.begin());
  of->strides = body.strides;
  of->structure.array = {body.size > 0 ? body.data : nullptr,
                         {dlpack::cpu, 0},
                         of->tensor.rank(),
                         type_of(body.dtype),
                         of->shape.data(),
                         of->strides.data(),
                         0};
  of->structure.context = of.get();
  of->structure.deleter = [](Structure* self) {
    delete static_cast<Handed<Structure>*>(self->context);
  };
  return &of.release()->structure;
}

// Coming in.

[[noreturn]] void refuse(const std::string& what) { throw ValueError("from_dlpack: " + what); }

std::string text_of(const dlpack::DataType& type) {
  return "code " + std::to_string(type.code) + " of " + std::to_string(type.bits) + " bits in " +
         std::to_string(type.lanes) + " lanes";
}

/// An array, checked.
struct Checked {
  explicit Checked(const dlpack::Array& of);

  const std::byte* first = nullptr;  // the element at index 0
  dlpack::DataType type;
  Dtype dtype{};
  Shape shape;
  Strides strides{};
  const char* why_copied = nullptr;  // none if it can be taken as it is

 private:
  void check_reach(std::int64_t element) const;
};

Checked::Checked(const dlpack::Array& of) : type(of.dtype) {
  if (of.device.type != dlpack::cpu && of.device.type != dlpack::cuda_host &&
      of.device.type != dlpack::rocm_host)
    refuse("the memory must be the CPU's; got device type " + std::to_string(of.device.type));
  const std::optional<Dtype> holder = exporting::holder_of(type);
  if (!holder)
    refuse(
        "the elements must be bool, integers of up to 64 bits or floating numbers of 16, 32 or " +
        ("64 bits, one a lane; got " + text_of(type)));
  dtype = *holder;
  if (of.rank < 0 || of.rank > max_rank)
    throw ShapeError("from_dlpack: 0 to 8 axes are possible; got " + std::to_string(of.rank));
  if (of.rank > 0 && of.shape == nullptr) refuse("a shape is needed; got a null pointer");
  shape = Shape(std::span<const std::int64_t>(of.shape, static_cast<std::size_t>(of.rank)));
  strides = row_major_strides(shape);
  if (of.strides != nullptr) std::copy_n(of.strides, of.rank, strides.begin());
  if (shape.size() == 0) return;
  const std::int64_t element = type.bits / 8;
  check_reach(element);
  if (of.data == nullptr) refuse("data is needed; got a null pointer");
  if (of.byte_offset > static_cast<std::uint64_t>(INT64_MAX))
    refuse("the byte offset must fit in the address space; got " + std::to_string(of.byte_offset));
  first = static_cast<const std::byte*>(of.data) + of.byte_offset;
  const bool as_it_is = type.code == type_of(dtype).code && type.bits == type_of(dtype).bits;
  const bool aligned = reinterpret_cast<std::uintptr_t>(first) % size_of(dtype) == 0;
  why_copied = !as_it_is  ? "its elements are of another type"
               : !aligned ? "its elements are not aligned"
                          : nullptr;
}

/// How far the elements lie apart, in bytes, must be a number.
void Checked::check_reach(std::int64_t element) const {
  std::int64_t reach = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const std::int64_t stride = strides[static_cast<std::size_t>(axis)];
    std::int64_t along = 0;
    const bool fits = stride != INT64_MIN &&
                      !__builtin_mul_overflow(shape[axis], std::abs(stride), &along) &&
                      !__builtin_mul_overflow(along, element, &along) &&
                      !__builtin_add_overflow(reach, along, &reach);
    if (!fits)
      refuse("strides must stay in the address space; got " + std::to_string(stride) +
             " along axis " + std::to_string(axis) + " of " + to_string(shape));
  }
}

Tensor gathered(const Checked& of) {
  Tensor y = detail::make_tensor(of.shape, of.dtype, "from_dlpack");
  if (of.shape.size() > 0 && !exporting::gather(of.type, of.first, of.strides, y))
    refuse(of.dtype == Dtype::boolean ? "a bool must be 0 or 1"
                                      : "uint64 numbers must be below 2^63, to fit in int64");
  return y;
}

Tensor viewed(const Checked& of, std::function<void()> release) {
  if (of.dtype == Dtype::boolean && !exporting::are_truths(of.first, of.shape, of.strides))
    refuse("a bool must be 0 or 1");
  const std::span<const std::int64_t> strides(of.strides.data(),
                                              static_cast<std::size_t>(of.shape.rank()));
  return visit(of.dtype, [&]<class T>(TypeTag<T>) {
    return from_memory(reinterpret_cast<const T*>(of.first), of.shape, strides, std::move(release));
  });
}

template <class Structure>
Tensor taken(Structure* given, const DlpackOptions& options) {
  const Checked of(given->array);
  const auto let_go = [given] {
    if (given->deleter != nullptr) given->deleter(given);
  };
  if (of.why_copied != nullptr && options.copy == false)
    refuse(std::string("there must be a copy, since ") + of.why_copied);
  if (of.why_copied != nullptr || options.copy.value_or(false) || of.shape.size() == 0) {
    Tensor y = gathered(of);
    let_go();
    return y;
  }
  // What goes wrong behind the release leaves everything to the caller.
  const auto owned = std::make_shared<bool>(false);
  Tensor y = viewed(of, [=] {
    if (*owned) let_go();
  });
  *owned = true;
  return y;
}

}  // namespace

dlpack::Managed* to_dlpack(const Tensor& x, const DlpackOptions& options) {
  const bool copied = options.copy.value_or(false);
  auto* structure = handed<dlpack::Managed>("to_dlpack", x, copied);
  structure->version = {1, 0};
  structure->flags = copied ? dlpack::is_copied : dlpack::read_only;
  return structure;
}

dlpack::Unversioned* to_dlpack_unversioned(const Tensor& x, const DlpackOptions& options) {
  if (options.copy == false)
    throw ValueError(
        "to_dlpack_unversioned: there must be a copy, since nothing says there that "
        "the memory may not be written");
  return handed<dlpack::Unversioned>("to_dlpack_unversioned", x, true);
}

Tensor from_dlpack(dlpack::Managed* given, const DlpackOptions& options) {
  if (given == nullptr) refuse("a tensor is needed; got a null pointer");
  if (given->version.major != 1)
    refuse("version 1 of DLPack is known; got " + std::to_string(given->version.major) + "." +
           std::to_string(given->version.minor));
  return taken(given, options);
}

Tensor from_dlpack(dlpack::Unversioned* given, const DlpackOptions& options) {
  if (given == nullptr) refuse("a tensor is needed; got a null pointer");
  return taken(given, options);
}

}  // namespace xtape
