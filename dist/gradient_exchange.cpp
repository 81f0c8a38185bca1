#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <type_traits>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/dist/ending.hpp>
#include <xtape/dist/exchanged.hpp>
#include <xtape/dist/gradient_exchange.hpp>

namespace xtape::dist {
namespace {

template <class T>
XTAPE_WRAPS std::uint64_t hashed(std::uint64_t bits, std::span<const T> values) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  for (const T value : values) bits = (bits ^ std::bit_cast<Bits>(value)) * 0x100000001b3;
  return bits;
}

/// Of all bits of some parameters.
std::uint32_t values_hash(const std::vector<Tensor>& parameters) {
  std::uint64_t bits = 0xcbf29ce484222325;
  for (const Tensor& parameter : parameters) {
    const Tensor dense = parameter.detach().contiguous();
    bits = dense.dtype() == Dtype::float32 ? hashed(bits, dense.data<float>())
                                           : hashed(bits, dense.data<double>());
  }
  return static_cast<std::uint32_t>((bits ^ bits >> 32) & 0xffffffffU);
}

/// So many of one dtype, in this order, as fill a bucket.
struct Load {
  Dtype dtype;
  std::vector<std::size_t> parameters;
  std::int64_t bytes = 0;
};

/// The last parameters first: their gradients are complete first.
std::vector<Load> loads(const std::vector<Tensor>& parameters, const OverlappedOptions& options) {
  std::vector<Load> all;
  for (std::size_t behind = parameters.size(); behind > 0; --behind) {
    const std::size_t i = behind - 1;
    const Tensor& one = parameters[i];
    const auto bytes = one.size() * static_cast<std::int64_t>(size_of(one.dtype()));
    const auto open = std::find_if(all.rbegin(), all.rend(),
                                   [&](const Load& load) { return load.dtype == one.dtype(); });
    const bool first = open == all.rend() || &*open == all.data();
    const std::int64_t room = first ? options.first_bucket : options.bucket;
    if (open == all.rend() || open->bytes + bytes > room) {
      all.push_back({one.dtype(), {i}, bytes});
    } else {
      open->parameters.push_back(i);
      open->bytes += bytes;
    }
  }
  return all;
}

}  // namespace

Overlapped::Exchange::Exchange(const nn::Module& model, const World& of,
                               const OverlappedOptions& options)
    : world(of), number(of.link().overlapped + 1), others_allowed(options.allow_others) {
  if (options.first_bucket < 1 || options.bucket < 1) {
    throw ValueError("overlapped: buckets must have a byte or more; got " +
                     std::to_string(options.first_bucket) + " and " +
                     std::to_string(options.bucket));
  }
  std::vector<std::string> lines = detail::lines_of(model);
  lines.push_back("buckets of " + std::to_string(options.first_bucket) + " and " +
                  std::to_string(options.bucket) + " bytes" +
                  (options.wire == Wire::bfloat16 ? " in bfloat16" : ""));
  detail::require_same("overlapped", world, lines);
  world.link().overlapped = number;
  for (const auto& [name, parameter] : model.named_parameters()) {
    names.push_back(name);
    parameters.push_back(parameter);
  }
  places.resize(parameters.size());
  nodes.resize(parameters.size());
  for (const Load& load : loads(parameters, options)) {
    std::vector<std::int64_t> sizes;
    for (const std::size_t i : load.parameters) {
      places[i] = {buckets.size(), sizes.size()};
      sizes.push_back(parameters[i].size());
    }
    buckets.push_back(std::make_unique<detail::Bucket>(load.dtype, sizes, options.wire));
  }
}

Overlapped::Exchange::~Exchange() {
  if (!failed || !awaits_others) return;
  // Others may never send what is awaited: MPI keeps the memory as long as it runs.
  for (auto& bucket : buckets) static_cast<void>(bucket.release());
  static_cast<void>(numbers.release());
}

double Overlapped::Exchange::now() const {
  if (!world.link().alone()) return MPI_Wtime();
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

void Overlapped::Exchange::begin(double samples) {
  static_cast<void>(world.link());
  if (failed) throw ValueError("overlapped: a pass before has ended by an exception on this rank");
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    if (parameter.dtype() != buckets[places[i].bucket]->dtype()) {
      throw DtypeError("overlapped: parameters must keep their dtypes; " + names[i] + " is " +
                       parameter.describe() + " now");
    }
  }
  if (!std::ranges::equal(nodes, parameters, {}, {},
                          &Tensor::node)) {  // some are frozen, or thawed
    index.clear();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      nodes[i] = parameters[i].node();
      if (nodes[i] != nullptr) index.emplace(nodes[i], i);
    }
  }
  weight = samples;
  sent = received = 0;
  missing.assign(buckets.size(), 0);  // what is frozen does not come
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (nodes[i] != nullptr) ++missing[places[i].bucket];
  ++passes;
  began = now();
}

void Overlapped::Exchange::send(std::size_t bucket) {
  buckets[bucket]->start(world.link());
  ++statistics.buckets;
  statistics.bytes += buckets[bucket]->bytes();
}

void Overlapped::Exchange::complete(const Node& leaf, const Tensor& gradient) {
  const Place at = places[index.at(&leaf)];
  buckets[at.bucket]->add(at.place, gradient, weight / unit);
  --missing[at.bucket];
  for (; does == Does::send && sent < buckets.size() && missing[sent] == 0; ++sent) {
    send(sent);
    ++statistics.early;
  }
}

/// MPI goes on with what is under way when it is asked.
void Overlapped::Exchange::rule_done() {
  while (received < sent && buckets[received]->done()) ++received;
}

/// Begins a pass that all ranks make together. What others do is known at its end, before any leaf
/// changes; in the first one at once.
void Overlapped::Exchange::meet(double samples) {
  detail::Link& link = world.link();
  std::array<double, detail::Meeting::most_sums> own{samples + gathered, gathered > 0 ? 1.0 : 0.0};
  if (!compared) xtape::detail::put_hash(std::span(own).subspan<2>(), values_hash(parameters));
  numbers->meeting.begin(link, detail::in_backward, "Overlapped " + std::to_string(number), own);
  if (!compared) compare();
  if (numbers->values.empty()) return;
  numbers->exchange = detail::next_exchange(link, detail::in_backward);
  detail::check(
      MPI_Iallreduce(MPI_IN_PLACE, numbers->values.data(), static_cast<int>(numbers->values.size()),
                     MPI_DOUBLE, MPI_SUM, link.communicator, &numbers->request),
      "MPI_Iallreduce");
}

/// In the first pass: throws ValueError on all ranks if they begin with other parameters.
void Overlapped::Exchange::compare() {
  end_meeting();
  const detail::Meeting& meeting = numbers->meeting;
  const std::array hashes{meeting.sum(2), meeting.sum(3), meeting.sum(4), meeting.sum(5)};
  if (!xtape::detail::are_same(world.size(), hashes)) {
    forget();
    failed = false;  // nothing has been sent
    throw ValueError(
        "overlapped: parameters must have the same values on all ranks in the first pass; give "
        "them those of rank 0, by broadcast(model, world)");
  }
  if (meeting.sum(1) == 0 && total > 0) unit = std::exp2(std::ilogb(total));
  compared = true;
}

/// Waits for all ranks.
void Overlapped::Exchange::end_meeting() {
  if (const std::string differs = numbers->meeting.end(); !differs.empty())
    detail::end_all("overlapped: all ranks must call backward of the same one; got " + differs);
  total = numbers->meeting.sum(0);
}

void Overlapped::Exchange::send_all() {
  const double sent_at = now();
  statistics.backward_seconds += sent_at - began;
  for (; sent < buckets.size(); ++sent) send(sent);
}

/// Samples of all ranks, when all gradients are there.
double Overlapped::Exchange::receive() {
  const double from = now();
  if (awaits_others) {
    end_meeting();
    if (!numbers->values.empty())
      detail::wait(world.link(), numbers->exchange, {&numbers->request, 1});
  }
  for (; received < buckets.size(); ++received) buckets[received]->wait();
  statistics.exposed_seconds += now() - from;
  ++statistics.steps;
  if (!(total > 0) && !none_allowed)
    throw ValueError("overlapped: some rank must have samples; got none on all ranks");
  return total;
}

Tensor Overlapped::Exchange::mean(std::size_t parameter) const {
  const Place at = places[parameter];
  Tensor mean = buckets[at.bucket]->part(at.place, parameters[parameter].shape(), total / unit);
  if (mean.defined() && nodes[parameter] == nullptr) {
    throw ValueError("overlapped: a parameter must be frozen on all ranks or on none; " +
                     names[parameter] + " is on this one alone");
  }
  return mean;
}

/// A leaf that no rank sends would become another on each of them.
void Overlapped::Exchange::refuse(const Node& leaf) const {
  std::string name = leaf.label();
  if (name.empty()) name = std::string(to_string(leaf.dtype())) + to_string(leaf.shape());
  throw ValueError(
      "overlapped: leaves that the loss reaches must be parameters of the model, whose gradients "
      "are exchanged; " +
      name + " is none: freeze it, or set .allow_others, and it gets what this rank has of it");
}

void Overlapped::Exchange::finish(List<Node*>& leaves, List<Tensor>& gradients) {
  for (const Node* leaf : leaves)
    if (!others_allowed && !index.contains(leaf)) refuse(*leaf);
  if (does == Does::look) return;
  const bool sends = does == Does::send;
  if (sends) {
    send_all();
    receive();
  }
  std::vector<bool> seen(parameters.size(), false);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto own = index.find(leaves[i]);
    if (own == index.end()) continue;
    gradients[i] = sends ? mean(own->second) : Tensor();
    seen[own->second] = true;
  }
  for (std::size_t i = 0; sends && i < parameters.size(); ++i) {
    if (seen[i]) continue;
    if (Tensor others = mean(i); others.defined()) {
      leaves.push_back(nodes[i]);
      gradients.push_back(std::move(others));
    }
  }
}

}  // namespace xtape::dist
