#pragma once
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/report/picture.hpp>

/// Pictures as they should be: files that have been looked at. After a change that is meant, the
/// tests write them anew with XTAPE_WRITE_GOLDEN=1, and somebody looks at them again.
namespace golden {

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Without the bytes of images, which depend on the version of zlib.
inline std::string without_images(std::string svg) {
  const std::string begin = "data:image/png;base64,";
  for (std::size_t at = svg.find(begin); at != std::string::npos; at = svg.find(begin, at)) {
    at += begin.size();
    svg.erase(at, svg.find('"', at) - at);
  }
  return svg;
}

/// Whether elements are closed in order, attributes quoted and marks of XML escaped.
inline bool well_formed(std::string_view xml) {
  std::vector<std::string> open;
  const auto plain = [](std::string_view text) {
    for (std::size_t i = text.find('&'); i != text.npos; i = text.find('&', i + 1)) {
      bool known = false;
      for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;"})
        known = known || text.substr(i).starts_with(entity);
      if (!known) return false;
    }
    return text.find_first_of("<>") == text.npos;
  };
  while (!xml.empty()) {
    const std::size_t tag = xml.find('<');
    if (!plain(xml.substr(0, tag))) return false;
    if (tag == xml.npos) break;
    xml.remove_prefix(tag + 1);
    const std::size_t end = xml.find('>');
    if (end == xml.npos) return false;
    std::string_view inside = xml.substr(0, end);
    xml.remove_prefix(end + 1);
    if (inside.starts_with('/')) {
      if (open.empty() || open.back() != inside.substr(1)) return false;
      open.pop_back();
      continue;
    }
    const bool closed = inside.ends_with('/');
    if (closed) inside.remove_suffix(1);
    const std::string_view name = inside.substr(0, inside.find(' '));
    inside.remove_prefix(name.size());
    while (!inside.empty()) {
      const std::size_t equals = inside.find("=\"");
      if (inside[0] != ' ' || equals == inside.npos) return false;
      inside.remove_prefix(equals + 2);
      const std::size_t quote = inside.find('"');
      if (quote == inside.npos || !plain(inside.substr(0, quote))) return false;
      inside.remove_prefix(quote + 1);
    }
    if (!closed) open.emplace_back(name);
  }
  return open.empty();
}

/// The picture is that of tests/report/golden/NAME.svg.
inline void check(const std::string& name, const xtape::report::Picture& picture) {
  CAPTURE(name);
  const std::string path = std::string(XTAPE_GOLDEN) + "/" + name + ".svg";
  CHECK(well_formed(picture.svg()));
  if (std::getenv("XTAPE_WRITE_GOLDEN") != nullptr) picture.save(path);
  const std::string expected = without_images(contents(path));
  const std::string drawn = without_images(picture.svg());
  CHECK(!expected.empty());
  if (expected == drawn) return;
  std::istringstream was(expected), is(drawn);
  std::string left, right;
  while (left == right && (was || is)) {
    std::getline(was, left);
    std::getline(is, right);
  }
  CHECK(right == left);  // the first line that differs
  CHECK((drawn == expected));
}

}  // namespace golden
