#pragma once
#include <initializer_list>
#include <sstream>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck.hpp>

/// Operations whose rules are what a test says, for gradcheck to find out.

namespace claims {

using namespace xtape;

/// The identity with a rule of its own: what it sends for g.
template <class F>
Tensor with_rule(const Tensor& x, F rule) {
  return record("with_rule", x.detach(), {x},
                [rule](const Tensor& g, const Send& send) { send(0, rule(g)); });
}

/// `value`, said to be a function of x with the derivative `slope`.
inline Tensor claimed(const Tensor& x, const Tensor& value, double slope) {
  return record("claimed", value.detach(), {x}, [slope](const Tensor& g, const Send& send) {
    send(0, where(g == 0, 0, g * slope));
  });
}
inline Tensor claimed(const Tensor& x, double slope) { return claimed(x, x, slope); }

inline std::string printed(const GradcheckResult& result) {
  std::ostringstream text;
  text << result;
  return text.str();
}

template <class F>
GradcheckResult check_at(std::initializer_list<NestedList> x, F f, GradcheckOptions options = {}) {
  return gradcheck([f](auto& v) { return f(v[0]); }, {tensor(NestedList(x))}, options);
}

inline bool begins(const std::string& text, const std::string& start) {
  return text.starts_with(start);
}

}  // namespace claims
