#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <xtape/core/gradient_listener.hpp>
#include <xtape/core/node.hpp>
#include <xtape/dist/bucket.hpp>
#include <xtape/dist/meeting.hpp>
#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/world.hpp>

namespace xtape::dist {

/// What hears of backward: it fills the buckets, and sends them in their order, which is the same
/// on all ranks.
struct Overlapped::Exchange final : xtape::detail::GradientListener {
  struct Place {
    std::size_t bucket, place;
  };

  Exchange(const nn::Module& model, const World& of, const OverlappedOptions& options);
  ~Exchange() override;

  double now() const;
  void meet(double samples);
  void compare();
  void end_meeting();
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

  /// What is summed before the gradients; MPI writes to it while it is under way.
  struct Numbers {
    detail::Meeting meeting;     // with the samples
    std::vector<double> values;  // what else
    MPI_Request request = MPI_REQUEST_NULL;
    detail::Exchange exchange;
  };

  const World& world;
  const bool awaits_others = world.size() > 1;
  const std::int64_t number;  // of those that were made of the world
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
  double total = 0;                    // samples of all ranks
  std::vector<std::size_t> missing;    // gradients, of each bucket
  std::size_t sent = 0, received = 0;  // buckets
  bool none_allowed = false;           // no rank needs samples
  std::unique_ptr<Numbers> numbers = std::make_unique<Numbers>();
  double began = 0;
  std::int64_t passes = 0;
  /// Gradients travel as their sums over samples, in this unit: a power of two near to the samples
  /// of all ranks in the first pass, so that means that a dtype has do not overflow on the way.
  double unit = 1;
  bool compared = false;  // the parameters with those of other ranks
  ExchangeStatistics statistics;
};

}  // namespace xtape::dist
