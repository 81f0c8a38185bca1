#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/gather.hpp>
#include <xtape/ops/replay/loops.hpp>

namespace xtape::detail {

std::int32_t Loops::address_of(const Tensor* tensor, bool spread) {
  const auto number = static_cast<std::int32_t>(tensors_.size());
  const auto [known, is_new] = known_.try_emplace({tensor, spread}, number);
  if (!is_new) return known->second;
  if (spread) splats_.emplace_back();
  tensors_.push_back({tensor, spread ? static_cast<std::int32_t>(splats_.size()) - 1 : -1, {}});
  return number;
}

std::int32_t Loops::add(BlockFunction function, const std::vector<Operand>& x, const Tensor* y) {
  Loop loop{function, static_cast<std::uint32_t>(x.size()), {}, {}};
  for (std::size_t k = 0; k < x.size(); ++k) {
    Place& place = loop.x[k];
    if (x[k].loop >= 0) {
      place.loop = x[k].loop;
      continue;
    }
    const bool spread = n_ > 1 && x[k].one;
    place.address = address_of(x[k].tensor, spread);
    place.step = spread ? 0 : 1;
  }
  if (y != nullptr) loop.y.address = address_of(y, false);
  loops_.push_back(loop);
  return static_cast<std::int32_t>(loops_.size()) - 1;
}

void Loops::plan() {
  std::vector<std::size_t> last_use(loops_.size(), 0);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    for (const Place& place : loops_[i].x)
      if (place.loop >= 0) last_use[static_cast<std::size_t>(place.loop)] = i;
  }
  std::vector<std::int32_t> free;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    Loop& loop = loops_[i];
    for (Place& place : loop.x)
      if (place.loop >= 0) place.block = loops_[static_cast<std::size_t>(place.loop)].y.block;
    if (loop.y.address < 0) {
      if (free.empty()) free.push_back(blocks_++);
      loop.y.block = free.back();
      free.pop_back();
    }
    for (std::size_t k = 0; k < loop.count; ++k) {  // after the result has its own
      const Place& place = loop.x[k];
      const bool twice = std::any_of(loop.x.begin(), loop.x.begin() + k,
                                     [&](const Place& other) { return other.loop == place.loop; });
      if (place.loop >= 0 && !twice && last_use[static_cast<std::size_t>(place.loop)] == i)
        free.push_back(place.block);
    }
  }
  addresses_.resize(tensors_.size(), nullptr);
  known_.clear();
  if (is_one_block()) make_ready();
}

void Loops::find_addresses() {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const Body& body = tensors_[i].tensor->body();
    std::byte* address = body.data;
    if (tensors_[i].splat >= 0) {
      auto& bytes = splats_[static_cast<std::size_t>(tensors_[i].splat)].bytes;
      kernels::gather_kernels().run(bytes, dtype_, body.data, body.dtype, 0,
                                    static_cast<std::int64_t>(sizeof(bytes) / size_of(dtype_)));
      address = bytes;
    }
    if (addresses_[i] == address) continue;
    addresses_[i] = address;
    for (const Use& use : tensors_[i].uses) {
      Ready& loop = ready_[use.loop];
      (use.operand < 0 ? loop.y : loop.x[static_cast<std::size_t>(use.operand)]) = address;
    }
  }
}

std::int64_t Loops::bytes_of_block(std::int64_t elements) const {
  const std::int64_t bytes = elements * static_cast<std::int64_t>(size_of(dtype_));
  return std::max<std::int64_t>(64, (bytes + 63) / 64 * 64);
}

void Loops::make_ready() {
  const std::int64_t bytes = bytes_of_block(n_);
  scratch_ = Storage::allocate(static_cast<std::size_t>(bytes * blocks_));
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const Loop& loop = loops_[i];
    ready_.push_back({loop.function, nullptr, {}, {}});
    Ready& ready = ready_.back();
    const auto place = [&](const Place& of, int operand) -> std::byte* {
      if (of.block >= 0) return scratch_->data() + of.block * bytes;
      tensors_[static_cast<std::size_t>(of.address)].uses.push_back({i, operand});
      return nullptr;  // as long as the tensor has not been looked for
    };
    ready.y = place(loop.y, -1);
    for (std::size_t k = 0; k < loop.count; ++k) {
      ready.x[k] = place(loop.x[k], static_cast<int>(k));
      ready.step[k] = loop.x[k].step;
    }
  }
}

void Loops::run_part(std::int64_t first, std::int64_t last) const {
  const auto element = static_cast<std::int64_t>(size_of(dtype_));
  const std::int64_t block = std::min(last - first, block_elements());
  const std::int64_t bytes = bytes_of_block(block);
  const Ref<Storage> scratch = Storage::allocate(static_cast<std::size_t>(bytes * blocks_));
  const auto at = [&](const Place& place, std::int64_t from) {
    if (place.block >= 0) return scratch->data() + place.block * bytes;
    return addresses_[static_cast<std::size_t>(place.address)] + from * place.step * element;
  };
  for (std::int64_t from = first; from < last; from += block) {
    const std::int64_t n = std::min(block, last - from);
    for (const Loop& loop : loops_) {
      std::array<const std::byte*, most_operands> x;
      std::array<std::int64_t, most_operands> step;
      for (std::size_t k = 0; k < loop.count; ++k) {
        x[k] = at(loop.x[k], from);
        step[k] = loop.x[k].step;
      }
      loop.function(at(loop.y, from), x.data(), step.data(), n);
    }
  }
}

void Loops::run() {
  find_addresses();
  if (is_one_block()) {
    for (const Ready& loop : ready_) loop.function(loop.y, loop.x.data(), loop.step.data(), n_);
  } else {
    parallel_for(n_, block_elements(),
                 [this](std::int64_t first, std::int64_t last) { run_part(first, last); });
  }
}

}  // namespace xtape::detail
