// Programs that go wrong: the others of a world are waiting for a rank that does not come.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/world.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/sgd.hpp>
#include <xtape/train/fit.hpp>

using namespace xtape;

namespace {

[[noreturn]] void fail(const dist::World& world) {
  throw std::runtime_error("rank " + std::to_string(world.rank()) + " has no data");
}

/// The last rank does something, while the others wait for it.
template <class F>
void last(const dist::World& world, const F& f) {
  world.barrier();
  if (world.rank() == world.size() - 1) f();
  world.barrier();
}

/// One rank has a batch more than the others, or measures something else.
void fit(const dist::World& world, std::size_t more, const std::string& name) {
  const nn::Dense model(2, 2);
  dist::Overlapped overlapped(model, world);
  optim::SGD optimizer(model.parameters(), {.learning_rate = 0.1});
  const bool other = world.rank() == 1;
  const std::vector<Tensor> loader(3 + (other ? more : 0), ones({1, 2}));
  const auto loss = [&](const Tensor& x) -> Measured {
    return {sum(model(x)), {{other ? name : "error", 0.5}}};
  };
  Fit(model, optimizer, loader, loss, {.epochs = 1, .ranks = &overlapped}).run();
}

/// The rank's exception is caught where the world still is; the others are in backward, or in a
/// batch.
int caught_within(int argc, char** argv, bool in_fit) {
  const dist::World world(argc, argv);
  try {
    const nn::Dense model(2, 2);
    dist::Overlapped overlapped(model, world);
    optim::SGD optimizer(model.parameters(), {.learning_rate = 0.1});
    const std::vector<Tensor> loader(3, ones({1, 2}));
    const auto loss = [&](const Tensor& x) -> Measured {
      if (world.rank() == 1) fail(world);
      return sum(model(x));
    };
    if (in_fit) {
      Fit(model, optimizer, loader, loss, {.epochs = 1, .ranks = &overlapped}).run();
    } else {
      overlapped.backward(loss(loader[0]).loss, 1);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "main: %s\n", error.what());
    return 1;
  }
  return 0;
}

/// One rank catches an exception where its loop goes on, and so makes an exchange less than the
/// others; or it leaves them in something else than a run or an Overlapped.
int caught_in_loop(int argc, char** argv, const std::string& how) {
  const dist::World world(argc, argv);
  const nn::Dense model(2, 2);
  dist::Overlapped overlapped(model, world);
  for (int step = 0; step < 3; ++step) {
    try {
      if (step == 1 && world.rank() == 1) fail(world);
      const Tensor loss = sum(model(ones({1, 2})));
      if (how == "loop") {
        overlapped.backward(loss, 1);
      } else if (how == "average") {
        loss.backward();
        dist::average_gradients(model, world, 1);
      } else {
        world.barrier();
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "main: %s\n", error.what());
    }
  }
  return 0;
}

/// Two exchanges of gradients, one rank in another order; or a rank that does something else than
/// the others while these are in backward.
void mixed(const dist::World& world, bool swapped) {
  const nn::Dense first(2, 2), second(2, 2);
  dist::broadcast(first, world);
  dist::broadcast(second, world);
  dist::Overlapped one(first, world), other(second, world);
  const auto step = [](dist::Overlapped& of, const nn::Dense& model) {
    of.backward(sum(model(ones({1, 2}))), 1);
  };
  step(one, first);
  step(other, second);
  if (swapped && world.rank() == 1) {
    step(other, second);
    step(one, first);
  } else if (world.rank() == 1) {
    double number = 1;
    world.sum({&number, 1});
  } else {
    step(one, first);
    step(other, second);
  }
}

/// A rank meets the others in a callback of its own, or leaves the run within an epoch.
void fit_apart(const dist::World& world, bool leaves) {
  const nn::Dense model(2, 2);
  dist::Overlapped overlapped(model, world);
  optim::SGD optimizer(model.parameters(), {.learning_rate = 0.1});
  const std::vector<Tensor> loader(3, ones({1, 2}));
  FitOptions options{.epochs = 2, .ranks = &overlapped};
  if (!leaves && world.rank() == 0) options.on_batch = {[&](FitEpoch&) { world.barrier(); }};
  Fit fit(model, optimizer, loader, options);
  for (auto& epoch : fit) {
    for (auto& batch : epoch) {
      batch.step([&]() -> Measured { return sum(model(batch.data)); });
      if (leaves && world.rank() == 1) return;
    }
  }
}

/// All ranks catch an exception of their own, each at another time, while others compute: that is
/// no fault.
int apart(int argc, char** argv) {
  const dist::World world(argc, argv);
  const nn::Dense model(2, 2);
  try {
    dist::Overlapped overlapped(model, world);
    overlapped.backward(sum(model(ones({1, 2}))), 1);
    if (world.rank() > 0) std::this_thread::sleep_for(std::chrono::seconds(3));
    fail(world);
  } catch (const std::exception&) {
    return 0;
  }
  return 1;
}

int caught(int argc, char** argv, int status) {
  try {
    const dist::World world(argc, argv);
    last(world, [&] { fail(world); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "main: %s\n", error.what());
    return status;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "";
  if (how == "caught") return caught(argc, argv, 1);
  if (how == "forgotten") return caught(argc, argv, 0);
  if (how == "loop" || how == "average" || how == "barrier") return caught_in_loop(argc, argv, how);
  if (how == "apart") return apart(argc, argv);
  if (how == "within") return caught_within(argc, argv, false);
  if (how == "within-fit") return caught_within(argc, argv, true);
  dist::World whole(argc, argv);
  const dist::World& world = whole;
  if (how == "finalized") {
    whole.finalize();
    return world.run([&] {
      const nn::Dense model(2, 2);
      dist::broadcast(model, world);
    });
  }
  if (how == "run") return world.run([&] { last(world, [&] { fail(world); }); });
  if (how == "uncaught") last(world, [&] { fail(world); });
  if (how == "killed") last(world, [] { std::raise(SIGKILL); });
  if (how == "backward") {  // one in which the others already have their parts
    const nn::Dense model(2, 2);
    dist::Overlapped overlapped(model, world);
    return world.run([&] {
      const Tensor loss = sum(model(ones({1, 2})));
      if (world.rank() == 0) fail(world);
      overlapped.backward(loss, 1);
    });
  }
  if (how == "slow") {  // one that comes late is waited for, and told of
    if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(6));
    return world.run([&] { world.barrier(); });
  }
  if (how == "swapped") return world.run([&] { mixed(world, true); });
  if (how == "behind-backward") return world.run([&] { mixed(world, false); });
  if (how == "callback") return world.run([&] { fit_apart(world, false); });
  if (how == "left") return world.run([&] { fit_apart(world, true); });
  if (how == "exit-all") std::exit(0);
  if (how == "exit") {
    if (world.rank() == 1) std::exit(0);
    world.barrier();
  }
  if (how == "batches") return world.run([&] { fit(world, 1, "error"); });
  if (how == "metrics") return world.run([&] { fit(world, 0, "mistake"); });
  std::printf("no fault of that name: %s\n", how.c_str());
  return 0;
}
