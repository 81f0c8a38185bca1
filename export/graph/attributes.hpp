#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xtape::exporting {

/// An integer that may grow with the batch: each * batch + more.
struct Extent {
  std::int64_t each = 0, more = 0;

  bool fixed() const { return each == 0; }
  std::int64_t at(std::int64_t batch) const { return each * batch + more; }
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// The extent that has these values for these batches, if there is one.
std::optional<Extent> fitted(std::span<const std::int64_t> values,
                             std::span<const std::int64_t> batches);

/// What a slice takes of an axis, as `Region::text` of ops/slice.cpp writes it.
struct Part {
  bool whole = false, single = false;
  Extent start{};
  std::optional<Extent> stop{};  // none: to the end, in the direction of the step
  std::int64_t step = 1;
};

/// The attributes of a step, as the text that `AttributeText` makes of them: one of each recording.
/// Throws ValueError, naming the operation, for an attribute that is not there, or depends on the
/// batch otherwise than an Extent can say.
class Attributes {
 public:
  Attributes(std::string operation, const std::vector<std::string>& texts,
             std::vector<std::int64_t> batches);

  bool has(const std::string& name) const { return find(name) != nullptr; }
  const std::string& text(const std::string& name) const;
  bool flag(const std::string& name) const { return text(name) == "true"; }
  double number(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  /// "[0, 2]", the same for each batch.
  std::vector<std::int64_t> integers(const std::string& name) const;
  std::vector<Part> parts(const std::string& name) const;

 private:
  using Texts = std::vector<std::string>;
  const Texts* find(const std::string& name) const;
  const Texts& all(const std::string& name) const;
  Extent extent(const std::string& name, const Texts& numbers) const;
  Part part(const std::string& name, const std::vector<Texts>& items, std::size_t axis) const;
  [[noreturn]] void refuse(const std::string& name) const;

  std::string operation_;
  std::vector<std::int64_t> batches_;
  std::vector<std::pair<std::string, Texts>> entries_;
};

}  // namespace xtape::exporting
