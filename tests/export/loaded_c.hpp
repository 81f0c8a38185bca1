#pragma once
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/temporary_directory.hpp"

namespace models {

using namespace xtape;

inline bool runs(const std::string& command) { return std::system(command.c_str()) == 0; }

/// gcc, or clang, for C; empty if there is none.
inline const std::string& compiler() {
  static const std::string found = [] {
    for (const char* name : {"gcc", "clang", "cc"})
      if (runs(std::string("command -v ") + name + " >/dev/null")) return std::string(name);
    return std::string();
  }();
  return found;
}

/// Whether nothing can be checked here, which it says.
inline bool no_compiler() {
  if (!compiler().empty()) return false;
  MESSAGE("there is no compiler of C: not checked");
  return true;
}

inline std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What C leaves undefined ends the program.
inline const std::string traps =
    "-fsanitize=undefined,float-cast-overflow -fsanitize-undefined-trap-on-error";

/// Files of C, compiled and loaded.
class LibraryOfC {
 public:
  LibraryOfC(const TemporaryDirectory& directory, const std::string& sources) {
    const std::string library = directory.file("library.so");
    REQUIRE(runs("cd " + directory.path() + " && " + compiler() +
                 " -std=c11 -Wall -Wextra -Werror -pedantic -O2 -shared -fPIC " + traps + " -o " +
                 library + " " + sources + " -lm"));
    library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library_ != nullptr);
  }
  ~LibraryOfC() {
    if (library_ != nullptr) dlclose(library_);
  }
  LibraryOfC(const LibraryOfC&) = delete;
  LibraryOfC& operator=(const LibraryOfC&) = delete;

  /// What a function makes of x, like a tensor.
  Tensor call(const std::string& name, const Tensor& x, const Tensor& like) const {
    return call(name, std::vector<Tensor>{x}, std::vector<Tensor>{like})[0];
  }
  /// What one makes of several, like tensors.
  std::vector<Tensor> call(const std::string& name, const std::vector<Tensor>& x,
                           const std::vector<Tensor>& like) const {
    auto* const symbol = dlsym(library_, name.c_str());
    REQUIRE(symbol != nullptr);
    std::vector<Tensor> held;
    std::vector<std::vector<std::int64_t>> room;  // aligned for all
    std::vector<const void*> places;
    for (const Tensor& each : x) places.push_back(data_of(held.emplace_back(each.contiguous())));
    for (const Tensor& each : like)
      places.push_back(room.emplace_back(static_cast<std::size_t>(each.size()) + 1).data());
    called(symbol, places);
    std::vector<Tensor> results;
    for (std::size_t i = 0; i < like.size(); ++i) results.push_back(read(room[i].data(), like[i]));
    return results;
  }

 private:
  template <std::size_t... i>
  static void called_with(std::index_sequence<i...>, void* symbol,
                          const std::vector<const void*>& places) {
    using Pointers = std::array<const void*, sizeof...(i)>;
    reinterpret_cast<void (*)(std::tuple_element_t<i, Pointers>...)>(symbol)(places[i]...);
  }
  static void called(void* symbol, const std::vector<const void*>& places) {
    switch (places.size()) {
      case 2: return called_with(std::make_index_sequence<2>(), symbol, places);
      case 3: return called_with(std::make_index_sequence<3>(), symbol, places);
      case 4: return called_with(std::make_index_sequence<4>(), symbol, places);
      case 6: return called_with(std::make_index_sequence<6>(), symbol, places);
      default: FAIL("so many pointers are not passed here");
    }
  }
  static Tensor read(const void* from, const Tensor& like) {
    const auto count = static_cast<std::size_t>(like.size());
    const auto of = [&]<class T>(const T* first) {
      return from_span(std::span<const T>(first, count), like.shape());
    };
    if (like.dtype() == Dtype::float32) return of(static_cast<const float*>(from));
    if (like.dtype() == Dtype::float64) return of(static_cast<const double*>(from));
    if (like.dtype() == Dtype::int64) return of(static_cast<const std::int64_t*>(from));
    const auto* truths = static_cast<const unsigned char*>(from);
    return from_vector(std::vector<std::int64_t>(truths, truths + count), like.shape())
        .to(Dtype::boolean);
  }
  static const void* data_of(const Tensor& x) {
    if (x.dtype() == Dtype::float32) return x.data<float>().data();
    if (x.dtype() == Dtype::float64) return x.data<double>().data();
    return x.data<std::int64_t>().data();
  }
  void* library_ = nullptr;
};

/// A model as a function of C.
class LoadedC {
 public:
  LoadedC(const nn::AnyModule& model, const Tensor& example, const CSourceOptions& options = {})
      : text(written(model, example, options)), library_(directory_, "model.c") {}

  Tensor operator()(const Tensor& x, const Tensor& like) const {
    return library_.call("model", x, like);
  }

 private:
  std::string written(const nn::AnyModule& model, const Tensor& example,
                      const CSourceOptions& options) const {
    export_c(directory_.file("model.c"), model, example, options);
    return text_of(directory_.file("model.c"));
  }
  TemporaryDirectory directory_;

 public:
  const std::string text;

 private:
  LibraryOfC library_;
};

}  // namespace models
