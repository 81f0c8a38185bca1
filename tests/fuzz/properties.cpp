#include "properties.hpp"

#include <array>
#include <cmath>
#include <map>
#include <stdexcept>

#include <xtape/core/workers.hpp>
#include <xtape/xtape.hpp>

#include "../support/threads.hpp"
#include "outcome.hpp"

using namespace xtape;

namespace {

std::map<std::string, std::uint64_t> counts;

Tensors directions(const Tensors& inputs) {
  Rng rng(7);
  Tensors result;
  for (const Tensor& x : inputs) result.push_back(rng.normal(x.shape(), 0, 1, x.dtype()));
  return result;
}

/// The same numbers lying otherwise in memory.
Tensors strided(const Tensors& inputs, int way) {
  Tensors result;
  for (const Tensor& x : inputs) {
    if (x.rank() == 0) {
      result.push_back(x);
    } else if (way == 0) {
      result.push_back(transpose(transpose(x).contiguous()));
    } else if (way == 1) {
      result.push_back(flip(flip(x, -1).contiguous(), -1));
    } else {
      result.push_back(slice(repeat(x, 2, 0).contiguous(), {range({}, {}, 2)}));
    }
  }
  return result;
}

void layouts(const Program& program) {
  const bool rounds = program.has(Word::by_lie);
  if (rounds && !moderate(program)) return;
  const auto agree = [&](const Tensors& got, const Tensors& expected, const char* what) {
    if (!rounds) return require_same(got, expected, what);
    require_close(got, expected, program.only(Dtype::float64) ? 1e-9 : 1e-2, what);
  };
  const Tensors expected = outcome(program, program.inputs, true, {.operands = Manner::apart});
  agree(outcome(program, program.inputs, true, {.operands = Manner::dense}), expected,
        "dense operands");
  for (int way = 0; way < 3; ++way)
    agree(outcome(program, strided(program.inputs, way), true, {.operands = Manner::apart}),
          expected, "strided inputs");
}

void threads(const Program& program, const Tensors& expected) {
  const detail::ShareAll all;
  const Threads three(3);
  require_same(outcome(program, program.inputs, true), expected, "three threads");
}

/// As arguments, and as what is captured.
void replays(const Program& program) {
  const auto moved = [&](int times) {
    Tensors result;
    for (const Tensor& x : program.inputs)
      result.push_back((x * (1 - times * 0.0009765625)).detach());
    return result;
  };
  const bool exact = !program.has(Word::two_ways) && !program.has(Word::draws);
  if (!exact) return;
  auto given = compile([&](const Tensors& x) { return outcome(program, x, true); });
  Tensors kept;
  for (const Tensor& x : program.inputs) kept.push_back(x.clone());
  auto captured = compile([&] { return outcome(program, kept, true); });
  for (int call = 0; call < 4; ++call) {
    const Tensors x = moved(call);
    const Tensors expected = outcome(program, x, true);
    require_same(given(x), expected, "replay " + std::to_string(call));
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i].assign(x[i]);
    require_same(captured(), expected, "replay of what is captured " + std::to_string(call));
  }
}

/// backward against grad(), twice, with hooks, and when a rule throws.
void sweeps(const Program& program) {
  const Tensors x = leaves(program.inputs);
  const Tensors expected = gradients_of(outputs_of(program, x), x, false);
  const auto backward = [&](const Tensors& at, const Manner& manner, BackwardOptions options) {
    Tensors totals;
    for (const Tensor& y : outputs_of(program, at, manner))
      if (y.requires_grad()) totals.push_back(sum((y * slopes_like(y)).to(Dtype::float64)));
    if (totals.empty()) return Tensor();
    const Tensor loss = sum(stack(totals));
    loss.backward(options);
    return loss;
  };
  const auto grads = [](const Tensors& at) {
    Tensors result;
    for (const Tensor& each : at) result.push_back(each.grad());
    return result;
  };
  Tensors at = leaves(program.inputs);
  std::vector<LeafHook> hooks;
  std::vector<int> calls(at.size());
  for (std::size_t i = 0; i < at.size(); ++i)
    hooks.push_back(on_leaf_gradient(at[i], [&calls, i](const Tensor&) { ++calls[i]; }));
  const Tensor loss = backward(at, {.hooked = true}, {.retain_graph = true});
  const Tensors once = grads(at);
  const Tensors other = leaves(program.inputs);
  require_same(once, gradients_of(outputs_of(program, other, {.hooked = true}), other, false),
               "backward instead of grad");
  for (std::size_t i = 0; i < at.size(); ++i)
    require(calls[i] == (once[i].defined() ? 1 : 0),
            "the hook of a leaf was called " + std::to_string(calls[i]) + " times");
  if (!loss.defined()) return;
  loss.backward();
  Tensors doubled;
  for (const Tensor& g : once) doubled.push_back(g.defined() ? g + g : g);
  require_same(grads(at), doubled, "a second sweep");
  bool refused = false;
  try {
    loss.backward();
  } catch (const GradError&) {
    refused = true;
  }
  require(refused || loss.is_leaf(), "a third sweep without its graph was not refused");

  for (std::size_t step = 1; step <= program.steps.size(); ++step) {
    Tensors fresh = leaves(program.inputs);
    bool thrown = false;
    try {
      backward(fresh, {.broken = step}, {});
    } catch (const std::runtime_error& error) {
      thrown = true;
      if (dynamic_cast<const Error*>(&error) != nullptr) throw;
      require(std::string(error.what()) == "broken rule",
              std::string("another error: ") + error.what());
      for (const Tensor& each : grads(fresh))
        require(!each.defined(), "a leaf changed though a rule threw");
    }
    if (!thrown) require_same(grads(fresh), expected, "a broken rule that nothing reached");
  }
}

/// What checks by numbers: forward mode, the recorded backward pass, vmap, differences.
void derivatives(const Program& program) {
  if (!program.only(Dtype::float64) || !moderate(program)) return;
  ++counts["by numbers"];
  const auto f = [&](const Tensors& x) { return outputs_of(program, x); };
  const Tensors x = leaves(program.inputs), v = directions(program.inputs);
  const Tensors once = gradients_of(f(x), x, false);
  Tensors recorded = gradients_of(f(x), x, true);
  for (Tensor& each : recorded) each = each.defined() ? each.detach() : each;
  require_close(recorded, once, 1e-9, "the recorded backward pass");

  const auto scalar = [&](const Tensors& at) { return total_of(program, at); };
  const auto along = [&](const Tensors& g) {
    std::array<double, 2> sums{};
    for (std::size_t i = 0; i < g.size(); ++i) {
      if (!g[i].defined()) continue;
      const Tensor products = g[i].detach() * v[i];
      sums[0] += sum(products).item();
      sums[1] += sum(abs(products)).item();
    }
    return sums;
  };
  const auto [value, tangent] = jvp(scalar, program.inputs, v);
  const auto [pulled, size] = along(once);
  if (std::isfinite(size) && size < 1e6)
    require(std::abs(tangent.item() - pulled) <= 1e-9 * (1 + size),
            "jvp gives " + to_string(tangent) + ", vjp " + std::to_string(pulled));
}

Tensors examples_of(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& x : inputs) result.push_back(stack({x, 0.5 * x, 0.25 - x}));
  return result;
}

void mapped(const Program& program) {
  if (program.has(Word::draws) || !program.only(Dtype::float64)) return;
  const Tensors stacked = examples_of(program.inputs);
  const auto slopes = [&](const Tensors& at) { return total_of(program, at); };
  const auto whole = [&](const Tensors& at) {
    Tensors all = outputs_of(program, at);
    for (Tensor& g : grad(slopes)(at)) all.push_back(std::move(g));
    return all;
  };
  Tensors got;
  std::string refusal, refused_alone;
  try {
    got = vmap(whole)(stacked);
  } catch (const Error& error) {
    refusal = error.what();
  }
  Tensors looped;
  try {
    std::vector<Tensors> each;
    for (std::int64_t i = 0; i < 3; ++i) {
      Tensors at;
      for (const Tensor& x : stacked) at.push_back(x[i].contiguous());
      each.push_back(whole(at));
    }
    for (std::size_t k = 0; k < each[0].size(); ++k)
      looped.push_back(stack({each[0][k], each[1][k], each[2][k]}));
  } catch (const Error& error) {
    refused_alone = error.what();
  }
  if (refusal.find("has no rule for vmap") != std::string::npos) return;
  require(refusal.empty() == refused_alone.empty(),
          "vmap: \"" + refusal + "\", a loop: \"" + refused_alone + '"');
  if (!refusal.empty()) return;
  for (const Tensor& y : looped)
    if (greatest(y) > 1e6) return;
  ++counts["mapped"];
  require_close(got, looped, 1e-9, "vmap instead of a loop");
}

/// hvp against a difference of gradients.
void second_order(const Program& program) {
  if (!program.all(Word::smooth) || !program.only(Dtype::float64) || !moderate(program)) return;
  const Tensors v = directions(program.inputs);
  const auto scalar = [&](const Tensors& at) { return total_of(program, at); };
  const auto slope = [&](double step) {
    Tensors at;
    for (std::size_t i = 0; i < v.size(); ++i) at.push_back(program.inputs[i] + step * v[i]);
    return grad(scalar)(at);
  };
  const Tensors got = hvp(scalar, program.inputs, v);
  for (const Tensor& each : got)
    if (greatest(each) > 1e5) return;
  const auto difference = [&](double h) {
    const Tensors after = slope(h), before = slope(-h);
    Tensors result;
    for (std::size_t i = 0; i < v.size(); ++i) result.push_back((after[i] - before[i]) / (2 * h));
    return result;
  };
  const Tensors coarse = difference(1e-3), fine = difference(5e-4);
  for (std::size_t i = 0; i < v.size(); ++i) {  // differences that do not settle say nothing
    const double scale = 1 + greatest(fine[i]);
    if (!(greatest(coarse[i] - fine[i]) < 1e-3 * scale)) return;
  }
  ++counts["second order"];
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double scale = 1 + greatest(fine[i]);
    const double error = greatest(got[i] - fine[i]);
    require(error <= 1e-2 * scale, "hvp of input " + std::to_string(i) + " is wrong by " +
                                       std::to_string(error) + " of " + std::to_string(scale));
  }
}

void all_promises(const Program& program, std::string& looking_at) {
  const Tensors expected = outcome(program, program.inputs, true);
  const auto look = [&](const char* name, auto promise) {
    looking_at = name;
    promise();
  };
  look("once more",
       [&] { require_same(outcome(program, program.inputs, true), expected, "once more"); });
  look("layouts", [&] { layouts(program); });
  look("threads", [&] { threads(program, expected); });
  look("replays", [&] { replays(program); });
  look("sweeps", [&] { sweeps(program); });
  look("derivatives", [&] { derivatives(program); });
  look("vmap", [&] { mapped(program); });
  look("second order", [&] { second_order(program); });
}

}  // namespace

std::string broken_promise(const Program& program) {
  const std::int64_t nodes = memory::live_nodes(), bytes = memory::live_bytes();
  ++counts["programs"];
  std::string looking_at = "values";
  try {
    all_promises(program, looking_at);
  } catch (const Broken& broken) {
    return broken.what;
  } catch (const std::exception& error) {
    return looking_at + " throws: " + error.what();
  }
  if (memory::live_nodes() != nodes)
    return std::to_string(memory::live_nodes() - nodes) + " nodes are left";
  if (memory::live_bytes() > bytes + 65536)
    return std::to_string(memory::live_bytes() - bytes) + " bytes are left";
  return {};
}

std::string promises_kept() {
  std::string text;
  for (const auto& [name, count] : counts) text += name + ' ' + std::to_string(count) + "  ";
  return text;
}
