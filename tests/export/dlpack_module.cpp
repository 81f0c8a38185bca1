// Tensors for tests/reference/dlpack_exchange.py, which loads this library and wraps them in
// capsules.
#include <cstdint>
#include <string>

#include <xtape/dlpack.hpp>
#include <xtape/xtape.hpp>

using namespace xtape;

namespace {
std::string text;
}

extern "C" {

/// [[0, 2], [4, 6], [8, 10]] in a dtype, by strides of its own.
__attribute__((visibility("default"))) void* give(const char* dtype) {
  const std::string name = dtype;
  const Tensor all = reshape(arange(12), {3, 4});
  const Tensor part = slice(all, {Slice::all, range(0, {}, 2)});
  return to_dlpack(part.to(name == "float32"   ? Dtype::float32
                           : name == "float64" ? Dtype::float64
                                               : Dtype::int64));
}

/// What the tensor is that somebody gives: "float32[2, 3] 15", with the sum; or why it is refused.
__attribute__((visibility("default"))) const char* take(void* managed, bool versioned) {
  try {
    const Tensor x = versioned ? from_dlpack(static_cast<dlpack::Managed*>(managed))
                               : from_dlpack(static_cast<dlpack::Unversioned*>(managed));
    text = x.describe() + " " + detail::text(sum(x.to(Dtype::float64)).item());
  } catch (const Error& error) {
    text = error.what();
  }
  return text.c_str();
}

}  // extern "C"
