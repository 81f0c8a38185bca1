#include <algorithm>
#include <cstdlib>
#include <exception>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/dist/ending.hpp>
#include <xtape/dist/kernels/pack.hpp>
#include <xtape/dist/link.hpp>
#include <xtape/dist/meeting.hpp>
#include <xtape/dist/same.hpp>
#include <xtape/dist/together.hpp>
#include <xtape/dist/world.hpp>

namespace xtape::dist {
namespace detail {
namespace {

bool there_is_one = false;  // that stands for the whole program

/// Whether a launcher has started this process: OpenMPI's, MPICH's, or Slurm's.
bool launched() {
  constexpr const char* marks[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE",
                                   "MPI_LOCALNRANKS"};
  return std::ranges::any_of(marks, [](const char* name) { return std::getenv(name) != nullptr; });
}

void join(Link& link, MPI_Comm communicator) {
  check(MPI_Comm_dup(communicator, &link.communicator), "MPI_Comm_dup");
  check(MPI_Comm_set_errhandler(link.communicator, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_dup(communicator, &link.ending), "MPI_Comm_dup");
  check(MPI_Comm_rank(link.communicator, &link.rank), "MPI_Comm_rank");
  check(MPI_Comm_size(link.communicator, &link.size), "MPI_Comm_size");
  watch_errors();
}

/// How many numbers each rank has. Throws ValueError on all of them unless they have as many.
int same_count(const char* op, Link& link, std::size_t count) {
  if (const std::string differs = meet(link, op, std::to_string(count)); !differs.empty())
    throw ValueError(std::string(op) + ": all ranks must have as many numbers; got " + differs);
  if (count > std::size_t{most_at_once})
    throw ValueError(std::string(op) + ": there may be 2^30 numbers at most; got " +
                     std::to_string(count));
  return static_cast<int>(count);
}

/// Least and greatest with NaN where any rank has one: MPI's own may lose it.
template <class T, bool least>
void choose(void* in, void* inout, int* count, MPI_Datatype*) {
  kernels::choose<T, least>(static_cast<T*>(inout), static_cast<const T*>(in), *count);
}

/// The op of a reduction, MPI's or one of one's own.
class Op {
 public:
  Op(Reduction reduction, Dtype dtype) {
    if (reduction == Reduction::sum) return;
    const bool least = reduction == Reduction::minimum;
    op_ = least ? MPI_MIN : MPI_MAX;
    if (dtype == Dtype::float32) own(least ? choose<float, true> : choose<float, false>);
    if (dtype == Dtype::float64) own(least ? choose<double, true> : choose<double, false>);
  }
  ~Op() {
    if (own_ && mpi_runs()) MPI_Op_free(&op_);
  }
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  MPI_Op op() const { return op_; }

 private:
  void own(MPI_User_function* f) {
    check(MPI_Op_create(f, 1, &op_), "MPI_Op_create");
    own_ = true;
  }
  MPI_Op op_ = MPI_SUM;
  bool own_ = false;
};

template <class T>
Tensor reduced(Link& link, const Tensor& x, MPI_Op op) {
  const Tensor dense = x.detach().contiguous();
  const std::span<const T> own = dense.data<T>();
  std::vector<T> all(own.begin(), own.end());
  const auto n = static_cast<std::int64_t>(all.size());
  for (std::int64_t first = 0; first < n; first += most_at_once) {
    const auto count = static_cast<int>(std::min(most_at_once, n - first));
    exchange(link, "sum", [&](MPI_Request* request) {
      return MPI_Iallreduce(MPI_IN_PLACE, all.data() + first, count, type_of(dtype_of<T>), op,
                            link.communicator, request);
    });
  }
  return from_vector(std::move(all), x.shape());
}

void send_bytes(Link& link, void* data, std::size_t bytes) {
  auto* at = static_cast<char*>(data);
  constexpr std::size_t most = std::size_t{1} << 30;
  for (std::size_t first = 0; first < bytes; first += most) {
    exchange(link, "broadcast", [&](MPI_Request* request) {
      return MPI_Ibcast(at + first, static_cast<int>(std::min(most, bytes - first)), MPI_BYTE, 0,
                        link.communicator, request);
    });
  }
}

template <class T>
Tensor sent(Link& link, const Tensor& x) {
  const Tensor dense = x.detach().contiguous();
  const std::span<const T> own = dense.data<T>();
  // std::vector<bool> has no elements to send.
  std::vector<std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>> all(own.begin(),
                                                                                 own.end());
  send_bytes(link, all.data(), all.size() * sizeof(T));
  if constexpr (std::is_same_v<T, bool>) {
    return from_vector(std::vector<bool>(all.begin(), all.end()), x.shape());
  } else {
    return from_vector(std::move(all), x.shape());
  }
}

Tensor sent(Link& link, const Tensor& x) {
  switch (x.dtype()) {
    case Dtype::boolean: return sent<bool>(link, x);
    case Dtype::int64: return sent<std::int64_t>(link, x);
    case Dtype::float32: return sent<float>(link, x);
    default: return sent<double>(link, x);
  }
}

}  // namespace

void check(int status, const char* what) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw Error(std::string("world: ") + what + ": " + text);
}

MPI_Datatype type_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::float32: return MPI_FLOAT;
    case Dtype::float64: return MPI_DOUBLE;
    case Dtype::int64: return MPI_INT64_T;
    default: return MPI_BYTE;
  }
}

bool mpi_runs() {
  int begun = 0, ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  return begun != 0 && ended == 0;
}

}  // namespace detail

World::World(int& argc, char**& argv) : World(&argc, &argv) {}
World::World() : World(static_cast<int*>(nullptr), nullptr) {}

World::World(int* argc, char*** argv) : link_(std::make_unique<detail::Link>()) {
  if (detail::there_is_one)
    throw ValueError("world: there must be one of the whole program; got a second");
  int begun = 0, ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  if (ended != 0) throw ValueError("world: MPI can begin once in a process; it has ended before");
  if (begun != 0 || detail::launched()) {
    if (begun == 0) {
      int level = 0;
      detail::check(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread");
      link_->began = true;
    }
    detail::join(*link_, MPI_COMM_WORLD);
  }
  link_->main = detail::there_is_one = true;
  detail::set_whole(link_.get());
  link_->exceptions = std::uncaught_exceptions();
}

World::World(const void* communicator, std::size_t bytes)
    : link_(std::make_unique<detail::Link>()) {
  if (!detail::mpi_runs())
    throw ValueError("world: a communicator needs MPI, which has not begun or has ended");
  if (bytes != sizeof(MPI_Comm)) throw ValueError("world: adopt() needs an MPI_Comm");
  MPI_Comm own = *static_cast<const MPI_Comm*>(communicator);
  if (own == MPI_COMM_NULL)
    throw ValueError("world: a communicator must have a rank or more; got MPI_COMM_NULL");
  detail::join(*link_, own);
  link_->exceptions = std::uncaught_exceptions();
}

World::~World() {
  if (std::uncaught_exceptions() > link_->exceptions && link_->size > 1) {
    detail::note_error();  // others may be waiting: to end in order would wait for them
    if (link_->main) forget_whole();
    return;
  }
  try {
    finalize();
  } catch (const std::exception&) {  // nothing is left to be done
  }
}

void World::forget_whole() {
  detail::there_is_one = false;
  detail::set_whole(nullptr);
}

void World::finalize() {
  if (!link_->ended && link_->main) forget_whole();
  detail::end_world(*link_);
}

detail::Link& World::link() const {
  if (link_->ended || (!link_->alone() && !detail::mpi_runs()))
    throw ValueError("world: MPI has ended; nothing can be exchanged any more");
  if (!link_->held.empty()) {
    throw ValueError("world: nothing can be exchanged in " + link_->held +
                     ", where each rank does something of its own");
  }
  if (link_->size > 1 && link_->thread != std::this_thread::get_id())
    throw ValueError("world: ranks exchange on the thread that made the world; got another");
  return *link_;
}

int World::rank() const { return link_->rank; }
int World::size() const { return link_->size; }

void World::barrier() const {
  detail::Link& own = link();
  if (own.size > 1) static_cast<void>(detail::meet(own, "barrier"));
}

Tensor World::all_reduce(const Tensor& x, Reduction reduction) const {
  detail::Link& own = link();
  if (x.dtype() == Dtype::boolean)
    throw DtypeError("all_reduce: numbers are needed; got " + x.describe());
  if (own.size == 1) return x.detach();
  constexpr const char* kinds[] = {"", "the least of ", "the greatest of "};
  const std::string with = kinds[static_cast<int>(reduction)] + x.describe();
  if (const std::string differs = detail::meet(own, "all_reduce", with); !differs.empty()) {
    throw ShapeError("all_reduce: tensors must be of one shape and dtype on all ranks; got " +
                     differs);
  }
  const detail::Op op(reduction, x.dtype());
  if (x.dtype() == Dtype::float32) return detail::reduced<float>(own, x, op.op());
  if (x.dtype() == Dtype::float64) return detail::reduced<double>(own, x, op.op());
  return detail::reduced<std::int64_t>(own, x, op.op());
}

NamedTensors World::broadcast(const NamedTensors& state) const {
  detail::Link& own = link();
  if (own.size == 1) return state;
  std::vector<std::string> lines;
  for (const auto& [name, tensor] : state) lines.push_back(name + " " + tensor.describe());
  if (const std::string differs = detail::first_difference(*this, "broadcast", lines);
      !differs.empty())
    throw ValueError("broadcast: all ranks must have the same names, shapes and dtypes; got " +
                     differs);
  NamedTensors result;
  for (const auto& [name, tensor] : state) result.emplace_back(name, detail::sent(own, tensor));
  return result;
}

std::string World::broadcast(const std::string& text) const {
  detail::Link& own = link();
  if (own.size == 1) return text;
  static_cast<void>(detail::meet(own, "broadcast of a text"));
  std::uint64_t bytes = text.size();
  detail::send_bytes(own, &bytes, sizeof(bytes));
  std::string result(text, 0, std::min<std::size_t>(text.size(), bytes));
  result.resize(bytes);
  detail::send_bytes(own, result.data(), result.size());
  return result;
}

std::vector<double> World::gather(std::span<const double> numbers) const {
  detail::Link& own = link();
  std::vector<double> all(numbers.begin(), numbers.end());
  if (own.size == 1) return all;
  const int count = detail::same_count("gather", own, numbers.size());
  all.resize(numbers.size() * static_cast<std::size_t>(own.size));
  detail::exchange(own, "gather", [&](MPI_Request* request) {
    return MPI_Iallgather(numbers.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE,
                          own.communicator, request);
  });
  return all;
}

void World::sum(std::span<double> numbers) const {
  detail::Link& own = link();
  if (own.size == 1) return;
  const int count = detail::same_count("sum", own, numbers.size());
  detail::exchange(own, "sum", [&](MPI_Request* request) {
    return MPI_Iallreduce(MPI_IN_PLACE, numbers.data(), count, MPI_DOUBLE, MPI_SUM,
                          own.communicator, request);
  });
}

void World::require_same(const std::string& what, const std::vector<std::string>& lines) const {
  const std::string differs = detail::first_difference(*this, what.c_str(), lines);
  if (!differs.empty()) throw ValueError(what + " must be the same on all ranks; got " + differs);
}

void World::hold(const std::string& why) const { link_->held = why; }

int World::run_function(const std::function<void()>& f) const {
  try {
    f();
  } catch (...) {
    detail::tell_and_end(std::current_exception());
  }
  return 0;
}

}  // namespace xtape::dist
