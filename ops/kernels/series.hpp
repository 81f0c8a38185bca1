#pragma once
#include <array>
#include <cmath>
#include <cstddef>

namespace xtape::kernels {

/// How often a function of numbers is differentiated by its parameters at most, all together.
constexpr int most_orders = 4;

/// How often by each of two parameters.
struct Orders {
  int a = 0, b = 0;
};

/// A power series in the changes of two parameters, up to given orders: its coefficient at (i, j)
/// is the derivative i times by a and j times by b, over i! j!.
class Series {
 public:
  Series(Orders orders, double value) : orders_(orders) { at_[0] = value; }
  /// Those that have a slope of 1 by a, or by b.
  static Series of_a(Orders orders, double value) {
    Series s(orders, value);
    if (orders.a > 0) s(1, 0) = 1;
    return s;
  }
  static Series of_b(Orders orders, double value) {
    Series s(orders, value);
    if (orders.b > 0) s(0, 1) = 1;
    return s;
  }

  double& operator()(int i, int j) { return at_[place(i, j)]; }
  double operator()(int i, int j) const { return at_[place(i, j)]; }
  /// The value.
  double& front() { return at_[0]; }
  double front() const { return at_[0]; }

  Series& operator+=(const Series& b) {
    each([&](int i, int j) { (*this)(i, j) += b(i, j); });
    return *this;
  }
  Series& operator*=(double b) {
    each([&](int i, int j) { (*this)(i, j) *= b; });
    return *this;
  }
  friend Series operator+(Series a, const Series& b) { return a += b; }
  friend Series operator*(const Series& a, const Series& b) {
    Series y(a.orders_, 0);
    y.each([&](int i, int j) {
      y.each_up_to(i, j, [&](int k, int l) { y(i, j) += a(k, l) * b(i - k, j - l); });
    });
    return y;
  }
  friend Series operator/(const Series& a, const Series& b) {
    Series y(a.orders_, 0);
    y.each([&](int i, int j) {
      double rest = a(i, j);
      y.each_up_to(i, j, [&](int k, int l) {
        if (k < i || l < j) rest -= y(k, l) * b(i - k, j - l);
      });
      y(i, j) = rest / b.front();
    });
    return y;
  }
  /// exp(a), given exp of its value.
  friend Series exponential(const Series& a, double first) {
    Series y(a.orders_, 0);
    y.each([&](int i, int j) {
      if (i == 0 && j == 0) {
        y.front() = first;
        return;
      }
      y.each_up_to(i, j, [&](int k, int l) {
        const double weight = i > 0 ? double(k) / i : double(l) / j;
        y(i, j) += weight * a(k, l) * y(i - k, j - l);
      });
    });
    return y;
  }
  /// Whether it is at most this part of `sum`.
  bool vanishes_beside(const Series& sum, double part) const {
    bool vanishes = true;
    each([&](int i, int j) {
      vanishes = vanishes && std::abs((*this)(i, j)) <= part * std::abs(sum(i, j));
    });
    return vanishes;
  }
  /// The derivative of its orders.
  double derivative() const {
    return factorial(orders_.a) * factorial(orders_.b) * (*this)(orders_.a, orders_.b);
  }
  static double factorial(int n) {
    double product = 1;
    for (int k = 2; k <= n; ++k) product *= k;
    return product;
  }
  /// f(i, j) for each coefficient, those of lower order first.
  template <class F>
  void each(F f) const {
    each_up_to(orders_.a, orders_.b, f);
  }

 private:
  std::size_t place(int i, int j) const {
    const auto row = static_cast<std::size_t>(i), length = static_cast<std::size_t>(orders_.b) + 1;
    return row * length + static_cast<std::size_t>(j);
  }
  template <class F>
  static void each_up_to(int a, int b, F f) {
    for (int i = 0; i <= a; ++i) {
      for (int j = 0; j <= b; ++j) f(i, j);
    }
  }

  Orders orders_;
  // Of orders a + b = 4 there are at most 9.
  std::array<double, 9> at_{};
};

}  // namespace xtape::kernels
