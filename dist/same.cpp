#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>

#include <xtape/dist/link.hpp>
#include <xtape/dist/meeting.hpp>
#include <xtape/dist/same.hpp>
#include <xtape/dist/together.hpp>
#include <xtape/dist/world.hpp>

namespace xtape::dist::detail {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string difference(const std::vector<std::string>& first, const std::vector<std::string>& own,
                       int rank) {
  for (std::size_t i = 0; i < std::max(first.size(), own.size()); ++i) {
    const std::string there = i < first.size() ? first[i] : "nothing more",
                      here = i < own.size() ? own[i] : "nothing more";
    if (there != here) return there + " on rank 0 and " + here + " on rank " + std::to_string(rank);
  }
  return {};
}

}  // namespace

std::string first_difference(const World& world, const char* what,
                             const std::vector<std::string>& lines) {
  Link& link = world.link();
  if (link.size == 1) return {};
  const std::string text = joined(lines);
  if (meet(link, what, text).empty()) return {};

  // All ranks are here. Each compares itself with rank 0, and the lowest that differs tells.
  const std::string own = difference(split(world.broadcast(text)), lines, link.rank);
  int teller = own.empty() ? link.size : link.rank;
  exchange(link, "comparison", [&](MPI_Request* request) {
    return MPI_Iallreduce(MPI_IN_PLACE, &teller, 1, MPI_INT, MPI_MIN, link.communicator, request);
  });
  std::string told = own;
  std::uint64_t bytes = told.size();
  exchange(link, "comparison", [&](MPI_Request* request) {
    return MPI_Ibcast(&bytes, 1, MPI_UINT64_T, teller, link.communicator, request);
  });
  told.resize(bytes);
  exchange(link, "comparison", [&](MPI_Request* request) {
    return MPI_Ibcast(told.data(), static_cast<int>(bytes), MPI_CHAR, teller, link.communicator,
                      request);
  });
  return told;
}

}  // namespace xtape::dist::detail
