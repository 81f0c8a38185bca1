#pragma once
#include <string>
#include <vector>

#include <xtape/train/ranks.hpp>

/// What ranks must agree on before they do something together.
namespace xtape::detail {

/// The texts of all ranks.
std::vector<std::string> texts_of(const Ranks& ranks, const std::string& own);

/// Throws ValueError on all ranks if a list of lines differs between them, naming the first
/// difference.
void require_same(const std::string& what, const Ranks& ranks,
                  const std::vector<std::string>& lines);

/// Throws ValueError on all ranks if one has a complaint: that of the first which has.
void throw_together(const Ranks& ranks, const std::string& complaint);

}  // namespace xtape::detail
