#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include <xtape/core/gradient_listener.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/dist/exchanged.hpp>
#include <xtape/dist/gradient_exchange.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::dist {

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
void Overlapped::hold(const std::string& why) const { world().hold(why); }
std::int64_t Overlapped::passes() const { return exchange_->passes; }
void Overlapped::forget() { exchange_->forget(); }

std::string Overlapped::missed(const NamedTensors& leaves) const {
  static_cast<void>(world().link());
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

double Overlapped::Exchange::backward(const Tensor& given, double samples, std::span<double> sums) {
  const Tensor loss = detail::checked_loss("overlapped", given, samples);
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
  total = samples + gathered;
  numbers->values.assign(sums.begin(), sums.end());
  if (awaits_others) meet(samples);
  if (loss.defined()) {
    const xtape::detail::Listening listening(*this);
    loss.backward();
  } else {
    send_all();
    receive();
    set_means();
  }
  std::ranges::copy(numbers->values, sums.begin());
  forget();
  failed = false;
  return total;
}

void Overlapped::Exchange::forget() {
  for (const auto& bucket : buckets) bucket->clear();
  gathered = 0;
  if (!awaits_others) failed = false;  // nobody has gone on without this rank
}

void Overlapped::accumulate(const Tensor& given, double samples) {
  const Tensor loss = detail::checked_loss("overlapped", given, samples);
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
