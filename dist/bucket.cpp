#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/dist/bucket.hpp>
#include <xtape/dist/kernels/pack.hpp>

namespace xtape::dist::detail {
namespace {

void add_narrow(void* in, void* inout, int* count, MPI_Datatype*) {
  kernels::add_narrow(static_cast<std::uint16_t*>(inout), static_cast<const std::uint16_t*>(in),
                      *count);
}

}  // namespace

NarrowSum::NarrowSum() { check(MPI_Op_create(add_narrow, 1, &op_), "MPI_Op_create"); }
NarrowSum::~NarrowSum() {
  if (mpi_runs()) MPI_Op_free(&op_);
}

Bucket::Bucket(Dtype dtype, const std::vector<std::int64_t>& sizes, Wire wire)
    : dtype_(dtype), present_(sizes.size(), false) {
  offsets_.push_back(0);
  for (const std::int64_t size : sizes) offsets_.push_back(offsets_.back() + size);
  const std::size_t all = static_cast<std::size_t>(offsets_.back()) + sizes.size();
  if (dtype == Dtype::float32) {
    float32_.resize(all);
    if (wire == Wire::bfloat16) narrow_.resize(all);
  } else {
    float64_.resize(all);
  }
}

Bucket::~Bucket() {
  if (started_ && mpi_runs())
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
}

std::int64_t Bucket::bytes() const {
  return static_cast<std::int64_t>(!narrow_.empty() ? narrow_.size() * sizeof(std::uint16_t)
                                                    : float32_.size() * sizeof(float) +
                                                          float64_.size() * sizeof(double));
}

template <>
float* Bucket::data<float>() {
  return float32_.data();
}
template <>
double* Bucket::data<double>() {
  return float64_.data();
}

void Bucket::add(std::size_t place, const Tensor& gradient, double weight) {
  const Tensor dense = gradient.detach().contiguous();
  const auto put = [&]<class T>(T* to) {
    const T* from = dense.data<T>().data();
    if (present_[place])
      kernels::add(to, from, dense.size(), weight);
    else
      kernels::put(to, from, dense.size(), weight);
  };
  if (dtype_ == Dtype::float32)
    put(data<float>() + offsets_[place]);
  else
    put(data<double>() + offsets_[place]);
  present_[place] = true;
}

/// What this rank has nothing of, and the numbers that tell.
void Bucket::fill_gaps() {
  const auto fill = [&]<class T>(T* values) {
    for (std::size_t i = 0; i < count(); ++i) {
      if (!present_[i]) std::fill(values + offsets_[i], values + offsets_[i + 1], T(0));
      values[offsets_.back() + static_cast<std::int64_t>(i)] = present_[i] ? T(1) : T(0);
    }
  };
  if (dtype_ == Dtype::float32)
    fill(data<float>());
  else
    fill(data<double>());
}

void Bucket::start(Link& link) {
  fill_gaps();
  if (link.alone() || link.size == 1) return;
  if (narrow_.empty()) float32_sums_.resize(float32_.size());
  float64_sums_.resize(float64_.size());
  narrow_sums_.resize(narrow_.size());
  void* values = dtype_ == Dtype::float32 ? static_cast<void*>(data<float>()) : data<double>();
  void* sums =
      dtype_ == Dtype::float32 ? static_cast<void*>(float32_sums_.data()) : float64_sums_.data();
  MPI_Datatype type = type_of(dtype_);
  MPI_Op op = MPI_SUM;
  std::size_t bytes = size_of(dtype_);
  const std::int64_t all = offsets_.back() + static_cast<std::int64_t>(count());
  if (!narrow_.empty()) {
    if (!narrow_sum_) narrow_sum_.emplace();
    kernels::narrow(narrow_.data(), float32_.data(), all);
    values = narrow_.data();
    sums = narrow_sums_.data();
    type = MPI_UINT16_T;
    op = narrow_sum_->op();
    bytes = sizeof(std::uint16_t);
  }
  requests_.clear();
  link_ = &link;
  exchange_ = next_exchange(link, "backward");
  started_ = true;
  for (std::int64_t first = 0; first < all; first += most_at_once) {
    const std::size_t at = static_cast<std::size_t>(first) * bytes;
    requests_.push_back(MPI_REQUEST_NULL);
    check(MPI_Iallreduce(static_cast<char*>(values) + at, static_cast<char*>(sums) + at,
                         static_cast<int>(std::min(most_at_once, all - first)), type, op,
                         link.communicator, &requests_.back()),
          "MPI_Iallreduce");
  }
}

bool Bucket::done() {
  if (!started_) return true;
  int over = 0;
  check(
      MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &over, MPI_STATUSES_IGNORE),
      "MPI_Testall");
  if (over != 0) wait();
  return over != 0;
}

void Bucket::wait() {
  if (!started_) return;
  detail::wait(*link_, exchange_, requests_);
  started_ = false;
  float64_.swap(float64_sums_);
  if (narrow_.empty())
    float32_.swap(float32_sums_);
  else
    kernels::widen(float32_.data(), narrow_sums_.data(), static_cast<std::int64_t>(narrow_.size()));
}

Tensor Bucket::part(std::size_t place, const Shape& shape, double by) const {
  const auto told = static_cast<std::size_t>(offsets_.back()) + place;
  const auto quotient = [&]<class T>(const std::vector<T>& sums) -> Tensor {
    if (sums[told] == 0) return {};
    Tensor y = xtape::detail::make_tensor(shape, dtype_, "backward");
    kernels::divide(y.body().elements<T>(), sums.data() + offsets_[place], y.size(), by);
    return y;
  };
  return dtype_ == Dtype::float32 ? quotient(float32_) : quotient(float64_);
}

void Bucket::clear() { std::fill(present_.begin(), present_.end(), false); }

}  // namespace xtape::dist::detail
