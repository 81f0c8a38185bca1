#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/depot.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/numbers.hpp>

namespace xtape {

Number Operand::number() const {
  if (tensor_ != nullptr && detail::Watcher::present()) [[unlikely]]
    detail::Watcher::tell_all([&](detail::Watcher& to) { to.reads("a number", *tensor_); });
  return tensor_ == nullptr ? number_ : detail::number_of(tensor_->body());
}

const Tensor& Operand::number_tensor(const char* op, Dtype other, Tensor& constant) const {
  const Number value = number();
  return constant = detail::constant(op, {}, value, value.dtype_beside(other));
}

namespace detail {

void require_defined(const char* op, const char* what, const Operand& operand) {
  if (!operand.is_number()) require_defined(op, what, operand.dense());
}

namespace {

Dtype widest(std::initializer_list<Operand> numbers) {
  Dtype widest = Dtype::boolean;
  for (const Operand& number : numbers) {
    const bool wide = number.exceeds_int64() || is_floating(number.dtype());
    widest = std::max(widest, wide ? Dtype::float64 : number.dtype());
  }
  return widest;
}

/// Numbers that a thread has made tensors of lately. A program has few of them, and a loop makes
/// each again and again, for every node to keep.
class RecentNumbers {
 public:
  RecentNumbers() { of_this_thread = this; }
  ~RecentNumbers() {
    for (Entry& entry : entries_) entry = Entry();
    of_this_thread = nullptr;
    thread_ends = true;  // what is destroyed later may still compute
  }
  RecentNumbers(const RecentNumbers&) = delete;
  RecentNumbers& operator=(const RecentNumbers&) = delete;

  /// Those of this thread; null when it ends.
  static RecentNumbers* get() {
    if (of_this_thread == nullptr && !thread_ends) [[unlikely]]
      start();
    return of_this_thread;
  }
  const Tensor& find(const char* op, const Number& number, Dtype dtype) {
    Entry& entry = entries_[place(number, dtype)];
    if (!entry.holds(number, dtype)) entry = Entry(op, number, dtype);
    return entry.tensor;
  }
  static Tensor fixed(const char* op, const Number& number, Dtype dtype) {
    Tensor made = constant(op, {}, number, dtype);
    made.body().fixed = true;
    return made;
  }

 private:
  /// Memory that it alone holds is not live: users count what they have made.
  struct Entry {
    Number number = 0;
    Tensor tensor{};
    std::int64_t bytes = 0;

    Entry() = default;
    Entry(const char* op, const Number& value, Dtype dtype) : number(value) {
      const std::int64_t before = memory::detail::thread_bytes();
      tensor = fixed(op, value, dtype);
      bytes = memory::detail::thread_bytes() - before;
      memory::detail::add_live_bytes(-bytes);
    }
    Entry& operator=(Entry&& other) noexcept {
      memory::detail::add_live_bytes(bytes);
      number = other.number;
      tensor = std::move(other.tensor);
      bytes = std::exchange(other.bytes, 0);
      return *this;
    }
    bool holds(const Number& value, Dtype dtype) const {
      return tensor.defined() && tensor.dtype() == dtype && number.same(value);
    }
  };

  [[gnu::noinline]] static void start() { thread_local const RecentNumbers numbers; }
  XTAPE_WRAPS static std::size_t place(const Number& number, Dtype dtype) {
    return (number.bits() + static_cast<std::uint64_t>(dtype)) * 0x9E3779B97F4A7C15 >> 60;
  }

  static thread_local constinit RecentNumbers* of_this_thread;
  static thread_local constinit bool thread_ends;
  std::array<Entry, 16> entries_;
};

thread_local constinit RecentNumbers* RecentNumbers::of_this_thread = nullptr;
thread_local constinit bool RecentNumbers::thread_ends = false;

}  // namespace

const Tensor& operand_tensor(const char* op, const Operand& operand, Dtype other,
                             Tensor& constant) {
  if (!operand.is_number()) return operand.dense();
  const Number number = operand.number();
  const Dtype dtype = number.dtype_beside(other);
  RecentNumbers* const recent = RecentNumbers::get();
  if (recent == nullptr) return constant = RecentNumbers::fixed(op, number, dtype);
  const Tensor& known = recent->find(op, number, dtype);
  // Who watches may use other numbers before the operation is done.
  return levels.watchers == nullptr ? known : constant = known;
}

Tensor of_numbers(const char* op, std::initializer_list<Operand> numbers,
                  const std::function<Tensor(std::span<const Tensor>)>& compute) {
  const auto computed_in = [&](Dtype dtype) {
    std::vector<Tensor> constants(numbers.size());
    auto constant = constants.begin();
    for (const Operand& number : numbers) number.tensor(op, dtype, *constant++);
    return compute(constants);
  };
  const Unwatched quiet;  // the result is a number like another
  Tensor y = computed_in(widest(numbers));
  if (y.dtype() == Dtype::int64) {
    const Tensor wide = computed_in(Dtype::float64);
    if (!(std::abs(wide.item() - y.item()) < 0x1p62)) y = wide;  // it has wrapped around
  }
  return number_tensor(number_of(y.body()));
}

}  // namespace detail
}  // namespace xtape
