#pragma once
#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
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
    auto* const symbol = dlsym(library_, name.c_str());
    REQUIRE(symbol != nullptr);
    auto* const function = reinterpret_cast<void (*)(const void*, void*)>(symbol);
    const auto of = [&]<class T>(T) {
      std::vector<T> y(static_cast<std::size_t>(like.size()), T{});
      function(data_of(x), y.data());
      return from_span(std::span<const T>(y), like.shape());
    };
    if (like.dtype() == Dtype::float32) return of(float{});
    if (like.dtype() == Dtype::float64) return of(double{});
    if (like.dtype() == Dtype::int64) return of(std::int64_t{});
    std::vector<unsigned char> y(static_cast<std::size_t>(like.size()));
    function(data_of(x), y.data());
    return from_vector(std::vector<std::int64_t>(y.begin(), y.end()), like.shape())
        .to(Dtype::boolean);
  }

 private:
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
