#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/dtype.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/ref.hpp>
#include <xtape/core/shape.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

class Node;
class Tensor;
struct RowsGradient;

namespace detail {
struct Body;
/// See `Tensor(T value)`.
Tensor number_tensor(const Number& number);
void add_reference(Body* body) noexcept;
void drop_reference(Body* body) noexcept;
}  // namespace detail

/// Options of `Tensor::backward`.
struct BackwardOptions {
  bool retain_graph = false;  ///< keep the saved values, so that the graph can be swept again
};

/// An n-dimensional array of one dtype, and its place on the tape.
///
/// A cheap handle: copies refer to the same tensor. Its value never changes, with one exception:
/// `assign` gives a leaf a new value, which all its handles see, while values that the tape has
/// saved stay as they were.
class Tensor {
 public:
  /// Undefined: holds no value. Every use but `defined()`, copying and assignment throws
  /// ValueError.
  Tensor() = default;

  /// A constant of rank 0 that stays a number: beside a tensor it takes that one's dtype, as a
  /// literal does, and is exact in it. `Tensor a = 0; a += x;` has the dtype of x. What elementwise
  /// operations make of numbers alone is a number again, computed in float64, or in int64 as long
  /// as that holds the result.
  ///
  /// Everywhere else it is a tensor of the dtype that `tensor(value)` has, the default one for
  /// floating numbers, or float64 for those beyond its range; `item()`, `to()` and printing give
  /// the exact value. `clone()`, `to()` and `set_requires_grad(true)` make it an ordinary tensor.
  /// Throws ValueError for an integer beyond int64.
  template <Arithmetic T>
  Tensor(T value) : Tensor(detail::number_tensor(value)) {}

  [[nodiscard]] bool defined() const { return static_cast<bool>(body_); }
  [[nodiscard]] Dtype dtype() const;
  [[nodiscard]] const Shape& shape() const&;
  [[nodiscard]] Shape shape() const&& { return shape(); }
  [[nodiscard]] int rank() const;
  /// Number of elements.
  [[nodiscard]] std::int64_t size() const;
  /// Extent of an axis; negative axes count from the last. Throws IndexError.
  [[nodiscard]] std::int64_t extent(std::int64_t axis) const;
  /// Rank and extents as xtensor's containers tell them.
  [[nodiscard]] std::size_t dimension() const { return static_cast<std::size_t>(rank()); }
  template <Integer I>
  [[nodiscard]] std::int64_t shape(I axis) const {
    return extent(static_cast<std::int64_t>(axis));
  }

  /// The only element, as double. Throws ShapeError unless size() == 1. For exact int64 values see
  /// `to_vector`.
  [[nodiscard]] double item() const;

  /// The elements in row-major order, without a copy. They stay valid as long as this tensor, and
  /// until it is assigned; those of a temporary do not compile.
  /// Throws DtypeError unless T (bool, std::int64_t, float, double) is the element type, ValueError
  /// if the tensor is a strided view (see `contiguous`), GradError where values read past the tape
  /// would lose derivatives: of the result of a recorded operation, under NoGradGuard too (see
  /// `detach`), except in its rule; there only while the backward pass is differentiated.
  template <class T>
  [[nodiscard]] std::span<const T> data() const& {
    return {static_cast<const T*>(checked_data(dtype_of<T>)), static_cast<std::size_t>(size())};
  }
  template <class T>
  std::span<const T> data() const&& = delete;

  /// The elements in row-major order, converted to T. Throws DtypeError for floating values into an
  /// integer type, GradError as `data`, MemoryError.
  template <class T>
  [[nodiscard]] std::vector<T> to_vector() const {
    if constexpr (std::is_same_v<T, bool>) {
      return truth_values();
    } else {
      std::vector<T> values;
      try {
        values.resize(static_cast<std::size_t>(size()));
      } catch (const std::exception&) {  // bad_alloc or length_error
        throw_no_room("to_vector", dtype_of<T>);
      }
      copy_to(values.data(), dtype_of<T>);
      return values;
    }
  }

  /// The same values in another dtype; itself when it has that dtype. To integers truncates, to
  /// boolean is `!= 0`; to float32, what is beyond its range is infinite.
  /// Throws ValueError for NaN, infinities and numbers that int64 does not hold, into int64.
  ///   dx = g in the dtype of x, between floating dtypes; none otherwise
  [[nodiscard]] Tensor to(Dtype dtype) const;

  /// The i-th part along the first axis: x[i] in NumPy. Negative ones count from the end. A view.
  ///   dx = embed(g)
  /// Throws IndexError for an index out of range, and if there is no axis.
  template <Countable I>
  [[nodiscard]] Tensor operator[](I i) const {
    return part({i});
  }
  /// The part at one index for each of the first axes: `x(i, j)` is x[i][j], as one view; an
  /// element where all axes have one; `x()` is x.   dx = embed(g)
  /// Throws IndexError for an index out of range, and for more of them than axes.
  template <Countable... I>
  requires(sizeof...(I) <= max_rank) [[nodiscard]] Tensor operator()(I... i) const {
    return part({i...});
  }

  /// What lies at indices along the first axis, or where a mask is true: take(x, i), or
  /// masked_select(x, mask). Throws as these. Indices for several axes: `take_at`.
  template <std::same_as<Tensor> T>
  [[nodiscard]] Tensor operator[](const T& at) const {
    return chosen(at);
  }

  /// The same values in dense row-major order; itself when they are.   dx = g
  [[nodiscard]] Tensor contiguous() const;
  [[nodiscard]] bool is_contiguous() const;

  /// The same value, cut from the tape: a constant that shares the memory.
  [[nodiscard]] Tensor detach() const;

  /// A leaf of its own with a copy of the value, without gradient and requiring one only if `*this`
  /// is a leaf that does.
  [[nodiscard]] Tensor clone() const;

  /// Makes a leaf collect gradients, or stops it. Returns the same tensor, for chaining. What was
  /// computed while it did not require them does not lead to it: it gets none from there.
  /// Throws DtypeError unless floating, GradError on the result of a recorded operation.
  Tensor set_requires_grad(bool requires_grad) const;

  /// Whether operations on this tensor are recorded: a leaf that was asked to, or the result of
  /// such operations.
  [[nodiscard]] bool requires_grad() const;
  [[nodiscard]] bool is_leaf() const;

  /// The gradient that `backward` has accumulated in this leaf, or in a result that retains it;
  /// undefined before the first. Where only rows are kept, a copy with zeros for all others, which
  /// nothing can be assigned to. Throws GradError for another result of a recorded operation.
  [[nodiscard]] Tensor grad() const;
  /// The rows of the gradient, if `backward` has kept these alone: that of a table of which `take`
  /// used few, if it was asked to keep them (`sparse_grad`), and nothing else the whole. Throws as
  /// grad().
  [[nodiscard]] std::optional<RowsGradient> sparse_grad() const;
  /// Makes `backward` collect the gradient of this result of a recorded operation in `grad()`, as
  /// it does that of leaves. Returns the same tensor, for chaining.
  /// Without effect within checkpoint. Throws GradError for a constant, unless under NoGradGuard,
  /// where nothing has a gradient, and within vmap.
  Tensor retain_grad() const;
  /// Gives a leaf that collects gradients a name, for tables of the tape and messages. Parameters
  /// of a module have one, their path. Returns the same tensor. Throws GradError for other tensors.
  Tensor set_name(std::string name) const;
  /// Forgets the gradient.
  void zero_grad() const;

  /// Adds dL/dx to the gradient of every leaf x that this scalar L was computed from.
  /// Throws GradError if the tensor was not recorded, is not a scalar (give a `seed` then), or has
  /// been swept before without retain_graph. When a rule throws, no leaf has changed.
  void backward(BackwardOptions options = {}) const;
  /// The same from a tensor of any shape, with `seed` = dL/d(this), of its shape and dtype.
  template <std::derived_from<Tensor> Seed>
  void backward(const Seed& seed, BackwardOptions options = {}) const {
    backward_from(seed, options);
  }

  /// Gives a leaf a new value of the same shape and dtype. In place when nobody else holds the
  /// memory, in fresh memory otherwise. Throws ShapeError, DtypeError, GradError on the result of a
  /// recorded operation.
  void assign(const Tensor& value) const;

  /// "float32[300, 64]", for messages.
  [[nodiscard]] std::string describe() const;

  // For the library's own use.
  explicit Tensor(Ref<detail::Body> body) noexcept : body_(std::move(body)) {}
  Tensor(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  /// Of a named tensor of a module, say, which stays what it is: both are the same tensor.
  template <class T>  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): of no Tensor itself
  requires(std::derived_from<T, Tensor> && !std::same_as<T, Tensor>) Tensor(T&& other)
      : Tensor(static_cast<const Tensor&>(other)) {}
  // Of what has a name: `x[0] = y` would change nothing.
  Tensor& operator=(const Tensor& other) &;
  Tensor& operator=(Tensor&&) & noexcept = default;
  template <class T>
  requires(std::derived_from<T, Tensor> && !std::same_as<T, Tensor>) Tensor& operator=(
      T&& other) & {
    return *this = static_cast<const Tensor&>(other);
  }
  ~Tensor() = default;
  /// Throws ValueError if undefined.
  detail::Body& body() const {
    if (!body_) throw_undefined();
    return *body_.get();
  }
  [[nodiscard]] Node* node() const;

 private:
  [[noreturn]] static void throw_undefined();
  Tensor part(std::initializer_list<Number> indices) const;
  Tensor chosen(const Tensor& at) const;
  Tensor collected() const;
  void backward_from(const Tensor& seed, BackwardOptions options) const;
  const void* checked_data(Dtype dtype) const;
  [[noreturn]] void throw_no_room(const char* operation, Dtype dtype) const;
  std::vector<bool> truth_values() const;
  void copy_to(void* values, Dtype dtype) const;

  Ref<detail::Body> body_;
};

/// The gradient of a table [n, ...] that is 0 but in some rows.
struct RowsGradient {
  Tensor rows;    ///< [k] int64, their numbers, rising
  Tensor values;  ///< [k, ...]
};

namespace detail {
/// Throws GradError, in the name of `what`, where values read past the tape would lose derivatives.
void check_readable(const char* what, const Tensor& tensor);
/// The elements of a leaf, dense and nobody else's, for a value of this shape to be written there.
/// Throws as `Tensor::assign`.
void* begin_assign(const Tensor& leaf, const Shape& shape);
}  // namespace detail

/// A tensor and its name, such as its path in a module: "hidden.0.weight".
using NamedTensor = std::pair<std::string, Tensor>;
using NamedTensors = std::vector<NamedTensor>;

/// Prints the values in NumPy's form: with at most as many digits behind the point as the stream's
/// precision says, or 8, and all of a single number, where that is the 6 of a new stream.
std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);
[[nodiscard]] std::string to_string(const Tensor& tensor);

}  // namespace xtape

XTAPE_EXPORT_END
