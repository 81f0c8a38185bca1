#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>
#include <xtape/data/kernels/npy_format.hpp>

namespace xtape::data {

constexpr std::string_view array_suffix = ".npy", text_suffix = ".txt";

/// An .npz archive that is open for reading. Throws IoError, naming the file and the member.
class Unzip {
 public:
  struct Member {
    std::string name;  // without the suffix
    std::string_view suffix;
    std::uint64_t directory_place, number;  // as minizip has them
    std::uint64_t bytes, packed_bytes;
    bool stored;  // not deflated
  };
  /// An array as it lies in a member.
  struct RawArray {
    kernels::NpyLayout layout;
    std::size_t header_bytes;
    std::optional<std::size_t> place;  // of the member in the file, if it is stored
  };

  explicit Unzip(const std::string& path);

  /// In the order of the archive.
  const std::vector<Member>& members() const { return members_; }

  Tensor read_array(const Member& member);
  std::string read_text(const Member& member);
  /// The header alone, of an array that is as large as it says.
  RawArray read_layout(const Member& member);
  /// All bytes of a member, unpacked.
  std::vector<std::byte> read_bytes(const Member& member);

  std::string place_of(const Member& member) const {
    return place_of(member.name + std::string(member.suffix));
  }
  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Close {
    void operator()(void* file) const;
  };

  std::string place_of(const std::string& member) const;
  std::string first_bytes() const;
  std::size_t check(const Member& member, int status) const;
  void open(const Member& member);
  std::size_t read_some(const Member& member, std::byte* bytes, std::size_t count);
  void read(const Member& member, const std::function<void(const kernels::Read&)>& use);
  void list_members();
  Member current_member();

  std::string path_;
  std::unique_ptr<void, Close> zip_;
  std::vector<Member> members_;
};

}  // namespace xtape::data
