// usage: host PLUGIN.so shared|apart
// Loads a plugin that uses xtape as this program does, from one shared library or each from a copy
// of its own, works with it, and unloads it.
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>

#include "plugin.hpp"

using namespace xtape;

namespace {

bool failed = false;

void check(bool right, const char* what) {
  if (right) return;
  std::cerr << "not so: " << what << '\n';
  failed = true;
}

/// The text of the E that `call` throws; empty if it throws nothing, or something else.
template <class E>
std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    std::cerr << "another error: " << error.what() << '\n';
  }
  return {};
}

void check_memory(const Plugin& plugin) {
  const std::int64_t here = memory::live_bytes(), there = plugin.live_bytes();
  std::vector<Tensor> tensors;
  for (const std::int64_t n : {1, 10, 100, 1000, 10'000, 100'000, 1'000'000}) {
    for (int i = 0; i < 200 && i * n < 2'000'000; ++i) tensors.push_back(plugin.make(n));
  }
  double total = 0;
  for (const Tensor& tensor : tensors)
    total += sum(tensor).item() / static_cast<double>(tensor.size());
  check(total == 2.0 * static_cast<double>(tensors.size()), "tensors of the plugin can be used");
  tensors.clear();
  memory::release_cached();
  check(memory::live_bytes() == here && plugin.live_bytes() == there,
        "what the plugin made and the program dropped went back to where it came from");
}

void check_graphs(const Plugin& plugin, bool shared) {
  const Tensor own = full({3}, 3.0).set_requires_grad(true), theirs = plugin.weight();
  const Tensor theirs_loss = plugin.loss(theirs);
  if (shared) {
    sum(own * theirs).backward();
    theirs_loss.backward();
    check(own.grad().to_vector<double>() == std::vector<double>{1, 1, 1},
          "gradient of a mixed graph");
    check(theirs.grad().to_vector<double>() == std::vector<double>{5, 5, 5},
          "gradients of a mixed graph and of one of the plugin's");
  } else {
    const std::string reason = "copy of the library";
    for (const auto& mix : std::vector<std::function<void()>>{
             [&] { static_cast<void>(own * theirs); }, [&] { static_cast<void>(theirs * 2); },
             [&] {
               static_cast<void>(sum(concatenate({own, theirs_loss * 1.0}, 0)));
             },
             [&] { static_cast<void>(plugin.loss(own)); }, [&] { theirs_loss.backward(); },
             [&] { static_cast<void>(grad(theirs_loss, {own})); }}) {
      check(error_of<GradError>(mix).find(reason) != std::string::npos, "a mixed graph is refused");
    }
    check(!theirs.grad().defined(), "what was refused left no gradient");
  }
  // A constant of the other's may take part in any graph.
  own.zero_grad();
  sum(own * plugin.make(3)).backward();
  check(own.grad().to_vector<double>() == std::vector<double>{2, 2, 2},
        "gradient beside a constant");
}

void work(const Plugin& plugin, bool shared) {
  check(plugin.train() < 0.9, "the plugin trains");
  check(plugin.share() == 4e6, "the plugin has threads");
  check(error_of<ShapeError>(plugin.fail).find("inner extents") != std::string::npos,
        "an error of the plugin is caught by its type");
  check(!error_of<Error>(plugin.fail).empty(), "an error of the plugin is an xtape::Error");
  {
    const NoGradGuard guard;
    check(plugin.recording() != shared, "a guard holds for the copy of the library it is of");
  }
  check_memory(plugin);
  check_graphs(plugin, shared);
}

/// Of this process, in pages.
long address_space() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages;
}

double train_here() {
  Tensor w = ones({4}).set_requires_grad(true);
  optim::SGD optimizer({w}, {.learning_rate = 0.1});
  for (int i = 0; i < 100; ++i) {
    optimizer.zero_grad();
    sum(w * w).backward();
    optimizer.step();
  }
  return sum(w).item();
}

}  // namespace

int main(int, char** arguments) {
  const char* const path = arguments[1];
  const bool shared = std::string(arguments[2]) == "shared";
  long pages = 0;
  for (int round = 0; round < 6; ++round) {
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      std::cerr << dlerror() << '\n';
      return EXIT_FAILURE;
    }
    const auto entry = reinterpret_cast<const Plugin* (*)()>(dlsym(library, "plugin"));
    // On a thread: a library that has thread-local objects stays until its threads have ended.
    std::thread([&] { work(*entry(), shared); }).join();
    check(dlclose(library) == 0, "the plugin is closed");
    check(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == nullptr, "the plugin is gone");
    check(train_here() < 1e-6, "the program trains on without it");
    if (round == 2) pages = address_space();
  }
  check(address_space() <= pages + 256, "the plugin leaves no memory behind");
  if (!failed) std::cout << "the plugin was loaded, trained, and was unloaded\n";
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
