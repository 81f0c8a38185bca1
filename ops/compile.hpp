#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// What a function does cannot be done again without it, see `compile`.
struct ReplayError : ValueError {
  using ValueError::ValueError;
};

namespace detail {

using TensorList = std::vector<Tensor, memory::Allocator<Tensor>>;

/// What is known of a compiled function: what it did for each kind of arguments.
class Replays {
 public:
  Replays();
  Replays(Replays&&) noexcept;
  Replays& operator=(Replays&&) noexcept;
  ~Replays();

  using Function = TensorList (*)(void* context, std::span<const Tensor> inputs);
  /// `counts` tells of each argument how many tensors it is, -1 for one that is no vector.
  TensorList call(std::span<const Tensor> inputs, std::span<const std::int64_t> counts,
                  Function function, void* context);
  std::int64_t replayed() const;
  std::size_t plans() const;
  void forget();

 private:
  struct State;
  Owned<State> state_;
};

void append(TensorList& list, const Tensor& x);
void append(TensorList& list, const std::vector<Tensor>& x);
inline std::int64_t count_in(const Tensor&) { return -1; }
inline std::int64_t count_in(const std::vector<Tensor>& x) {
  return static_cast<std::int64_t>(x.size());
}
template <class T>
concept ListedTensors = requires(TensorList& list, const T& x) {
  append(list, x);
};

/// Takes tensors off a list again, in the order in which they were appended.
class FromList {
 public:
  explicit FromList(std::span<const Tensor> list) : list_(list) {}

  void take(Tensor& x) { x = list_[at_++]; }
  void take(std::vector<Tensor>& x);

 private:
  std::span<const Tensor> list_;
  std::size_t at_ = 0;
};

/// What a function gives, to and from a list: a tensor, a vector of them, a pair or tuple.
template <class T>
struct ResultOf {
  static void append_to(TensorList& list, const T& result) {
    std::apply([&](const auto&... each) { (append(list, each), ...); }, result);
  }
  static T from(std::span<const Tensor> list) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return T(list[i]...); }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  }
};
template <>
struct ResultOf<Tensor> {
  static void append_to(TensorList& list, const Tensor& result) { append(list, result); }
  static Tensor from(std::span<const Tensor> list) { return list[0]; }
};
template <>
struct ResultOf<std::vector<Tensor>> {
  static void append_to(TensorList& list, const std::vector<Tensor>& result) {
    append(list, result);
  }
  static std::vector<Tensor> from(std::span<const Tensor> list);
};

}  // namespace detail

/// A function that is done again, rather than called, see `compile`.
template <class F>
class Compiled {
 public:
  explicit Compiled(F function) : function_(std::move(function)) {}

  /// Arguments are tensors, or vectors of them.
  template <detail::ListedTensors... Arguments>
  requires std::invocable<F&, const Arguments&...>
  auto operator()(const Arguments&... arguments) {
    using Result = std::remove_cvref_t<std::invoke_result_t<F&, const Arguments&...>>;
    detail::TensorList inputs;
    (detail::append(inputs, arguments), ...);
    const std::array<std::int64_t, sizeof...(arguments)> counts{detail::count_in(arguments)...};
    auto called = [&](std::span<const Tensor> given) {
      std::tuple<Arguments...> own(arguments...);
      detail::FromList list(given);
      std::apply([&](auto&... each) { (list.take(each), ...); }, own);
      detail::TensorList results;
      if constexpr (std::is_void_v<Result>)
        std::apply(function_, own);
      else
        detail::ResultOf<Result>::append_to(results, std::apply(function_, own));
      return results;
    };
    using Called = decltype(called);
    const detail::TensorList results = replays_.call(
        inputs, counts,
        [](void* context, std::span<const Tensor> given) {
          return (*static_cast<Called*>(context))(given);
        },
        &called);
    if constexpr (!std::is_void_v<Result>) return detail::ResultOf<Result>::from(results);
  }

  /// The one vector that the function takes, in braces: `step({x, v})`.
  template <std::same_as<Tensor> T>
  auto operator()(std::initializer_list<T> list) {
    return (*this)(std::vector<Tensor>(list));
  }

  /// How many calls were replays.
  std::int64_t replays() const { return replays_.replayed(); }
  /// For how many kinds of arguments there is something to replay.
  std::size_t plans() const { return replays_.plans(); }
  /// Forgets what was traced: the next calls call the function.
  void forget() { replays_.forget(); }

 private:
  F function_;
  detail::Replays replays_;
};

/// `f` as a function that is traced by its first calls and replayed from then on: `auto step =
/// compile(f); loss = step(x, y);`. A replay carries out the operations that f did, forward and
/// backward, with what it was given, and the same in-place steps: `backward`, `assign`,
/// `zero_grad`, optimizers, clipping, averaging, dropout, which draws afresh. It builds no tape,
/// and calls no line of f: what else f does, such as counting or printing, happens while it is
/// traced only.
///
/// f takes tensors or vectors of them and gives tensors, a pair or tuple of tensors, a vector, or
/// nothing. Arguments and results are constants: they have no place on the tape. What f captures is
/// read anew each time; a C++ number, a shape or an if that depends on more than shapes is as it
/// was in the first calls. So what changes from call to call must be an argument. Arguments of
/// another shape or dtype, another mode of a module, parameters that are frozen, or a captured
/// tensor that was replaced are traced anew.
///
/// The first two calls call f, and must do the same. Throws ReplayError, naming operation and line,
/// if they do not (in the third call), and for what cannot be replayed: reading values of what f
/// computes (`item`, `data`, printing), hooks, sparse gradients, retain_grad; ShapeError where the
/// shape of a result depends on values and is another. ValueError for an argument that is
/// undefined, a number, or requires a gradient.
///
/// A result has the bits that f gives. Gradients that f drops before it reads them are dropped
/// first, so that after an error in the forward pass there are none. One call at a time; others wait. A call within another
/// compiled function, vmap or a DebugGuard calls f.
template <class F>
[[nodiscard]] Compiled<std::decay_t<F>> compile(F&& f) {
  return Compiled<std::decay_t<F>>(std::forward<F>(f));
}

}  // namespace xtape

XTAPE_EXPORT_END
