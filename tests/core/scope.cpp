#include <functional>
#include <memory>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/errors.hpp"

using namespace xtape;

TEST_CASE("guards may end in any order: what was before comes back with the last") {
  auto outer = std::make_unique<NoGradGuard>();
  auto inner = std::make_unique<NoGradGuard>();
  outer.reset();
  CHECK(!recording());
  inner.reset();
  CHECK(recording());

  auto on = std::make_unique<RecordingScope>(true);
  auto off = std::make_unique<NoGradGuard>();
  auto on_again = std::make_unique<RecordingScope>(true);
  off.reset();
  CHECK(recording());
  on_again.reset();
  CHECK(recording());
  on.reset();
  CHECK(recording());

  const Dtype program = default_dtype();
  auto wide = std::make_unique<DefaultDtypeGuard>(Dtype::float64);
  auto narrow = std::make_unique<DefaultDtypeGuard>(Dtype::float32);
  wide.reset();
  CHECK(default_dtype() == Dtype::float32);
  narrow.reset();
  CHECK(default_dtype() == program);

  auto first = std::make_unique<ErrorContext>("first");
  auto second = std::make_unique<ErrorContext>("second");
  first.reset();
  CHECK(ErrorContext::path() == "second");
  second.reset();
  CHECK(ErrorContext::path() == "");
}

TEST_CASE("guards that watch may end in any order, and each sees its own time") {
  const Tensor x = tensor({1.0, 2.0});
  auto first = std::make_unique<Trace>();
  auto guard = std::make_unique<DebugGuard>();
  auto last = std::make_unique<Trace>();
  static_cast<void>(x + 1);
  guard.reset();
  static_cast<void>(log(x - 1));  // -inf, which nobody minds any more
  CHECK(first->steps().size() == 3);
  first.reset();
  static_cast<void>(x * 2);
  CHECK(last->steps().size() == 4);
  last.reset();
  static_cast<void>(x * 2);
}

TEST_CASE("guards may begin or end in a function of vmap") {
  const Tensor rows = ones({2, 3});
  auto before = std::make_unique<NoGradGuard>();
  static_cast<void>(vmap([&](const Tensor& x) {
    before.reset();
    return x * 2;
  })(rows));
  CHECK(recording());
  std::unique_ptr<NoGradGuard> begun;
  static_cast<void>(vmap([&](const Tensor& x) {
    begun = std::make_unique<NoGradGuard>();
    return x * 2;
  })(rows));
  CHECK(!recording());
  begun.reset();
  CHECK(recording());
  CHECK(grad([](const Tensor& x) { return sum(x * x); })(rows).to_vector<double>()[0] == 2);
}

namespace {
/// Does something with guards while it is carried out.
struct Meddling {
  static constexpr OpInfo info{"meddling"};
  std::function<void()> meddle;
  Tensor run(const Tensor& x) const {
    meddle();
    return x.clone();
  }
};
}  // namespace

TEST_CASE("watchers may begin or end in an operation, which is told to those that are there then") {
  const Tensor x = ones({2});
  auto outer = std::make_unique<Trace>(), ended = std::make_unique<Trace>();
  std::unique_ptr<Trace> begun;
  static_cast<void>(apply(Meddling{[&] { ended.reset(); }}, x));
  static_cast<void>(apply(Meddling{[&] { begun = std::make_unique<Trace>(); }}, x));
  static_cast<void>(x + 1);
  CHECK(outer->steps().size() == 3);
  CHECK(begun->steps().size() == 2);
  outer.reset();
  begun.reset();
  static_cast<void>(x + 1);
}
