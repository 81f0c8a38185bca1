#include <algorithm>

#include <xtape/ops/kernels/exponential.hpp>
#include <xtape/ops/kernels/recurrent.hpp>
#include <xtape/ops/kernels/run.hpp>
#include <xtape/ops/kernels/typed.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// Numbers at a place of a row: a register of them, or those that are left of the row.
template <class T, bool whole>
struct Place {
  std::int64_t at, count;
  XTAPE_INLINE Lane<T> load(const T* row) const {
    return whole ? Lane<T>::load(row + at) : Lane<T>::load_first(row + at, count);
  }
  XTAPE_INLINE void store(const Lane<T>& x, T* row) const {
    whole ? x.store(row + at) : x.store_first(row + at, count);
  }
};

template <class T, class F>
XTAPE_INLINE void for_each_place(std::int64_t width, const F& f) {
  constexpr auto lanes = static_cast<std::int64_t>(Lane<T>::width);
  std::int64_t at = 0;
  for (; at + lanes <= width; at += lanes) f(Place<T, true>{at, lanes});
  if (at < width) f(Place<T, false>{at, width - at});
}

/// Calls f for each sequence that is alive, `rest` for the others.
template <class F, class Rest>
void for_each_sequence(const RecurrentStep& step, const F& f, const Rest& rest) {
  for (std::int64_t b = 0; b < step.batch; ++b)
    step.alive == nullptr || step.alive[b] ? f(b) : rest(b);
}

void lstm(Dtype dtype, const RecurrentStep& step, const std::byte* bias, std::byte* gates,
          const std::byte* h_before, const std::byte* c_before, std::byte* h, std::byte* c) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto kept = [&](std::int64_t b) {
      std::copy_n(as<T>(h_before) + b * n, n, as<T>(h) + b * n);
      std::copy_n(as<T>(c_before) + b * n, n, as<T>(c) + b * n);
    };
    const auto stepped = [&](std::int64_t b) {
      T* of = as<T>(gates) + 4 * b * n;
      const T* before = as<T>(c_before) + b * n;
      for_each_place<T>(n, [&](auto place) {
        const auto sum = [&](std::int64_t gate) {
          return place.load(of + gate * n) + place.load(as<T>(bias) + gate * n);
        };
        const Lane<T> i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = tanh(sum(2));
        const Lane<T> o = sigmoid(sum(3));
        const Lane<T> cell = f * place.load(before) + i * g;
        place.store(i, of);
        place.store(f, of + n);
        place.store(g, of + 2 * n);
        place.store(o, of + 3 * n);
        place.store(cell, as<T>(c) + b * n);
        place.store(o * tanh(cell), as<T>(h) + b * n);
      });
    };
    for_each_sequence(step, stepped, kept);
  });
}

void lstm_gradient(Dtype dtype, const RecurrentStep& step, const std::byte* gates,
                   const std::byte* c_before, const std::byte* c, const std::byte* dh,
                   std::byte* dc, std::byte* dgates) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto kept = [&](std::int64_t b) { std::fill_n(as<T>(dgates) + 4 * b * n, 4 * n, T{0}); };
    const auto stepped = [&](std::int64_t b) {
      const T* of = as<T>(gates) + 4 * b * n;
      T* to = as<T>(dgates) + 4 * b * n;
      T* carried = as<T>(dc) + b * n;
      for_each_place<T>(n, [&](auto place) {
        const Lane<T> i = place.load(of), f = place.load(of + n);
        const Lane<T> g = place.load(of + 2 * n), o = place.load(of + 3 * n);
        const Lane<T> bent = tanh(place.load(as<T>(c) + b * n));
        const Lane<T> given = place.load(as<T>(dh) + b * n);
        const Lane<T> cell = place.load(carried) + given * o * (1 - bent * bent);
        place.store(cell * g * i * (1 - i), to);
        place.store(cell * place.load(as<T>(c_before) + b * n) * f * (1 - f), to + n);
        place.store(cell * i * (1 - g * g), to + 2 * n);
        place.store(given * bent * o * (1 - o), to + 3 * n);
        place.store(cell * f, carried);
      });
    };
    for_each_sequence(step, stepped, kept);
  });
}

void gru(Dtype dtype, const RecurrentStep& step, const std::byte* bias, std::byte* gates,
         std::byte* inner, const std::byte* h_before, std::byte* h) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto kept = [&](std::int64_t b) {
      std::copy_n(as<T>(h_before) + b * n, n, as<T>(h) + b * n);
    };
    const auto stepped = [&](std::int64_t b) {
      T* of = as<T>(gates) + 3 * b * n;
      T* reset = as<T>(inner) + b * n;
      for_each_place<T>(n, [&](auto place) {
        const auto sum = [&](const T* values, std::int64_t gate) {
          return place.load(values) + place.load(as<T>(bias) + gate * n);
        };
        const Lane<T> r = sigmoid(sum(of, 0)), z = sigmoid(sum(of + n, 1));
        const Lane<T> product = sum(reset, 3);
        const Lane<T> fresh = tanh(sum(of + 2 * n, 2) + r * product);
        place.store(r, of);
        place.store(z, of + n);
        place.store(fresh, of + 2 * n);
        place.store(product, reset);
        place.store(fresh + z * (place.load(as<T>(h_before) + b * n) - fresh), as<T>(h) + b * n);
      });
    };
    for_each_sequence(step, stepped, kept);
  });
}

void gru_gradient(Dtype dtype, const RecurrentStep& step, const std::byte* gates,
                  const std::byte* inner, const std::byte* h_before, std::byte* dh,
                  std::byte* dgates, std::byte* dinner) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto kept = [&](std::int64_t b) {
      std::fill_n(as<T>(dgates) + 3 * b * n, 3 * n, T{0});
      std::fill_n(as<T>(dinner) + b * n, n, T{0});
    };
    const auto stepped = [&](std::int64_t b) {
      const T* of = as<T>(gates) + 3 * b * n;
      T* to = as<T>(dgates) + 3 * b * n;
      T* carried = as<T>(dh) + b * n;
      for_each_place<T>(n, [&](auto place) {
        const Lane<T> r = place.load(of), z = place.load(of + n), fresh = place.load(of + 2 * n);
        const Lane<T> given = place.load(carried);
        const Lane<T> sum = given * (1 - z) * (1 - fresh * fresh);
        const Lane<T> difference = place.load(as<T>(h_before) + b * n) - fresh;
        place.store(sum * place.load(as<T>(inner) + b * n) * r * (1 - r), to);
        place.store(given * difference * z * (1 - z), to + n);
        place.store(sum, to + 2 * n);
        place.store(sum * r, as<T>(dinner) + b * n);
        place.store(given * z, carried);
      });
    };
    for_each_sequence(step, stepped, kept);
  });
}

void rnn(Dtype dtype, const RecurrentStep& step, bool rectified, const std::byte* bias,
         const std::byte* sums, const std::byte* h_before, std::byte* h) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto kept = [&](std::int64_t b) {
      std::copy_n(as<T>(h_before) + b * n, n, as<T>(h) + b * n);
    };
    const auto stepped = [&](std::int64_t b) {
      for_each_place<T>(n, [&](auto place) {
        const Lane<T> x = place.load(as<T>(sums) + b * n) + place.load(as<T>(bias));
        place.store(rectified ? maximum(x, 0) : tanh(x), as<T>(h) + b * n);
      });
    };
    for_each_sequence(step, stepped, kept);
  });
}

void rnn_gradient(Dtype dtype, const RecurrentStep& step, bool rectified, const std::byte* h,
                  const std::byte* dh, std::byte* dsums) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto kept = [&](std::int64_t b) { std::fill_n(as<T>(dsums) + b * n, n, T{0}); };
    const auto stepped = [&](std::int64_t b) {
      for_each_place<T>(n, [&](auto place) {
        const Lane<T> y = place.load(as<T>(h) + b * n), given = place.load(as<T>(dh) + b * n);
        const Lane<T> flat = where(y != y, y, 0);  // the slope of NaN is NaN
        place.store(rectified ? where(y > 0, given, flat) : given * (1 - y * y),
                    as<T>(dsums) + b * n);
      });
    };
    for_each_sequence(step, stepped, kept);
  });
}

void pass(Dtype dtype, const RecurrentStep& step, bool all, const std::byte* g,
          const std::byte* behind, std::byte* y) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const std::int64_t n = step.width;
    const auto added = [&](std::int64_t b) {
      for_each_place<T>(n, [&](auto place) {
        const Lane<T> sum = place.load(as<T>(g) + b * n) + place.load(as<T>(behind) + b * n);
        place.store(sum, as<T>(y) + b * n);
      });
    };
    const auto copied = [&](std::int64_t b) {
      all ? added(b) : static_cast<void>(std::copy_n(as<T>(g) + b * n, n, as<T>(y) + b * n));
    };
    for_each_sequence(step, copied, added);
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const RecurrentKernels& compiled<RecurrentKernels, Level::XTAPE_LEVEL>() {
  static constexpr RecurrentKernels table{lstm, lstm_gradient, gru, gru_gradient,
                                          rnn,  rnn_gradient,  pass};
  return table;
}

}  // namespace xtape::kernels
