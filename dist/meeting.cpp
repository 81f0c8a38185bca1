#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/dist/ending.hpp>
#include <xtape/dist/meeting.hpp>

namespace xtape::dist::detail {
namespace {

std::string apart(const std::string& first, const std::string& other, std::size_t rank) {
  return first + " on rank 0 and " + other + " on rank " + std::to_string(rank);
}

}  // namespace

void Meeting::begin(Link& link, const char* what, std::string with, std::span<const double> own) {
  using namespace xtape::detail;
  link_ = &link;
  with_ = std::move(with);
  put_hash(values_, hash(hash(no_text, what), with_));
  const auto behind = std::ranges::copy(own, values_.begin() + hash_numbers).out;
  std::fill(behind, values_.end(), 0.0);
  exchange_ = next_exchange(link, what);
  check(MPI_Iallreduce(MPI_IN_PLACE, values_.data(), static_cast<int>(values_.size()), MPI_DOUBLE,
                       MPI_SUM, link.communicator, &request_),
        "MPI_Iallreduce");
}

std::string Meeting::end() {
  wait(*link_, exchange_, {&request_, 1});
  return xtape::detail::are_same(link_->size, values_) ? std::string() : difference();
}

/// All ranks are here, and see the same; backward may have sent more already. Long texts are cut.
std::string Meeting::difference() {
  constexpr std::size_t most = 512;
  std::string own = std::string(exchange_.what) + '\n' + with_;
  own.resize(most);
  const auto ranks = static_cast<std::size_t>(link_->size);
  std::string all(most * ranks, '\0');
  check(MPI_Allgather(own.data(), most, MPI_CHAR, all.data(), most, MPI_CHAR, link_->ending),
        "MPI_Allgather");
  std::vector<std::pair<std::string, std::string>> told;  // what, and with what
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::string_view own_part = std::string_view(all).substr(rank * most, most);
    const std::string text(own_part.substr(0, own_part.find('\0')));
    const std::size_t line = text.find('\n');
    told.emplace_back(text.substr(0, line), text.substr(line + 1));
  }
  for (std::size_t rank = 1; rank < ranks; ++rank) {
    if (told[rank].first == told[0].first) continue;
    const std::string why = "world: all ranks must exchange the same, in the same order; got " +
                            apart(told[0].first, told[rank].first, rank);
    for (const auto& [what, with] : told)
      if (what == in_backward) end_all(why);
    throw ValueError(why);
  }
  for (std::size_t rank = 1; rank < ranks; ++rank)
    if (told[rank].second != told[0].second) return apart(told[0].second, told[rank].second, rank);
  return "others behind " + told[0].second;
}

std::string meet(Link& link, const char* what, std::string with) {
  Meeting meeting;
  meeting.begin(link, what, std::move(with));
  return meeting.end();
}

}  // namespace xtape::dist::detail
