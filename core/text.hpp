#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// Rows of texts in columns as wide as their widest; those named are numbers, to the right.
std::string table(const std::vector<std::vector<std::string>>& rows,
                  std::initializer_list<std::size_t> numbers);

/// A text in double quotes.
std::string quoted(const std::string& text);

}  // namespace xtape::detail

XTAPE_EXPORT_END
