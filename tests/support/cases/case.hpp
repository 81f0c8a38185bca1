#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/ops/gradcheck.hpp>

#include "../compare.hpp"

/// One use of a public operation that is no row of elementwise.def; the name begins with the
/// operation's. Floating inputs are sixteenths, so that only operations that `round` depend on the
/// order of sums.
struct Case {
  using Tensors = std::vector<xtape::Tensor>;
  template <class F>
  Case(std::string text, Tensors arguments, F f, bool rounding = false)
      : name(std::move(text)),
        inputs(std::move(arguments)),
        apply([f](const Tensors& x) { return xtape::detail::output_list(f(x)); }),
        rounds(rounding) {}
  std::string name;
  Tensors inputs;
  std::function<Tensors(const Tensors&)> apply;
  bool rounds;
};

/// What they are used on.
struct CaseInputs {
  xtape::Tensor x = sixteenths({2, 3}), y = sixteenths({2, 3}, 1), cube = sixteenths({2, 3, 2}, 2);
  xtape::Tensor vector = sixteenths({3}, 3), scalar = sixteenths({});
  xtape::Tensor nothing = xtape::zeros({2, 0}, xtape::Dtype::float64);
  xtape::Tensor index = xtape::tensor({{2, 0}, {-1, 2}});
  xtape::Tensor condition = xtape::tensor({true, false, true});
};
