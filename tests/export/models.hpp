#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

/// Models to be handed over, with inputs: what exports are checked with.
namespace models {

using namespace xtape;

struct Case {
  std::string name;
  nn::AnyModule model;
  std::function<Tensor(std::int64_t)> input;  // of so many rows
  std::int64_t batch_axis = 0;                // along which they lie
};

inline std::function<Tensor(std::int64_t)> normal(const Shape& row, double mean = 0,
                                                  double deviation = 1) {
  return [=](std::int64_t rows) {
    Shape shape = row;
    shape.insert(0, rows);
    Rng rng(static_cast<std::uint32_t>(rows + 1));
    return rng.normal(shape, mean, deviation);
  };
}
/// Of [steps, rows, numbers].
inline std::function<Tensor(std::int64_t)> steps_first(std::int64_t steps, std::int64_t numbers) {
  return [=](std::int64_t rows) {
    return Rng(static_cast<std::uint32_t>(rows + 1)).normal({steps, rows, numbers}, 0, 1);
  };
}
inline std::function<Tensor(std::int64_t)> integers(const Shape& row, std::int64_t end) {
  return [=](std::int64_t rows) {
    Shape shape = row;
    shape.insert(0, rows);
    return Rng(static_cast<std::uint32_t>(rows + 1)).integers(0, end, shape);
  };
}

/// Layers, as models are made of.
std::vector<Case> of_layers();

/// Functions, one a rule or so.
std::vector<Case> of_functions();

/// What the examples train, made as they make it.
std::vector<Case> of_examples();

}  // namespace models
