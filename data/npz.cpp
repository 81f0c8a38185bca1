#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include <minizip/unzip.h>
#include <minizip/zip.h>

#include <xtape/core/error.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>
#include <xtape/data/kernels/npy_format.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/output_file.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

constexpr std::string_view suffix = ".npy";
constexpr std::size_t ending = 22, longest_ending = ending + 0xffff;  // the last is a comment
constexpr std::size_t chunk = std::size_t{1} << 30;  // minizip counts in unsigned int

/// Whether a file is nothing but the record that ends an archive, with a comment or without.
bool is_empty_archive(std::string_view bytes) {
  constexpr std::string_view of_nothing("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ending - 2);
  if (bytes.size() < ending || !bytes.starts_with(of_nothing)) return false;
  const auto* length = reinterpret_cast<const std::byte*>(bytes.data()) + of_nothing.size();
  return bytes.size() - ending == kernels::decode<std::uint16_t>(length, std::endian::little);
}

/// An archive that is open for reading.
class Unzip {
 public:
  explicit Unzip(const std::string& path) : path_(path) {
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

  /// The names of the arrays, in the order of the archive.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Member& member : members_) names.push_back(member.name);
    return names;
  }

  Tensor read(std::size_t index) {
    const Member& member = members_[index];
    const std::string place = place_of(member.name + std::string(suffix));
    const auto check = [&](int status) {
      if (status < 0) throw IoError(place + ": the data are damaged");
      return static_cast<std::size_t>(status);
    };
    check(unzGoToFilePos64(zip_.get(), &member.position));
    check(unzOpenCurrentFile(zip_.get()));
    const auto read_bytes = [&](std::byte* bytes, std::size_t count) {
      std::size_t done = 0;
      while (done < count) {
        const auto want = static_cast<unsigned>(std::min(count - done, chunk));
        const std::size_t got = check(unzReadCurrentFile(zip_.get(), bytes + done, want));
        if (got == 0) break;
        done += got;
      }
      return done;
    };
    Tensor tensor = kernels::read_npy(read_bytes, place);
    // The checksum is compared only where as much came out as the directory says.
    if (unztell64(zip_.get()) != member.bytes) check(UNZ_BADZIPFILE);
    check(unzCloseCurrentFile(zip_.get()));
    return tensor;
  }

  [[noreturn]] void fail(const std::string& what) const { throw IoError(path_ + ": " + what); }

 private:
  struct Close {
    void operator()(unzFile file) const { unzClose(file); }
  };
  struct Member {
    std::string name;  // without the suffix
    unz64_file_pos position;
    ZPOS64_T bytes;
  };

  /// Fails as it should where there is no file to read.
  std::string first_bytes() const {
    InputFile file(path_);
    std::string bytes(longest_ending + 1, '\0');
    bytes.resize(file.read(reinterpret_cast<std::byte*>(bytes.data()), bytes.size()));
    return bytes;
  }

  std::string place_of(const std::string& member) const {
    return path_ + ": member " + quoted(member);
  }

  void list_members() {
    std::set<std::string> seen;
    int status = unzGoToFirstFile(zip_.get());
    for (; status == UNZ_OK; status = unzGoToNextFile(zip_.get())) {
      members_.push_back(current_member());
      const std::string& name = members_.back().name;
      if (!seen.insert(name).second) {
        throw IoError(place_of(name + std::string(suffix)) + ": is there twice");
      }
    }
    if (status != UNZ_END_OF_LIST_OF_FILE) fail("the directory of the archive is damaged");
  }

  Member current_member() {
    unz_file_info64 info{};
    Member member{};
    int status = unzGetCurrentFileInfo64(zip_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0);
    if (status == UNZ_OK) {
      member.name.resize(info.size_filename);
      status = unzGetCurrentFileInfo64(zip_.get(), &info, member.name.data(), info.size_filename,
                                       nullptr, 0, nullptr, 0);
    }
    if (status == UNZ_OK) status = unzGetFilePos64(zip_.get(), &member.position);
    if (status != UNZ_OK) fail("the directory of the archive is damaged");
    const std::string place = place_of(member.name);
    if (!member.name.ends_with(suffix)) throw IoError(place + ": must be a .npy file");
    if ((info.flag & 1U) != 0) throw IoError(place + ": is encrypted");
    if (info.compression_method != 0 && info.compression_method != Z_DEFLATED) {
      throw IoError(place + ": must be stored or deflated; got compression method " +
                    std::to_string(info.compression_method));
    }
    if (std::max(info.compressed_size, info.uncompressed_size) == 0xffffffff) {
      throw IoError(place + ": must be smaller than 4 GiB for this version of minizip");
    }
    member.name.resize(member.name.size() - suffix.size());
    member.bytes = info.uncompressed_size;
    return member;
  }

  std::string path_;
  std::unique_ptr<void, Close> zip_;
  std::vector<Member> members_;
};

/// An archive that is being written. minizip is C: what a callback throws is kept until it returns.
class Zip {
 public:
  explicit Zip(const std::string& path) : file_(path) {
    zlib_filefunc64_def functions{};
    functions.opaque = this;
    functions.zopen64_file = [](void* zip, const void*, int) { return zip; };
    functions.zread_file = [](void*, void*, void*, uLong) { return uLong{0}; };
    functions.zclose_file = [](void*, void*) { return 0; };
    functions.zerror_file = [](void* zip, void*) { return self(zip).error_ ? 1 : 0; };
    functions.zwrite_file = [](void* zip, void*, const void* bytes, uLong count) {
      const std::string_view text(static_cast<const char*>(bytes), count);
      return self(zip).guarded([&] { self(zip).file_.write(text); }) ? count : uLong{0};
    };
    functions.ztell64_file = [](void* zip, void*) {
      ZPOS64_T position = 0;
      self(zip).guarded([&] { position = static_cast<ZPOS64_T>(self(zip).file_.position()); });
      return position;
    };
    functions.zseek64_file = [](void* zip, void*, ZPOS64_T offset, int) {
      // Only from the start: minizip seeks otherwise only in archives that it adds to.
      const auto position = static_cast<std::int64_t>(offset);
      return self(zip).guarded([&] { self(zip).file_.seek(position); }) ? 0L : -1L;
    };
    zip_.reset(zipOpen2_64(path.c_str(), APPEND_STATUS_CREATE, nullptr, &functions));
    check(zip_ ? ZIP_OK : ZIP_INTERNALERROR);
  }

  void add(const std::string& name, const Tensor& tensor, const NpzOptions& options) {
    zip_fileinfo info{};
    info.dosDate = 0x00210000;  // 1 January 1980, the first that there is
    constexpr uLong made_by = 20, utf8_name = 1UL << 11;
    check(zipOpenNewFileInZip4_64(zip_.get(), name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                                  options.compress ? Z_DEFLATED : 0, Z_DEFAULT_COMPRESSION, 0,
                                  -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0,
                                  made_by, utf8_name, 0));
    kernels::write_npy(tensor, [&](std::string_view bytes) {
      while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, chunk);
        check(zipWriteInFileInZip(zip_.get(), part.data(), static_cast<unsigned>(part.size())));
        bytes.remove_prefix(part.size());
      }
    });
    check(zipCloseFileInZip(zip_.get()));
  }

  void commit() {
    check(zipClose(zip_.release(), nullptr));
    file_.commit();
  }

 private:
  struct Close {
    void operator()(zipFile file) const { zipClose(file, nullptr); }
  };

  static Zip& self(void* zip) { return *static_cast<Zip*>(zip); }

  /// Whether `f` could do its work, and those before it.
  template <class F>
  bool guarded(F&& f) noexcept {
    try {
      if (!error_) f();
    } catch (...) {
      error_ = std::current_exception();
    }
    return !error_;
  }

  void check(int status) const {
    if (error_) std::rethrow_exception(error_);
    if (status != ZIP_OK) file_.fail("cannot be written: zip error " + std::to_string(status));
  }

  OutputFile file_;
  std::exception_ptr error_;
  std::unique_ptr<void, Close> zip_;
};

void check(const std::string& path, const NamedTensors& tensors) {
  constexpr std::size_t longest = 65000;
  constexpr std::int64_t most = std::int64_t{1} << 32;
  std::set<std::string> seen;
  std::int64_t room = most;
  for (const auto& [name, tensor] : tensors) {
    if (name.size() > longest || name.find('\0') != name.npos) {
      throw ValueError(path + ": a name must have at most 65000 characters, none of them NUL");
    }
    if (!seen.insert(name).second) {
      throw ValueError(path + ": names must differ; got " + quoted(name) + " twice");
    }
    constexpr std::int64_t headers = 512;
    room -= headers + 2 * static_cast<std::int64_t>(name.size());
    const auto element_bytes = static_cast<std::int64_t>(size_of(tensor.dtype()));
    if (room < 0 || tensor.size() > room / element_bytes) {
      // minizip 1.1 writes larger ones, but reads nothing behind the first 4 GiB.
      throw ValueError(
          path + ": an archive takes arrays of less than 4 GiB in all; save_npy takes larger ones");
    }
    room -= tensor.size() * element_bytes;
  }
}

}  // namespace

NamedTensors load_npz(const std::string& path) {
  Unzip zip(path);
  NamedTensors tensors;
  for (const std::string& name : zip.names()) tensors.emplace_back(name, zip.read(tensors.size()));
  return tensors;
}

Tensor load_npz(const std::string& path, const std::string& name) {
  Unzip zip(path);
  const std::vector<std::string> names = zip.names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return zip.read(static_cast<std::size_t>(found - names.begin()));
  std::string known;
  for (const std::string& other : names) known += (known.empty() ? "" : ", ") + quoted(other);
  zip.fail("holds no array " + quoted(name) + "; it holds " + (known.empty() ? "none" : known));
}

void save_npz(const std::string& path, const NamedTensors& tensors, const NpzOptions& options) {
  check(path, tensors);
  NamedTensors values;
  for (const auto& [name, tensor] : tensors) values.emplace_back(name, tensor.detach());
  Zip zip(path);
  for (const auto& [name, value] : values) zip.add(name + std::string(suffix), value, options);
  zip.commit();
}

}  // namespace xtape::data
