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

/// A model as a function of C, compiled and loaded.
class LoadedC {
 public:
  LoadedC(const nn::AnyModule& model, const Tensor& example, const CSourceOptions& options = {}) {
    const std::string source = directory_.file("model.c"), library = directory_.file("model.so");
    export_c(source, model, example, options);
    text = text_of(source);
    const std::string command = compiler() +
                                " -std=c11 -Wall -Wextra -Werror -pedantic -O2 -shared -fPIC " +
                                traps + " -o " + library + " " + source + " -lm";
    REQUIRE(runs(command));
    library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library_ != nullptr);
    function_ = reinterpret_cast<void (*)(const void*, void*)>(dlsym(library_, "model"));
    REQUIRE(dlsym(library_, "model") != nullptr);
  }
  ~LoadedC() {
    if (library_ != nullptr) dlclose(library_);
  }
  LoadedC(const LoadedC&) = delete;
  LoadedC& operator=(const LoadedC&) = delete;

  /// What it makes of x, like a tensor.
  Tensor operator()(const Tensor& x, const Tensor& like) const {
    const auto of = [&]<class T>(T) {
      std::vector<T> y(static_cast<std::size_t>(like.size()), T{});
      function_(data_of(x), y.data());
      return from_span(std::span<const T>(y), like.shape());
    };
    if (like.dtype() == Dtype::float32) return of(float{});
    if (like.dtype() == Dtype::float64) return of(double{});
    if (like.dtype() == Dtype::int64) return of(std::int64_t{});
    std::vector<unsigned char> y(static_cast<std::size_t>(like.size()));
    function_(data_of(x), y.data());
    return from_vector(std::vector<std::int64_t>(y.begin(), y.end()), like.shape())
        .to(Dtype::boolean);
  }

  std::string text;

 private:
  static const void* data_of(const Tensor& x) {
    if (x.dtype() == Dtype::float32) return x.data<float>().data();
    if (x.dtype() == Dtype::float64) return x.data<double>().data();
    return x.data<std::int64_t>().data();
  }
  TemporaryDirectory directory_;
  void* library_ = nullptr;
  void (*function_)(const void*, void*) = nullptr;
};

}  // namespace models
