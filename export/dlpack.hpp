#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Tensors that pass between libraries without a copy. The structures have the layout of those of
/// dlpack.h, version 1, under names of their own: a pointer to one is cast to a pointer to the
/// other. Source: DLPack, "C API (dlpack.h)", v1.0.
namespace xtape::dlpack {

enum DeviceType : std::int32_t { cpu = 1, cuda = 2, cuda_host = 3, rocm_host = 11 };

struct Device {
  std::int32_t type;
  std::int32_t id;
};

enum TypeCode : std::uint8_t { integer = 0, natural = 1, floating = 2, bfloat = 4, boolean = 6 };

struct DataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

/// DLTensor
struct Array {
  void* data;
  Device device;
  std::int32_t rank;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  ///< in elements; null for row-major order
  std::uint64_t byte_offset;
};

struct Version {
  std::uint32_t major, minor;
};

inline constexpr std::uint64_t read_only = 1, is_copied = 2;  ///< flags

/// DLManagedTensorVersioned, in Python the capsule "dltensor_versioned".
struct Managed {
  Version version;
  void* context;
  void (*deleter)(Managed* self);
  std::uint64_t flags;
  Array array;
};

/// DLManagedTensor, which versions before 1 exchange: the capsule "dltensor".
struct Unversioned {
  Array array;
  void* context;
  void (*deleter)(Unversioned* self);
};

}  // namespace xtape::dlpack

namespace xtape {

struct DlpackOptions {
  /// Always a copy, or never; without a value one where there must be.
  std::optional<bool> copy = {};
};

/// A tensor for another library: of any strides, flagged as read-only, since values do not change;
/// what is assigned later goes elsewhere. Data of an empty one are null. Who takes it calls its
/// deleter; until then the memory lives. A copy is dense and may be written.
/// Throws GradError for a tensor that is recorded, see `detach`; ValueError for one that is
/// undefined or within vmap.
[[nodiscard]] dlpack::Managed* to_dlpack(const Tensor& x, const DlpackOptions& options = {});
/// The same for who does not know versions and flags: always a copy. Throws ValueError if there
/// must be none.
[[nodiscard]] dlpack::Unversioned* to_dlpack_unversioned(const Tensor& x,
                                                         const DlpackOptions& options = {});

/// A tensor over the memory of another library, which is only ever read, and is let go by the
/// deleter when no tensor needs it any more; what others write there later shows in it. Taken as
/// they are: bool, int64, float32 and float64 on the CPU or in a GPU's host memory, of any strides.
/// Copied: int8 to int32 and uint8 to uint64, which become int64; float16 and bfloat16, which
/// become float32; elements that are not aligned.
/// Throws, with nothing taken, so that the deleter stays the caller's: ValueError for a null
/// pointer, another major version or device, other types, lanes, strides that leave the address
/// space, a bool other than 0 and 1, and for what must be copied if there must be no copy;
/// ShapeError for a negative extent or more than 8 axes.
[[nodiscard]] Tensor from_dlpack(dlpack::Managed* given, const DlpackOptions& options = {});
[[nodiscard]] Tensor from_dlpack(dlpack::Unversioned* given, const DlpackOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
