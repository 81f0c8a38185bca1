#include <algorithm>
#include <cstddef>
#include <sstream>

#include <xtape/core/error.hpp>
#include <xtape/train/agreement.hpp>

namespace xtape::detail {
/// They travel as numbers.
std::vector<std::string> texts_of(const Ranks& ranks, const std::string& own) {
  const double length = static_cast<double>(own.size());
  const std::vector<double> lengths = ranks.gather({&length, 1});
  std::vector<std::string> texts(lengths.size());
  const auto longest = static_cast<std::size_t>(std::ranges::max(lengths));
  if (longest == 0) return texts;
  std::vector<double> letters;
  for (const char c : own) letters.push_back(static_cast<unsigned char>(c));
  letters.resize(longest);
  const std::vector<double> all = ranks.gather(letters);
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(lengths[rank]); ++i)
      texts[rank] += static_cast<char>(static_cast<unsigned char>(all[rank * longest + i]));
  }
  return texts;
}

void require_same(const std::string& what, const Ranks& ranks,
                  const std::vector<std::string>& lines) {
  std::string own;
  for (const std::string& line : lines) own += line + '\n';
  const std::vector<std::string> texts = texts_of(ranks, own);
  const auto other =
      std::ranges::find_if(texts, [&](const std::string& text) { return text != texts.front(); });
  if (other == texts.end()) return;
  std::istringstream here(*other), first(texts.front());
  std::string got, expected;
  do {
    if (!std::getline(first, expected)) expected = "nothing more";
    if (!std::getline(here, got)) got = "nothing more";
  } while (got == expected);
  throw ValueError(what + " must be the same on all ranks; got " + expected + " on rank 0 and " +
                   got + " on rank " + std::to_string(other - texts.begin()));
}

void throw_together(const Ranks& ranks, const std::string& complaint) {
  for (const std::string& text : texts_of(ranks, complaint))
    if (!text.empty()) throw ValueError(text);
}

}  // namespace xtape::detail
