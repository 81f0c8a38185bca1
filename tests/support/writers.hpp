#pragma once
// Every writer of files, and what it has written.

#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

namespace writers {

using namespace xtape;

/// Writes a file, which differs from version to version and is the same each time.
struct Writer {
  std::string name;
  std::function<void(const std::string& path, int version)> write;
  std::string path_in(const std::string& folder) const {
    return folder + (name == "svg" || name == "png" ? "/file." + name : "/file");
  }
};

inline Tensor numbers(int version) { return arange(40000).to(Dtype::float64) * (1 + version); }

inline std::vector<Writer> all() {
  return {
      {"npy", [](auto& path, int version) { data::save_npy(path, numbers(version)); }},
      {"npz",
       [](auto& path, int version) {
         data::save_npz(path, {{"x", numbers(version)}});
       }},
      {"npz, compressed",
       [](auto& path, int version) {
         data::save_npz(path, {{"x", numbers(version)}}, {.compress = true});
       }},
      {"safetensors",
       [](auto& path, int version) {
         data::save_safetensors(path, {{"x", numbers(version)}});
       }},
      {"csv",
       [](auto& path, int version) {
         data::CsvWriter file(path, {"row", "text"});
         for (std::int64_t row = 0; row < 5000; ++row)
           file.write({row * (1 + version), std::string("some text")});
         file.commit();
       }},
      {"checkpoint",
       [](auto& path, int version) {
         Rng rng(static_cast<std::uint64_t>(version));
         nn::Dense model(100, 300, {}, rng);
         Checkpoint parts;
         parts.add("model", model).add("rng", rng).add("epoch", version);
         parts.save(path);
       }},
      {"history",
       [](auto& path, int version) {
         History history;
         for (int epoch = 0; epoch < 3000; ++epoch) history.add({{"loss", epoch + version}});
         history.save_csv(path);
       }},
      {"svg",
       [](auto& path, int version) {
         report::Plot plot;
         plot.line(numbers(version));
         plot.save(path);
       }},
      {"png",
       [](auto& path, int version) {
         report::save_png(
             path,
             reshape(remainder(arange(40000) * (1 + version), 256), {200, 200}).to(Dtype::float32) /
                 255);
       }},
      {"onnx",
       [](auto& path, int version) {
         Rng rng(static_cast<std::uint64_t>(version));
         export_onnx(path, nn::Dense(100, 300, {}, rng), ones({1, 100}));
       }},
      {"c",
       [](auto& path, int version) {
         Rng rng(static_cast<std::uint64_t>(version));
         export_c(path, nn::Dense(30, 100, {}, rng), ones({1, 30}));
       }},
  };
}

inline std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace writers
