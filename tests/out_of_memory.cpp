// A training step, and an optimizer's, whose memory the system refuses, once at each place where it
// asks for some: an error of the library, nothing lost, nothing changed, and the next step works. A
// program of its own, since it is linked with --wrap=posix_memalign; under the address sanitizer
// every block is asked for, and those lost are named at the end.

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

long asked = 0;
long refused_from = 0;  // 0: never

}  // namespace

// NOLINTBEGIN: the linker's names
extern "C" int __real_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes);
extern "C" int __wrap_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes);
extern "C" int __wrap_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  ++asked;
  if (refused_from != 0 && asked >= refused_from) return ENOMEM;
  return __real_posix_memalign(memory, alignment, bytes);
}
// NOLINTEND

namespace {

int failures = 0;

void check(bool holds, const char* what, long place) {
  if (holds) return;
  std::fprintf(stderr, "refused from request %ld on: %s\n", place, what);
  ++failures;
}

/// Does `work` with all requests refused from one on. Returns whether it threw.
template <class Work>
bool refused(long place, Work work, const std::string& names = {}) {
  asked = 0;
  refused_from = place;
  bool thrown = true;
  try {
    work();
    thrown = false;
  } catch (const MemoryError& error) {
    check(error.bytes > 0, "the error names no size", place);
    const std::string text = error.what(), name = text.substr(0, text.find(':'));
    check(names.empty() ? error.names_operation : names.find(name) != std::string::npos,
          text.c_str(), place);
  } catch (const std::exception& error) {
    check(false, error.what(), place);
  }
  refused_from = 0;
  return thrown;
}

int refused_training_steps() {
  const Tensor x = ones({8, 4}), w = ones({4, 300}).set_requires_grad(true),
               b = ones({300}).set_requires_grad(true);
  const auto step = [&] {
    const Tensor y = linear(x, w, b);
    sum(where(y > 1.0, clip(y, 0, 9), 0.0)).backward();
  };
  int refusals = 0;
  for (long place = 1; place <= 60; ++place) {
    memory::release_cached();
    const std::int64_t before = memory::live_bytes();
    const bool thrown = refused(place, step);
    refusals += thrown ? 1 : 0;
    check(w.grad().defined() != thrown && b.grad().defined() != thrown,
          "a gradient changed in a step that failed, or did not in one that worked", place);
    w.zero_grad();
    b.zero_grad();
    check(memory::live_bytes() == before, "memory is lost", place);
    step();
    check(sum(w.grad()).item() == 4 * 300 * 8, "the next step is wrong", place);
    w.zero_grad();
    b.zero_grad();
  }
  return refusals;
}

/// Parameters and state whose values others hold too are copied before they are changed.
int refused_optimizer_steps() {
  int refusals = 0;
  for (long place = 1; place <= 20; ++place) {
    const Tensor v = ones({300, 300}).set_requires_grad(true),
                 u = ones({300, 300}).set_requires_grad(true);
    const Tensor held[] = {v.detach(), u.detach()};
    optim::Adam optimizer({v, u});
    sum(v * u).backward();
    const NamedTensors state = optimizer.state();
    memory::release_cached();
    const bool thrown = refused(place, [&] { optimizer.step(); });
    refusals += thrown ? 1 : 0;
    const auto all_ones = [](const Tensor& x) { return sum(x.detach() == 1.0).item() == 90000; };
    check(all_ones(v) == thrown && all_ones(u) == thrown && optimizer.steps() == (thrown ? 0 : 1),
          "an optimizer's step that failed changed something", place);
    if (thrown) optimizer.step();
    check(!all_ones(v) && !all_ones(u) && all_ones(held[0]) && all_ones(held[1]),
          "the next step of an optimizer is wrong", place);
  }
  return refusals;
}

/// Operations whose kernels need room for themselves: what is refused then has a name too.
int refused_kernels() {
  const Tensor tall = ones({3, 5000}), wide = ones({5000, 3}), counts = ones({2, 9}, Dtype::int64),
               rows = ones({40, 3000}), indices = zeros({5000}, Dtype::int64);
  const Tensor x = ones({3000, 40}).set_requires_grad(true), picks = indices.to(Dtype::int64);
  const std::pair<const char*, std::function<Tensor()>> operations[] = {
      {"matmul", [&] { return matmul(tall, wide); }},
      {"matmul, transpose", [&] { return matmul(counts, transpose(counts)); }},
      {"linear, full", [&] { return linear(tall, wide, ones({3})); }},
      {"matmul, full",
       [&] {
         return matmul(ones({3000, 2}), ones({2, 3}));
       }},
      {"logsumexp, transpose, reshape", [&] { return logsumexp(rows, -1); }},
      {"logsumexp, transpose, reshape, contiguous, detach",
       [&] { return logsumexp(transpose(x.detach()), 0); }},
      {"softmax, transpose, contiguous", [&] { return softmax(rows, 0); }},
      {"cross_entropy, detach, zeros, sum",
       [&] { return nn::cross_entropy(rows, zeros({40}, Dtype::int64)); }},
      {"take", [&] { return take(rows, picks, 1); }},
      {"scatter_add, zeros, to",
       [&] {
         return scatter_add(wide, indices, {2000, 3});
       }},
      {"mean, sum, divide", [&] { return mean(rows, 0); }},
      {"concatenate",
       [&] {
         return concatenate({rows, rows});
       }},
      {"argmax", [&] { return argmax(rows, 0); }},
      {"amax",
       [&] {
         return amax(rows, {0, 1});
       }},
      {"to", [&] { return rows.to(Dtype::float64); }},
      {"to, slice",
       [&] {
         return slice(rows, {Slice::all, range(0, 2)}).to(Dtype::int64);
       }},
      {"slice", [&] { return slice(rows, {0}); }},
      {"embed",
       [&] {
         return embed(wide, {5000, 9}, {Slice::all, range(0, 3)});
       }},
      {"randn", [&] { return Rng(0).randn({3000}); }},
  };
  int refusals = 0;
  for (const auto& operation : operations) {
    for (long place = 1; place <= 6; ++place) {
      memory::release_cached();
      refusals += refused(place, operation.second, operation.first) ? 1 : 0;
    }
  }
  return refusals;
}

}  // namespace

int main() {
  const int training = refused_training_steps(), optimizer = refused_optimizer_steps(),
            kernels = refused_kernels();
  check(training >= 3 && optimizer >= 3 && kernels >= 20,
        "too few requests were refused to say anything", 0);
  std::printf("%d steps without memory, %d failures\n", training + optimizer + kernels, failures);
  return failures == 0 ? 0 : 1;
}
