#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <set>

#include <minizip/unzip.h>
#include <sys/stat.h>

#include <xtape/core/error.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/unzip.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

constexpr std::size_t ending = 22, longest_ending = ending + 0xffff;  // the last is a comment
constexpr std::size_t chunk = std::size_t{1} << 30;  // minizip counts in unsigned int

/// Whether a file is nothing but the record that ends an archive, with a comment or without.
bool is_empty_archive(std::string_view bytes) {
  constexpr std::string_view of_nothing("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ending - 2);
  if (bytes.size() < ending || !bytes.starts_with(of_nothing)) return false;
  const auto* length = reinterpret_cast<const std::byte*>(bytes.data()) + of_nothing.size();
  return bytes.size() - ending == kernels::decode<std::uint16_t>(length, std::endian::little);
}

}  // namespace

void Unzip::Close::operator()(void* file) const { unzClose(file); }

Unzip::Unzip(const std::string& path) : path_(path) {
  const std::string front = first_bytes();
  if (is_empty_archive(front)) return;  // minizip refuses it
  zlib_filefunc64_def functions{};
  fill_fopen64_filefunc(&functions);
  // Otherwise minizip takes zeros for what lies behind the end of the file.
  functions.zerror_file = [](void*, void* stream) {
    auto* file = static_cast<std::FILE*>(stream);
    return std::ferror(file) != 0 || std::feof(file) != 0 ? 1 : 0;
  };
  zip_.reset(unzOpen2_64(path.c_str(), &functions));
  if (!zip_) {
    fail(front.starts_with("\x93NUM")
             ? "must be a zip archive; got a .npy file, which load_npy reads"
             : "must be a zip archive; it is none, or it is not whole");
  }
  list_members();
}

void Unzip::fail(const std::string& what) const { throw IoError(path_ + ": " + what); }

Tensor Unzip::read_array(const Member& member) {
  const std::string place = place_of(member);
  if (member.suffix != array_suffix) {
    throw IoError(place + ": must be a .npy file; got a text, which load_archive reads");
  }
  Tensor tensor;
  read(member, [&](const kernels::Read& read) { tensor = kernels::read_npy(read, place); });
  return tensor;
}

std::string Unzip::read_text(const Member& member) {
  std::string text;
  read(member, [&](const kernels::Read& read) {
    constexpr std::size_t block = 4096;  // memory grows with what is there
    for (std::size_t got = block, done = 0; got == block; done += got) {
      text.resize(done + block);
      got = read(reinterpret_cast<std::byte*>(text.data() + done), block);
      text.resize(done + got);
    }
  });
  return text;
}

Unzip::RawArray Unzip::read_layout(const Member& member) {
  const std::string place = place_of(member);
  open(member);
  // Before a byte is read: where those of a stored member are.
  const std::uint64_t data_place = unzGetCurrentFileZStreamPos64(zip_.get());
  std::size_t done = 0;
  const auto read = [&](std::byte* bytes, std::size_t count) {
    const std::size_t got = read_some(member, bytes, count);
    done += got;
    return got;
  };
  RawArray array{kernels::read_npy_layout(read, place), 0, {}};
  array.header_bytes = done;
  unzCloseCurrentFile(zip_.get());
  if (member.bytes - done != array.layout.bytes) {
    throw IoError(place + ": the header says " + array.layout.describe() + ", " +
                  std::to_string(array.layout.bytes) + " bytes; the member holds " +
                  std::to_string(member.bytes - done));
  }
  if (member.stored) array.place = data_place;
  return array;
}

std::vector<std::byte> Unzip::read_bytes(const Member& member) {
  std::vector<std::byte> bytes;
  read(member, [&](const kernels::Read& read) {
    bytes = kernels::read_claimed(read, place_of(member), "an array", member.bytes);
  });
  return bytes;
}

/// What minizip has returned, unless it is an error.
std::size_t Unzip::check(const Member& member, int status) const {
  if (status < 0) throw IoError(place_of(member) + ": the data are damaged");
  return static_cast<std::size_t>(status);
}

void Unzip::open(const Member& member) {
  const unz64_file_pos position{member.directory_place, member.number};
  check(member, unzGoToFilePos64(zip_.get(), &position));
  check(member, unzOpenCurrentFile(zip_.get()));
}

std::size_t Unzip::read_some(const Member& member, std::byte* bytes, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const auto want = static_cast<unsigned>(std::min(count - done, chunk));
    const std::size_t got = check(member, unzReadCurrentFile(zip_.get(), bytes + done, want));
    if (got == 0) break;
    done += got;
  }
  return done;
}

/// Lets `use` read the bytes of a member, all of them.
void Unzip::read(const Member& member, const std::function<void(const kernels::Read&)>& use) {
  open(member);
  use([&](std::byte* bytes, std::size_t count) { return read_some(member, bytes, count); });
  // The checksum is compared only where as much came out as the directory says.
  if (unztell64(zip_.get()) != member.bytes) check(member, UNZ_BADZIPFILE);
  check(member, unzCloseCurrentFile(zip_.get()));
}

/// Fails as it should where there is no file to read.
std::string Unzip::first_bytes() const {
  InputFile file(path_);
  std::string bytes(longest_ending + 1, '\0');
  bytes.resize(file.read(reinterpret_cast<std::byte*>(bytes.data()), bytes.size()));
  return bytes;
}

std::string Unzip::place_of(const std::string& member) const {
  return path_ + ": member " + quoted(member);
}

void Unzip::list_members() {
  std::set<std::string> seen;
  std::uint64_t packed = 0;
  int status = unzGoToFirstFile(zip_.get());
  for (; status == UNZ_OK; status = unzGoToNextFile(zip_.get())) {
    members_.push_back(current_member());
    const Member& member = members_.back();
    if (!seen.insert(member.name + std::string(member.suffix)).second)
      throw IoError(place_of(member) + ": is there twice");
    packed += member.packed_bytes;
  }
  if (status != UNZ_END_OF_LIST_OF_FILE) fail("the directory of the archive is damaged");
  // A few bytes could otherwise be any number of large members.
  struct stat whole {};
  if (::stat(path_.c_str(), &whole) != 0) fail("cannot be read");
  if (packed > static_cast<std::uint64_t>(whole.st_size)) {
    fail("members must lie side by side; they have " + std::to_string(packed) +
         " bytes, and the whole archive " + std::to_string(whole.st_size));
  }
}

Unzip::Member Unzip::current_member() {
  unz_file_info64 info{};
  unz64_file_pos position{};
  Member member{};
  int status = unzGetCurrentFileInfo64(zip_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0);
  if (status == UNZ_OK) {
    member.name.resize(info.size_filename);
    status = unzGetCurrentFileInfo64(zip_.get(), &info, member.name.data(), info.size_filename,
                                     nullptr, 0, nullptr, 0);
  }
  if (status == UNZ_OK) status = unzGetFilePos64(zip_.get(), &position);
  if (status != UNZ_OK) fail("the directory of the archive is damaged");
  const std::string place = place_of(member.name);
  for (const std::string_view suffix : {array_suffix, text_suffix}) {
    if (member.name.ends_with(suffix)) member.suffix = suffix;
  }
  if (member.suffix.empty()) throw IoError(place + ": must be a .npy file");
  if ((info.flag & 1U) != 0) throw IoError(place + ": is encrypted");
  if (info.compression_method != 0 && info.compression_method != Z_DEFLATED) {
    throw IoError(place + ": must be stored or deflated; got compression method " +
                  std::to_string(info.compression_method));
  }
  if (std::max(info.compressed_size, info.uncompressed_size) == 0xffffffff) {
    throw IoError(place + ": must be smaller than 4 GiB for this version of minizip");
  }
  member.name.resize(member.name.size() - member.suffix.size());
  member.directory_place = position.pos_in_zip_directory;
  member.number = position.num_of_file;
  member.bytes = info.uncompressed_size;
  member.packed_bytes = info.compressed_size;
  member.stored = info.compression_method == 0;
  return member;
}

}  // namespace xtape::data
