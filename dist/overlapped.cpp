#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/core/gradient_listener.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/dist/bucket.hpp>
#include <xtape/dist/exchanged.hpp>
#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/same.hpp>
#include <xtape/dist/together.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::dist {
namespace {

using xtape::detail::GradientListener;

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

/// What hears of backward: it fills the buckets, and sends them in their order, which is the same
/// on all ranks.
struct Overlapped::Exchange final : GradientListener {
  struct Place {
    std::size_t bucket, place;
  };

  Exchange(const nn::Module& model, const World& of, const OverlappedOptions& options);
  ~Exchange() override;

  double now() const;
  double backward(const Tensor& loss, double samples, std::span<double> sums);
  void forget();
  void begin(double samples);
  void send(std::size_t bucket);
  void send_all();
  double receive();
  Tensor mean(std::size_t parameter) const;
  [[noreturn]] void refuse(const Node& leaf) const;

  bool wants(const Node& leaf) const override {
    return does != Does::look && index.contains(&leaf);
  }
  void complete(const Node& leaf, const Tensor& gradient) override;
  void rule_done() override;
  void finish(List<Node*>& leaves, List<Tensor>& gradients) override;
  void set_means();

  /// What is summed beside the gradients; MPI writes to it while it is under way.
  struct Numbers {
    std::vector<double> values;  // samples, and what else
    MPI_Request request = MPI_REQUEST_NULL;
    detail::Exchange exchange;
  };

  const World& world;
  const bool awaits_others = world.size() > 1;
  const bool others_allowed;
  std::vector<Tensor> parameters;
  std::vector<std::string> names;
  std::unordered_map<const Node*, std::size_t> index;  // of the leaves that collect now
  std::vector<Node*> nodes;
  std::vector<Place> places;
  std::vector<std::unique_ptr<detail::Bucket>> buckets;

  // Of a pass.
  enum class Does {
    gather,  // gradients stay here
    send,
    look  // at the leaves alone: there is nobody to exchange with
  } does = Does::gather;
  bool failed = false;  // it ended by an exception: what is under way is of no use
  double weight = 0, gathered = 0;
  std::vector<std::size_t> missing;    // gradients, of each bucket
  std::size_t sent = 0, received = 0;  // buckets
  bool none_allowed = false;           // no rank needs samples
  std::unique_ptr<Numbers> numbers = std::make_unique<Numbers>();
  double began = 0;
  std::int64_t passes = 0;
  ExchangeStatistics statistics;
};

Overlapped::Exchange::Exchange(const nn::Module& model, const World& of,
                               const OverlappedOptions& options)
    : world(of), others_allowed(options.allow_others) {
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
  buckets[at.bucket]->add(at.place, gradient, weight);
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

void Overlapped::Exchange::send_all() {
  const double sent_at = now();
  statistics.backward_seconds += sent_at - began;
  for (; sent < buckets.size(); ++sent) send(sent);
}

/// Samples of all ranks, when all gradients are there.
double Overlapped::Exchange::receive() {
  const double from = now();
  if (world.link().size > 1) detail::wait(world.link(), numbers->exchange, {&numbers->request, 1});
  for (; received < buckets.size(); ++received) buckets[received]->wait();
  statistics.exposed_seconds += now() - from;
  ++statistics.steps;
  if (!(numbers->values.front() > 0) && !none_allowed)
    throw ValueError("overlapped: some rank must have samples; got none on all ranks");
  return numbers->values.front();
}

Tensor Overlapped::Exchange::mean(std::size_t parameter) const {
  const Place at = places[parameter];
  Tensor mean =
      buckets[at.bucket]->part(at.place, parameters[parameter].shape(), numbers->values.front());
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

/// Of a rank without a loss.
void Overlapped::Exchange::set_means() {
  const NoGradGuard off;
  std::vector<Tensor> leaves, gradients;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor part = mean(i);
    if (!part.defined()) continue;
    const Tensor before = parameters[i].grad();
    leaves.push_back(parameters[i]);
    gradients.push_back(before.defined() ? before + part : part);
  }
  xtape::detail::set_gradients(leaves, gradients);
}

Overlapped::Overlapped(const nn::Module& model, const World& world,
                       const OverlappedOptions& options)
    : exchange_(std::make_unique<Exchange>(model, world, options)) {}
Overlapped::~Overlapped() = default;

const World& Overlapped::world() const { return exchange_->world; }
int Overlapped::rank() const { return world().rank(); }
int Overlapped::size() const { return world().size(); }
std::vector<double> Overlapped::gather(std::span<const double> own) const {
  return world().gather(own);
}
void Overlapped::sum(std::span<double> numbers) const { world().sum(numbers); }
std::string Overlapped::broadcast(const std::string& text) const { return world().broadcast(text); }
NamedTensors Overlapped::broadcast(const NamedTensors& state) const {
  return world().broadcast(state);
}
std::int64_t Overlapped::passes() const { return exchange_->passes; }
void Overlapped::forget() { exchange_->forget(); }

std::string Overlapped::missed(const NamedTensors& leaves) const {
  std::unordered_set<const Node*> own;
  for (const Tensor& parameter : exchange_->parameters) own.insert(parameter.node());
  own.insert(nullptr);  // it is frozen
  const auto stranger = [&](const auto& named) { return !own.contains(named.second.node()); };
  const auto found = std::ranges::find_if(leaves, stranger);
  return found != leaves.end() ? found->first : std::string();
}

ExchangeStatistics Overlapped::statistics() const { return exchange_->statistics; }

double Overlapped::backward(const Tensor& loss, double samples) {
  exchange_->none_allowed = false;
  return exchange_->backward(loss, samples, {});
}

double Overlapped::backward(const Tensor& loss, double samples, std::span<double> sums) {
  exchange_->none_allowed = true;
  return exchange_->backward(loss, samples, sums);
}

double Overlapped::Exchange::backward(const Tensor& loss, double samples, std::span<double> sums) {
  detail::check_samples("overlapped", loss, samples);
  detail::Link& link = world.link();
  if (link.size == 1 && gathered == 0 && !failed && loss.defined()) {
    begin(samples);
    does = Does::look;
    const xtape::detail::Listening listening(*this);
    loss.backward();
    return samples;
  }
  begin(samples);
  failed = true;
  does = Does::send;
  std::vector<double>& values = numbers->values;
  values.assign(1, samples + gathered);
  values.insert(values.end(), sums.begin(), sums.end());
  if (link.size > 1) {
    numbers->exchange = detail::next_exchange(link, "backward");
    detail::check(MPI_Iallreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()),
                                 MPI_DOUBLE, MPI_SUM, link.communicator, &numbers->request),
                  "MPI_Iallreduce");
  }
  if (loss.defined()) {
    const xtape::detail::Listening listening(*this);
    loss.backward();
  } else {
    send_all();
    receive();
    set_means();
  }
  std::copy(values.begin() + 1, values.end(), sums.begin());
  forget();
  failed = false;
  return values.front();
}

void Overlapped::Exchange::forget() {
  for (const auto& bucket : buckets) bucket->clear();
  gathered = 0;
  if (!awaits_others) failed = false;  // nobody has gone on without this rank
}

void Overlapped::accumulate(const Tensor& loss, double samples) {
  detail::check_samples("overlapped", loss, samples);
  if (!loss.defined()) return;
  Exchange& own = *exchange_;
  own.begin(samples);
  own.failed = true;
  own.does = Exchange::Does::gather;
  const xtape::detail::Listening listening(own);
  loss.backward();
  own.gathered += samples;
  own.failed = false;
}

}  // namespace xtape::dist
